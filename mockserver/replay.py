"""Sends a request of the journal again, as it was: same client, same headers, same bytes."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote, urlsplit

from starlette.types import ASGIApp, Message, Scope

from mockserver.journal import Entry, Transcript
from mockserver.layers.record import GONE


class Incomplete(ValueError):
    """The journal did not keep the whole request: not all of a body, no password of another protocol."""


async def replay(entry: Entry, app: ASGIApp) -> int:
    """The status of the new answer, GONE where there was none. Raises Incomplete."""
    was = entry.transcript
    if entry.protocol:
        raise Incomplete(f"it came over {entry.protocol}, whose passwords are not kept")
    if was.size > len(was.body):
        raise Incomplete(f"the journal kept {len(was.body)} of the body's {was.size} bytes")
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": was.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    # A fault may close the connection, which is none here.
    with suppress(ConnectionResetError):
        await app(_scope(entry, was), receive, send)
    return statuses[0] if statuses else GONE


def _scope(entry: Entry, was: Transcript) -> Scope:
    origin = urlsplit(was.origin)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": entry.method,
        "scheme": origin.scheme,
        "path": was.path,
        "raw_path": quote(was.path).encode(),
        "root_path": "",
        "query_string": was.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in was.headers.items()],
        "client": (entry.client, 0),
        "server": (origin.hostname, origin.port),
    }
