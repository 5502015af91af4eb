"""HTTP/1.1 on one connection (RFC 9112): what stands between a request and its response, and nothing else."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any, NoReturn

import httpx

#: How long a connection may rest before nobody relies on it, seconds.
REST = 5.0
#: The longest head of a response, bytes.
HEAD = 100_000

_STATUS = re.compile(rb"(HTTP/\d\.\d) (\d{3})(?: ([^\r\n]*))?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r]*)")
_END, _LINE, _FOLD = re.compile(rb"\r?\n\r?\n"), re.compile(rb"\r?\n"), re.compile(rb"\r?\n[ \t]+")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?")


class Connection:
    """One exchange after another on a connected socket. `stays` is whether another may follow."""

    def __init__(self, line: socket.socket) -> None:
        self.stays = True
        self._line = line
        self._buffer = b""
        self._since = monotonic()
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll:
            self._poll.register(line, select.POLLIN)

    def over(self) -> bool:
        """Whether the other side has closed it, or may have by now."""
        ended = self._poll.poll(0) if self._poll else select.select([self._line], [], [], 0)[0]
        return bool(ended) or monotonic() - self._since > REST

    def close(self) -> None:
        self._line.close()

    def exchange(self, request: httpx.Request) -> httpx.Response:
        """The response, its body read. Raises httpx.TransportError, after which the connection is of no use."""
        self._send(_written(request))
        status = 100
        while 100 <= status < 200:
            version, status, reason, fields = self._head()
        framing = _framing(fields)
        bodiless = request.method == "HEAD" or status in {204, 304}
        content = b"" if bodiless else self._body(framing)
        ends = bodiless or not framing.keys().isdisjoint({b"content-length", b"transfer-encoding"})
        closes = {framing.get(b"connection", b"").lower(), request.headers.get("connection", "").lower().encode()}
        self.stays = version == b"HTTP/1.1" and ends and b"close" not in closes and not self._buffer
        self._since = monotonic()
        return _response(request, status, fields, content, {"http_version": version, "reason_phrase": reason})

    def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._line.send(rest) :]
        except TimeoutError as problem:
            raise httpx.WriteTimeout(str(problem)) from problem
        except OSError:
            # Whoever closes before all is sent may have answered already.
            return

    def _head(self) -> tuple[bytes, int, bytes, list[tuple[bytes, bytes]]]:
        """Version, status, reason and fields."""
        head = self._upto(_END)
        first, *lines = _LINE.split(_FOLD.sub(b" ", head) if b"\n " in head or b"\n\t" in head else head)
        status = _STATUS.fullmatch(first) or _odd(f"a status line {first[:80]!r}")
        fields = []
        for line in lines:
            name, value = (_FIELD.fullmatch(line) or _odd(f"a header line {line[:80]!r}")).groups()
            fields.append((name, value.rstrip(b" \t")))
        return status[1], int(status[2]), status[3] or b"", fields

    def _body(self, framing: Mapping[bytes, bytes]) -> bytes:
        if (coding := framing.get(b"transfer-encoding")) is not None:
            return b"".join(self._chunks()) if coding.lower() == b"chunked" else _odd(f"a transfer coding {coding!r}")
        if (length := framing.get(b"content-length")) is not None:
            return self._take(int(length)) if length.isdigit() else _odd(f"a content length {length!r}")
        while more := self._receive():
            self._buffer += more
        return self._take(len(self._buffer))

    def _chunks(self) -> Iterator[bytes]:
        while True:
            line = self._upto(_LINE)
            size = int((_CHUNK.fullmatch(line) or _odd(f"a chunk size {line[:40]!r}"))[1], 16)
            if not size:
                break
            yield self._take(size)
            if self._upto(_LINE):
                _odd("a chunk longer than it says")
        # What follows the last chunk are trailers, which nobody asked for.
        while self._upto(_LINE):
            pass

    def _upto(self, end: re.Pattern[bytes]) -> bytes:
        """The next bytes, up to what matches."""
        while (hit := end.search(self._buffer)) is None:
            if len(self._buffer) > HEAD:
                _odd(f"more than {HEAD} bytes of a head")
            self._buffer += self._receive() or _cut()
        found, self._buffer = self._buffer[: hit.start()], self._buffer[hit.end() :]
        return found

    def _take(self, size: int) -> bytes:
        """The next so many bytes."""
        parts, there = [self._buffer], len(self._buffer)
        while there < size:
            parts.append(self._receive() or _cut())
            there += len(parts[-1])
        whole = b"".join(parts)
        self._buffer = whole[size:]
        return whole[:size]

    def _receive(self) -> bytes:
        """What comes next; nothing at the end."""
        try:
            return self._line.recv(65_536)
        except TimeoutError as problem:
            raise httpx.ReadTimeout(str(problem)) from problem
        except OSError as problem:
            raise httpx.ReadError(str(problem)) from problem


class _Plain(httpx.Response):
    """A response whose body is as it came. httpx takes as long to decode nothing as all else here takes."""

    def read(self) -> bytes:
        return self.content

    @property
    def content(self) -> bytes:
        assert isinstance(self.stream, httpx.ByteStream)
        return b"".join(self.stream)


def _response(
    request: httpx.Request,
    status: int,
    fields: Sequence[tuple[bytes, bytes]],
    content: bytes,
    extensions: Mapping[str, Any],
) -> httpx.Response:
    """The response, its body decoded where it is encoded. Raises httpx.DecodingError."""
    kind = httpx.Response if any(name.lower() == b"content-encoding" for name, _ in fields) else _Plain
    response = kind(
        status, headers=fields, stream=httpx.ByteStream(content), request=request, extensions=dict(extensions)
    )
    response.read()
    return response


def _written(request: httpx.Request) -> bytes:
    """The request as it goes out. Raises httpx.LocalProtocolError where a header would end its line."""
    fields = request.headers.raw
    head = b"".join(
        [
            b"%s %s HTTP/1.1\r\n" % (request.method.encode("ascii"), request.url.raw_path),
            *(b"%s: %s\r\n" % field for field in fields),
        ]
    )
    if head.count(b"\n") != len(fields) + 1 or head.count(b"\r") != len(fields) + 1 or b"\0" in head:
        raise httpx.LocalProtocolError("a header holds a line's end")
    return head + b"\r\n" + request.content


def _framing(fields: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The fields by their names in lower case, the last of each."""
    framing = {name.lower(): value for name, value in fields}
    if len(framing) < len(fields):
        lengths = {value for name, value in fields if name.lower() == b"content-length"}
        if len(lengths) > 1:
            _odd("several content lengths")
    return framing


def _cut() -> NoReturn:
    raise httpx.RemoteProtocolError("the connection was closed before the answer was whole")


def _odd(what: str) -> NoReturn:
    raise httpx.RemoteProtocolError(f"the answer is not HTTP/1.1: {what}")
