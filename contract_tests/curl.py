"""Steps as lines for a shell: curl for what was asked, a comment for what happened beside it."""

from __future__ import annotations

import shlex
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from urllib.parse import quote

import httpx

from contract_tests.trail import Beside, Did, Sent, Spoken, Step, Together

#: Where a request keeps the headers that it was given, as opposed to those that httpx added.
GIVEN = "given"
Redact = Callable[[str], str]


def lines(steps: Sequence[Step], redact: Redact) -> list[str]:
    """The lines of these steps, repeated ones folded, secrets replaced by shell variables."""
    return list(_folded_all(line for step in steps for line in _lines(step, redact)))


def _lines(step: Step, redact: Redact) -> list[str]:
    if isinstance(step, Sent):
        return [command(step.request, redact)]
    if isinstance(step, Together):
        commands = _folded_all(command(exchange.request, redact) for exchange in step.exchanges)
        return [" ".join([*map(_behind, commands), "wait"])]
    if isinstance(step, Spoken):
        # Its answer stands nowhere else; the line may get another one, for it signs in anew.
        where = "answered" if step.act == "sign in" else "answered, in the session above"
        return [spoken(step, redact), f"# {where}: {redact(step.words or 'nothing')}"]
    if isinstance(step, Beside):
        again = _folded(command(step.exchanges[0].request, redact), len(step.exchanges))[0]
        return [f"{_behind(again)} # and meanwhile:", *lines(step.meanwhile, redact), "wait"]
    return [f"# {redact(step.says)}"] if isinstance(step, Did) and step.says else []


def command(request: httpx.Request, redact: Redact) -> str:
    """The request as a command."""
    given: Mapping[str, str] = request.extensions[GIVEN]
    words, before = ["curl", "-i"], ""
    if request.method == "HEAD":
        words.append("-I")
    elif request.method != "GET":
        words += ["-X", request.method]
    for name, value in given.items():
        signed = signed_in(value) if name.lower() == "authorization" else None
        words += ["-u", _quoted(signed, redact)] if signed else ["-H", _quoted(f"{name}: {value}", redact)]
    if request.content:
        if "content-type" in request.headers and "content-type" not in {name.lower() for name in given}:
            words += ["-H", shlex.quote(f"Content-Type: {request.headers['content-type']}")]
        text = readable(request.content)
        if text is None:
            before = f"echo {b64encode(request.content).decode()} | base64 -d | "
        words += ["--data-binary", "@-" if text is None else _quoted(text[:2000], redact)]
    return before + " ".join([*words, _quoted(str(request.url), redact)])


def signed_in(authorization: str) -> str | None:
    """Name and password that a header of HTTP's basic authentication holds, with a colon between; None where it is none."""
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(coded, validate=True).decode()
    except ValueError:
        return None


def spoken(step: Spoken, redact: Redact) -> str:
    """What was asked over FTP or SFTP, as a command. It signs in anew: in a session that is open, only a client of one's own
    can go on.
    """
    scheme = step.url.partition(":")[0]
    words = ["curl"]
    if "/." in step.path:
        words.append("--path-as-is")
    if scheme == "sftp":
        # The server's key is compared by whoever pastes the line.
        words.append("-k")
    words += ["-u", _quoted(f"{step.login}:{step.password}", redact)]
    before, path = "", quote(step.path)
    if step.act == "write":
        before = _piped(step.content, redact)
        words += ["-T", "-"]
    elif step.act in _COMMANDS:
        words += ["-Q", _quoted(f"{_COMMANDS[step.act][scheme]} {step.path}", redact)]
        path = "/"
    elif step.act == "list":
        path = f"{path.rstrip('/')}/"
    return before + " ".join([*words, _quoted(f"{step.url.rstrip('/')}{path or '/'}", redact)])


def _piped(content: bytes, redact: Redact) -> str:
    """What hands these bytes to the command behind it."""
    text = readable(content)
    if text is None:
        return f"echo {b64encode(content).decode()} | base64 -d | "
    return f"printf %s {_quoted(text, redact)} | "


#: What curl has no option for, in the words of each protocol.
_COMMANDS: Mapping[str, Mapping[str, str]] = {
    "remove": {"ftp": "DELE", "sftp": "rm"},
    "make folder": {"ftp": "MKD", "sftp": "mkdir"},
}


def readable(content: bytes) -> str | None:
    """The content as text; None where it is not text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or not set(map(ord, text)) & _CONTROLS else None


#: Characters that no text holds: controls but tab, line feed and carriage return.
_CONTROLS = {*range(32), 127} - {9, 10, 13}


def _quoted(text: str, redact: Redact) -> str:
    """Quoted for a shell; with double quotes where a variable has to be expanded."""
    hidden = redact(text)
    if hidden == text:
        return shlex.quote(text)
    escaped = hidden.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
    return f'"{escaped}"'


def _folded_all(lines: Iterable[str]) -> Iterator[str]:
    for line, same in groupby(lines):
        yield from _folded(line, sum(1 for _ in same))


def _behind(command: str) -> str:
    """The command, or each round of a loop, in the background; more can follow on the same line."""
    return f"{command.removesuffix('; done')} & done;" if command.startswith("for ") else f"{command} &"


def _folded(line: str, times: int) -> list[str]:
    if line.startswith("#") or times == 1:
        return [line] * times
    return [f"for i in $(seq {times}); do {line}; done"]
