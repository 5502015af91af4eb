"""Sends requests and remembers them as curl lines, secrets replaced by shell variables."""

from __future__ import annotations

import shlex
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from random import Random, SystemRandom
from typing import Any

import httpx

from contract_tests.crowd import AFTER, AMID, BEFORE, LANES, Exchange, Happening, at_once, during

#: Where a request keeps the headers that it was given, as opposed to those that httpx added.
_GIVEN = "given"


class Unreachable(Exception):
    """Nothing answers where the target should be."""


@cache
def trusted() -> ssl.SSLContext:
    """Which certificates are trusted: read once, for that takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


class Client:
    """One connection pool for the whole run. Never follows redirects: a redirect is an answer to be judged."""

    def __init__(self, *, timeout: float = 10.0, seed: int | None = None) -> None:
        #: Makes names that must not have been used before: repeatable from the seed, unique without one.
        self.random = SystemRandom() if seed is None else Random(seed)  # noqa: S311 - names are no secrets
        self._timeout = timeout
        self._http = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, verify=trusted())
        self._secrets: dict[str, str] = {}
        self._sent: list[str] = []
        self.total = 0  #: Requests sent so far.
        self.passed = 0.0  #: Seconds that were let pass on the target so far.

    def close(self) -> None:
        self._http.close()

    def hide(self, secret: str, name: str) -> None:
        """From now on this secret is written as $NAME in whatever is printed."""
        self._secrets[secret] = name

    def redact(self, text: str) -> str:
        """The text with every known secret replaced by the shell variable that stands for it."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, f"${self._secrets[secret]}")
        return text

    def cite(self, request: httpx.Request) -> None:
        """Writes the request down, whose answer is known from before."""
        self._sent.append(self._curl(request))

    def send(self, request: httpx.Request) -> httpx.Response:
        """The response, its body read. Raises Unreachable where there is none."""
        self._sent.append(self._curl(request))
        self.total += 1
        try:
            return self._http.send(request)
        except httpx.TransportError as problem:
            raise Unreachable(f"{request.url.copy_with(query=None)}: {problem}") from None

    def prepare(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
    ) -> httpx.Request:
        """A request, to be sent once or more."""
        given = dict(headers or {})
        request = self._http.build_request(
            method, url, headers=given, params=query, json=json, content=content, extensions={_GIVEN: given}
        )
        # What httpx adds of itself says nothing about the rule.
        for name in ("accept-encoding", "user-agent"):
            if name not in {name.lower() for name in given}:
                del request.headers[name]
        return request

    def send_at_once(self, requests: Sequence[httpx.Request]) -> list[Exchange]:
        """The exchanges of these requests, each on a connection of its own. Raises Unreachable where none is answered."""
        self._sent.append(" ".join([*map(_behind, _folded_all(map(self._curl, requests))), "wait"]))
        self.total += len(requests)
        exchanges = at_once(requests, timeout=self._timeout)
        if not any(exchange.response for exchange in exchanges):
            raise Unreachable(
                f"{requests[0].url.copy_with(query=None)}: none of {len(requests)} connections was answered"
            )
        return exchanges

    def send_during(self, request: httpx.Request, action: Callable[[], object]) -> Happening:
        """The exchanges of this request, sent again and again while the action takes place."""
        times = LANES * (BEFORE + AMID + AFTER)
        self._sent.append(" ".join([_behind(_folded(self._curl(request), times)[0]), "# and meanwhile:"]))
        self.total += times
        happening = during(request, action, timeout=self._timeout)
        self._sent.append("wait")
        return happening

    def note(self, text: str) -> None:
        """Writes down, as a comment between the curl lines, what happened beside the requests."""
        self._sent.append(f"# {self.redact(text)}")

    def take_sent(self) -> list[str]:
        """The lines since the last call, repeated requests folded."""
        sent, self._sent = self._sent, []
        return list(_folded_all(sent))

    def sent_since(self, count: int) -> list[str]:
        """The lines after the first `count` since the last `take_sent`."""
        return self._sent[count:]

    def put_back(self, lines: Iterable[str]) -> None:
        """From now on these are the lines since the last `take_sent`."""
        self._sent = list(lines)

    @property
    def sent(self) -> int:
        """How many lines since the last `take_sent`."""
        return len(self._sent)

    def _curl(self, request: httpx.Request) -> str:
        given: Mapping[str, str] = request.extensions[_GIVEN]
        words, before = ["curl", "-i"], ""
        if request.method == "HEAD":
            words.append("-I")
        elif request.method != "GET":
            words += ["-X", request.method]
        for name, value in given.items():
            words += ["-H", self._quoted(f"{name}: {value}")]
        if request.content:
            if "content-type" in request.headers and "content-type" not in {name.lower() for name in given}:
                words += ["-H", shlex.quote(f"Content-Type: {request.headers['content-type']}")]
            text = readable(request.content)
            if text is None:
                before = f"echo {b64encode(request.content).decode()} | base64 -d | "
            words += ["--data-binary", "@-" if text is None else self._quoted(text[:2000])]
        return before + " ".join([*words, self._quoted(str(request.url))])

    def _quoted(self, text: str) -> str:
        """Quoted for a shell; with double quotes where a variable has to be expanded."""
        hidden = self.redact(text)
        if hidden == text:
            return shlex.quote(text)
        escaped = hidden.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
        return f'"{escaped}"'


def readable(content: bytes) -> str | None:
    """The content as text; None where it is not text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or not set(map(ord, text)) & _CONTROLS else None


#: Characters that no text holds: controls but tab, line feed and carriage return.
_CONTROLS = {*range(32), 127} - {9, 10, 13}


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
