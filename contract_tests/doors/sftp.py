"""SFTP, as asyncssh speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from contract_tests.client import Fault
from contract_tests.doors.wire import Heard
from contract_tests.outcome import NotVerifiable
from contract_tests.target import Way

INSTALL = "it needs an SFTP client; to have one: pip install 'latchkey[protocols]'"


class SftpWire:
    """A connection with an event loop of its own, which runs only while something is asked."""

    def __init__(self, url: str, way: Way) -> None:
        try:
            import asyncssh
        except ImportError:
            raise NotVerifiable(INSTALL) from None
        self._ssh: Any = asyncssh
        self._url, self._way = url, way
        self._loop = asyncio.Runner()
        self._connection: Any = None
        self._sftp: Any = None

    def sign_in(self, login: str, password: str) -> Heard:
        return self._heard(lambda: self._signed_in(login, password))

    async def _signed_in(self, login: str, password: str) -> Heard:
        place = urlsplit(self._url)
        host, port = place.hostname or "", place.port or 22
        try:
            self._connection = await self._ssh.connect(
                host,
                port,
                username=login,
                password=password,
                # A server on this machine makes its key when it starts; of any other, ~/.ssh/known_hosts knows it.
                known_hosts=None if is_loopback(host) else (),
                client_keys=None,
                agent_path=None,
                config=[],
                preferred_auth="password,keyboard-interactive",
                connect_timeout=self._way.timeouts.connect,
                login_timeout=self._way.timeouts.read,
            )
        except self._ssh.HostKeyNotVerifiable:
            known = f"ssh-keyscan -p {port} {host} >> ~/.ssh/known_hosts"
            raise NotVerifiable(
                f"the host key of {host} is not known; compare it, and write it down: {known}"
            ) from None
        except self._ssh.PermissionDenied as problem:
            return Heard(passed=False, words=f"SSH authentication failure: {problem.reason}")
        except OSError as problem:
            raise Fault(f"{self._url}: {problem}") from None
        self._sftp = await self._connection.start_sftp_client()
        return Heard(passed=True, words="signed in")

    def list(self, folder: str) -> Heard:
        return self._heard(lambda: self._listed(folder))

    async def _listed(self, folder: str) -> Heard:
        names = [str(name) for name in await self._sftp.listdir(folder) if name not in {".", ".."}]
        return Heard(passed=True, words=f"{len(names)} names", names=names)

    def read(self, path: str) -> Heard:
        return self._heard(lambda: self._read(path))

    async def _read(self, path: str) -> Heard:
        async with self._sftp.open(path, "rb") as file:
            content = await file.read()
        return Heard(passed=True, words=f"{len(content)} bytes", content=content)

    def write(self, path: str, content: bytes) -> Heard:
        return self._heard(lambda: self._written(path, content))

    async def _written(self, path: str, content: bytes) -> Heard:
        async with self._sftp.open(path, "wb") as file:
            await file.write(content)
        return Heard(passed=True, words=f"{len(content)} bytes written")

    def remove(self, path: str) -> Heard:
        return self._heard(lambda: self._done("remove", path))

    def make_folder(self, path: str) -> Heard:
        return self._heard(lambda: self._done("mkdir", path))

    async def _done(self, method: str, path: str) -> Heard:
        await getattr(self._sftp, method)(path)
        return Heard(passed=True, words="done")

    def close(self) -> None:
        with suppress(Exception):
            if self._connection is not None:
                self._connection.abort()
                self._loop.run(self._connection.wait_closed())
        self._loop.close()

    def _heard(self, act: Callable[[], Awaitable[Heard]]) -> Heard:
        async def timely() -> Heard:
            return await asyncio.wait_for(act(), self._way.timeouts.connect + self._way.timeouts.read)

        try:
            return self._loop.run(timely())
        except TimeoutError:
            raise Fault(f"{self._url}: no answer in time") from None
        except (self._ssh.SFTPNoConnection, self._ssh.SFTPConnectionLost, self._ssh.DisconnectError) as problem:
            return Heard(passed=False, words=f"the connection was closed: {problem.reason}", closed=True)
        except self._ssh.SFTPError as problem:
            return Heard(passed=False, words=f"SFTP status {problem.code}: {problem.reason}")
        except (self._ssh.Error, BrokenPipeError, ConnectionError) as problem:
            return Heard(passed=False, words=f"the connection was closed: {problem}", closed=True)


def is_loopback(host: str) -> bool:
    """Whether this names the machine that we run on."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
