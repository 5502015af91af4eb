"""Requests straight to the target, on one kept connection for each origin."""

from __future__ import annotations

import socket
from ssl import SSLContext

import httpx

from contract_tests.connection import Connection


class Direct(httpx.BaseTransport):
    """Stands in the place of httpx's own transport where no proxy is in between, and raises what that raises.

    It does nothing but send and read, which costs a quarter: a run sends tens of thousands of requests, one after another.
    `connect` and `read` are how long to wait for a connection and for some of an answer, seconds.
    """

    def __init__(self, tls: SSLContext, *, connect: float, read: float) -> None:
        self._tls = tls
        self._connect = connect
        self._read = read
        self._kept: dict[tuple[str, bytes, int | None], Connection] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its body read. Raises httpx.TransportError."""
        url = request.url
        origin = url.scheme, url.raw_host, url.port
        connection = self._kept.pop(origin, None)
        if connection and connection.over():
            connection.close()
            connection = None
        connection = connection or self._open(url)
        try:
            response = connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.stays:
            self._kept[origin] = connection
        else:
            connection.close()
        return response

    def close(self) -> None:
        while self._kept:
            self._kept.popitem()[1].close()

    def _open(self, url: httpx.URL) -> Connection:
        host, secure = url.raw_host.decode("ascii"), url.scheme == "https"
        try:
            line = socket.create_connection((host, url.port or (443 if secure else 80)), self._connect)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = self._secured(line, host) if secure else line
        except TimeoutError as problem:
            raise httpx.ConnectTimeout(str(problem)) from problem
        except OSError as problem:
            raise httpx.ConnectError(str(problem)) from problem
        line.settimeout(self._read)
        return Connection(line)

    def _secured(self, line: socket.socket, host: str) -> socket.socket:
        try:
            return self._tls.wrap_socket(line, server_hostname=host)
        except BaseException:
            line.close()
            raise
