"""HTTP/1.1 on a socket, with bounds: a head that is too long, a request that never ends, a Host that is none."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mockserver.layers.fault import HANG_UP

#: Bytes of request line and headers together.
MAX_HEAD = 64 * 1024
#: RFC 9110, 7.2: a host and perhaps a port, nothing else.
_HOST = re.compile(rb"(?:\[[0-9a-fA-F:.]+\]|[^\s/?#@\[\]:\x80-\xff]*)(?::\d*)?")


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself reads heads of any length and waits for the rest of a request for ever.

    What is refused here is no request yet, so the answer is plain text: no provider could have seen it.
    """

    #: Seconds without a byte, or in which a head does not end, before a request is given up.
    patience = 20.0
    #: Seconds in which bytes are still read and dropped after a refusal, so that it reaches a client that is sending.
    linger = 2.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._messages = self._received = self._head = 0
        self._in_head = self._begun = self._refused = False
        self._problem = (HTTPStatus.BAD_REQUEST, "this is not HTTP")
        self._watch = self.loop.call_later(self.patience, self._look, 0, 0)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._received += len(data)
        before = self._messages if self._in_head else None
        super().data_received(data)
        if self._in_head and self._messages == before and not self._refused:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._refuse(*_HEAD_TOO_LONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[HANG_UP] = self.transport.close  # type: ignore[literal-required]
        self._messages += 1
        self._in_head = self._begun = True
        self._head = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD:
            self._problem = _HEAD_TOO_LONG
            raise ValueError
        if len(hosts) != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            self._problem = HTTPStatus.BAD_REQUEST, f"a request has one Host header, not {len(hosts)}"
            raise ValueError
        if hosts and not _HOST.fullmatch(hosts[0]):
            self._problem = HTTPStatus.BAD_REQUEST, "Host is no host and port"
            raise ValueError
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._begun = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._begun and not self._in_head and not self.pipeline and not self.transport.is_closing():
            # Answered before all of the request was read: what is still under way is dropped.
            self._drain()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(*self._problem)

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: a server may ignore Upgrade (RFC 9110, 7.8), and none of the providers speaks anything else."""

    def _look(self, messages: int, received: int) -> None:
        """Gives up a request that is the same as a while ago and has not ended its head, or has not grown."""
        unchanged = messages == self._messages
        if self._refused or self.transport.is_closing():
            return
        if not self._messages:
            self.transport.close()
        elif self._begun and unchanged and not self.flow.read_paused and (self._in_head or received == self._received):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the rest of the request did not come in {self.patience:g} s")
        self._watch = self.loop.call_later(self.patience, self._look, self._messages, self._received)

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        cycle, content = self.cycle, f"{text}\n".encode()
        if cycle is None or cycle.response_complete or not cycle.response_started:
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            self.transport.write(
                f"{head}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content
            )
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self._drain()

    def _drain(self) -> None:
        """Drops what still comes, then closes: closing at once would reset the connection under the answer."""
        self._refused = True
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(self.linger, self.transport.close)


_HEAD_TOO_LONG = (
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"request line and headers are longer than {MAX_HEAD} bytes",
)
