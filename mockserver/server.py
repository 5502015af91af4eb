"""An application behind a socket: bounded, quiet, and with an end that is at once and clean."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import uvicorn
from starlette.types import ASGIApp

from mockserver.app import Mock

App = TypeVar("App", bound=ASGIApp)

#: Seconds that answers under way have to be sent after Ctrl-C.
GRACE = 0.5


class Server(uvicorn.Server):
    """Ends at once: answers under way have a moment, then also what would go on is ended. `settings` are uvicorn's."""

    def __init__(self, app: ASGIApp, **settings: Any) -> None:
        # `uvloop` is used where it is installed; the access log would cost more than the answer.
        quiet = {"log_level": "warning", "access_log": False, "server_header": False, "ws": "none"}
        bounded = {"http": _protocol(), "timeout_graceful_shutdown": 1}
        super().__init__(uvicorn.Config(app, **{**quiet, **bounded, **settings}))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if isinstance(self._app, Mock):
            # Event streams would never end by themselves.
            self._app.world.events.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)
        with _silent(logging.getLogger("uvicorn.error")):
            for connection in list(self.server_state.connections):
                connection.transport.close()
            await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError where the address is taken or is none of this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # From here on nobody who has read the banner is refused, though the server takes a moment more to accept.
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def reached(host: str) -> str:
    """The host of a URL to what listens there; whoever listens everywhere is reached on loopback, too."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    return f"[{name}]" if ":" in name else name


@contextlib.contextmanager
def _silent(log: logging.Logger) -> Iterator[None]:
    """What is cut off meanwhile is cut off on purpose: no traceback tells of it."""
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _protocol() -> Any:
    try:
        from mockserver.wire import BoundedProtocol
    except ImportError:  # without httptools (PyPy) uvicorn's own protocol serves
        return "auto"
    return BoundedProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(Generic[App]):
    """An application that answers at `base_url`."""

    app: App
    base_url: str


@contextlib.contextmanager
def running(app: App, **settings: Any) -> Iterator[Running[App]]:
    """Serves the application on a free loopback port, in a thread, until the block is left. `settings` are uvicorn's."""
    with _doors(app):
        listener = socket.create_server(("127.0.0.1", 0))
        server = Server(app, **settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Running(app=app, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(10)


def _doors(app: ASGIApp) -> contextlib.AbstractContextManager[Any]:
    """What a mock serves files over besides the API; nothing of it is loaded where that is not wanted."""
    if not (isinstance(app, Mock) and app.protocols):
        return contextlib.nullcontext()
    from mockserver.protocols.opening import opened

    return opened(app)
