"""What happens, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
from starlette.responses import StreamingResponse

from mockserver.control.app import current_world
from mockserver.control.journal import summary
from mockserver.events import Events, Listener

#: Seconds after which a line that says nothing keeps an idle stream open.
PATIENCE = 15.0

#: Event name to how its subject is told.
_TOLD: Mapping[str, Callable[[Any], Any]] = {
    "request": summary,
    "change": lambda path: {"path": path},
    "lost": lambda count: {"count": count},
}


async def stream() -> StreamingResponse:
    events = current_world().events
    # Registered now, so that nothing is missed between this answer's head and its first line.
    lines = _lines(events, events.listen())
    return StreamingResponse(lines, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _lines(events: Events, listener: Listener) -> AsyncIterator[bytes]:
    try:
        yield b"retry: 1000\n\n"
        async for name, about in listener.news(PATIENCE):
            yield b": idle\n\n" if name == "idle" else _event(name, about)
    finally:
        events.leave(listener)


def _event(name: str, about: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(_TOLD[name](about)) + b"\n\n"
