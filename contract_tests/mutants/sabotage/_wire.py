"""Rewriting of what goes over the wire, whatever answered: status, headers and body as a client gets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Header = tuple[str, str]


@dataclass(slots=True)
class Sent:
    """An answer on its way out. `asked` are the headers of its request, by names in lower case; `base` is where the server is
    reached, `now` its time in Unix seconds.
    """

    method: str
    path: str
    asked: Mapping[str, str]
    base: str
    now: float
    status: int
    headers: list[Header]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def put(self, name: str, value: str) -> None:
        """Sets the header, in place of any of this name."""
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: str) -> None:
        self.headers = [header for header in self.headers if header[0].lower() != name.lower()]

    @property
    def json(self) -> Any:
        """The body as data; None where it is not JSON or there is none."""
        kind = self.header("Content-Type") or ""
        return json.loads(self.body) if self.body and kind.startswith("application/json") else None


Rewrite = Callable[[Sent], None]


def rewriting(rewrite: Rewrite, *, pieces: int = 1) -> None:
    """From now on every answer but the control plane's is rewritten, and its body sent in this many pieces."""
    from mockserver.app import Mock
    from mockserver.control import PREFIX

    answer = Mock.__call__

    async def rewritten(self: Mock, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await answer(self, scope, receive, send)
            return
        messages: list[Any] = []

        async def collect(message: Any) -> None:
            messages.append(message)

        await answer(self, scope, receive, collect)
        if not messages:
            return
        sent = _sent(self, scope, messages)
        length = len(sent.body)
        rewrite(sent)
        if sent.header("Content-Length") is not None and length != len(sent.body):
            sent.put("Content-Length", str(len(sent.body)))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers]
        await send({"type": "http.response.start", "status": sent.status, "headers": headers})
        size = max(1, -(-len(sent.body) // pieces))
        for begin in range(0, len(sent.body), size):
            piece = sent.body[begin : begin + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    Mock.__call__ = rewritten  # type: ignore[method-assign]


def _sent(mock: Any, scope: Any, messages: list[Any]) -> Sent:
    asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    start = messages[0]
    return Sent(
        method=scope["method"],
        path=scope["path"],
        asked=asked,
        base=f"{scope.get('scheme', 'http')}://{asked.get('host', '')}",
        now=mock.world.clock.now(),
        status=start["status"],
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]],
        body=b"".join(message.get("body", b"") for message in messages[1:]),
    )
