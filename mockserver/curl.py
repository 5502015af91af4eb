"""A request as a line for the shell, each secret a variable that whoever runs it sets."""

from __future__ import annotations

import re
import shlex

from latchkey.records import Provider
from mockserver.journal import Entry
from mockserver.redact import Redactor

#: Around a variable's name until the text is quoted; letters that no request holds.
_OPEN, _CLOSE = "\ue000", "\ue001"
#: Headers that curl writes itself.
_OWN = {"host", "user-agent", "accept-encoding", "connection", "content-length", "accept", "transfer-encoding"}


def curl(entry: Entry, provider: Provider | None) -> str:
    """The line; empty where it was not over HTTP. A body that is no text, or was cut off, is read from the file `body`."""
    if entry.protocol not in {"", "webdav"}:
        return ""

    def variable(kind: str) -> str:
        owner = f"{provider.name}_".upper() if provider and kind in {"key", "session"} else ""
        return f"{_OPEN}{owner}{kind.upper()}{_CLOSE}"

    was = entry.transcript
    shown = Redactor(provider).show(entry, variable)
    words = ["curl"] if entry.verb == "GET" else ["curl", "-I"] if entry.verb == "HEAD" else ["curl", "-X", entry.verb]
    if entry.protocol and entry.key_id is not None and provider and provider.protocols:
        words.append("-u " + _quoted(f"{provider.protocols.login.format(key=entry.key_id)}:{variable('key')}"))
    words += [f"-H {_quoted(f'{name}: {value}')}" for name, value in shown.headers.items() if _sent(name, value)]
    if was.size:
        whole = shown.body is not None and was.size == len(was.body)
        words.append(f"--data-binary {_quoted(shown.body or '') if whole else '@body'}")
    return " ".join([*words, _quoted(was.origin + shown.path + (f"?{shown.query}" if shown.query else ""))])


def _sent(name: str, value: str) -> bool:
    return name not in _OWN or (name == "accept" and value != "*/*")


def _quoted(text: str) -> str:
    if _OPEN not in text:
        return shlex.quote(text)
    escaped = re.sub(r'(["\\$`])', r"\\\1", text)
    return '"' + escaped.replace(_OPEN, "${").replace(_CLOSE, "}") + '"'
