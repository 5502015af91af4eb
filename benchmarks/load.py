"""The load generator: sends one request again and again over a number of connections, and tells rate and latencies as JSON.

python -m benchmarks.load 127.0.0.1 8080 16 2.0 < request.http
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Lane(asyncio.Protocol):
    """One connection: the next request goes out when the last answer is whole."""

    def __init__(self, request: bytes, until: float) -> None:
        self.request = request
        self.until = until
        self.waits: list[float] = []
        self.statuses: dict[bytes, int] = {}
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        hit = _LENGTH.search(self._buffer, 0, head)
        if len(self._buffer) < head + 4 + (int(hit[1]) if hit else 0):
            return
        status, self._buffer = self._buffer[9:12], b""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        now = time.perf_counter()
        self.waits.append(now - self._began)
        if now < self.until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def drive(host: str, port: int, connections: int, seconds: float, request: bytes) -> dict[str, object]:
    """Requests a second, and the 50th and 99th percentile of the latency in ms."""
    loop, start = asyncio.get_running_loop(), time.perf_counter()
    lanes = [
        (await loop.create_connection(lambda: Lane(request, start + seconds), host, port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(lane.ended for lane in lanes))
    waits = sorted(wait for lane in lanes for wait in lane.waits)
    statuses: dict[str, int] = {}
    for lane in lanes:
        for status, count in lane.statuses.items():
            statuses[status.decode()] = statuses.get(status.decode(), 0) + count
    return {
        "rate": len(waits) / (time.perf_counter() - start),
        "p50": waits[len(waits) // 2] * 1000,
        "p99": waits[len(waits) * 99 // 100] * 1000,
        "statuses": statuses,
    }


if __name__ == "__main__":
    host, port, connections, seconds = sys.argv[1:]
    asked = drive(host, int(port), int(connections), float(seconds), sys.stdin.buffer.read())
    print(json.dumps(uvloop.run(asked)))
