"""The mock behind a socket."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn

from mockserver.app import Mock


class Server(uvicorn.Server):
    """Ends at once: event streams, which would never end by themselves, are closed first. `settings` are uvicorn's."""

    def __init__(self, mock: Mock, **settings: Any) -> None:
        # `httptools` and `uvloop` are used where they are installed; the access log would cost more than the answer.
        quiet = {"log_level": "warning", "access_log": False, "server_header": False, "lifespan": "on"}
        super().__init__(uvicorn.Config(mock, **{**quiet, **settings}))
        self._mock = mock

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._mock.world.events.close()
        await super().shutdown(sockets)
