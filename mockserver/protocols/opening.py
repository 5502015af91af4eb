"""Opens the doors that a mock is asked for, and keeps them open as long as it is served."""

from __future__ import annotations

import contextlib
import importlib
import logging
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mockserver.app import Mock
from mockserver.protocols.door import Door
from mockserver.server import listen, reached

#: Protocol to the class in the module of that name, its URL's scheme, and the package that it stands on.
_KINDS = {
    "webdav": ("WebDav", "http", "WsgiDAV"),
    "ftp": ("Ftp", "ftp", "pyftpdlib"),
    "sftp": ("Sftp", "sftp", "asyncssh"),
}

log = logging.getLogger("mockserver")


class Missing(Exception):
    """What cannot be opened, and what to do."""


class Service(Protocol):
    """What serves a door; `remark` is what its clients should know, for the banner."""

    remark: str

    async def serve(self, listener: socket.socket) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    door: Door
    service: Service
    listener: socket.socket

    async def serve(self) -> None:
        try:
            await self.service.serve(self.listener)
        except Exception:
            log.exception("%s is not served any more", self.door.origin)


@contextlib.contextmanager
def opened(mock: Mock, host: str = "127.0.0.1", tls: Mapping[str, Any] | None = None) -> Iterator[list[Opened]]:
    """The doors that the mock was created with; `tls` is uvicorn's certificate, for those that speak HTTP.

    Raises Missing, and OSError where a port is taken.
    """
    with contextlib.ExitStack() as stack:
        doors: list[Opened] = []
        for protocol, port in mock.protocols.items():
            for provider in _offering(mock, protocol):
                listener = stack.enter_context(listen(host, port))
                made = _open(mock, provider, protocol, host, listener, tls or {})
                mock.beside.append(made.serve)
                stack.callback(mock.beside.remove, made.serve)
                mock.world.doors.setdefault(provider, {})[protocol] = made.door.origin
                doors.append(made)
                # The port that was asked for is the first provider's.
                port = 0  # noqa: PLW2901
        stack.callback(mock.world.doors.clear)
        yield doors


def _offering(mock: Mock, protocol: str) -> list[str]:
    providers = mock.world.contract.providers.values()
    names = [item.name for item in providers if item.protocols and protocol in item.protocols.doors]
    if not names:
        raise Missing(
            f"none of the providers served here signs in over {protocol}: {', '.join(mock.world.contract.providers)}"
        )
    return names


def _open(
    mock: Mock, provider: str, protocol: str, host: str, listener: socket.socket, tls: Mapping[str, Any]
) -> Opened:
    name, scheme, package = _KINDS[protocol]
    try:
        kind = getattr(importlib.import_module(f"mockserver.protocols.{protocol}"), name)
    except ModuleNotFoundError as missing:
        raise Missing(f"--{protocol} needs {package} ({missing}): pip install 'latchkey[protocols]'") from None
    settings = dict(tls) if scheme == "http" else {}
    origin = f"{scheme}{'s' if settings else ''}://{reached(host)}:{listener.getsockname()[1]}"
    door = Door(
        world=mock.world,
        provider=provider,
        protocol=protocol,
        origin=origin + ("/" if scheme == "http" else ""),
        max_body=mock.max_body,
        explain=mock.explain,
    )
    return Opened(door=door, service=kind(door, **settings), listener=listener)
