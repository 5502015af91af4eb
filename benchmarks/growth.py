"""What a request costs in a world that remembers much, against one that remembers little; and memory after many requests."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.servers import credentials, drive, free_port, mock_command, serving
from benchmarks.throughput import CONNECTIONS, FILES
from mockserver.app import Mock, create_app

FEW, MANY = 10, 100_000
#: Requests in one batch; the worlds take turns.
BATCH = 300


def grown(size: int) -> tuple[Mock, str]:
    """A mock with this many keys, live windows and tokens and, where that is many, a full journal; and a key of it."""
    mock = create_app(FILES.provider)
    world = mock.world
    provider = world.contract.providers[FILES.provider]
    account = world.open_account(provider)
    limit = next(iter(provider.limits.values()))
    token = next(iter(provider.tokens.values()))
    now = world.clock.now()
    for number in range(size):
        world.create_key(account, name=str(number))
        world.limiter.take([(limit, f"other-{number}")], now)
        world.tokens.issue(token, account.id, now, {})
    key, raw = world.create_key(world.open_account(provider), name="asked")
    key.unlimited = True
    return mock, raw


async def ask(mock: Mock, raw: str, times: int) -> float:
    """Seconds of CPU for this many requests."""
    scope = {
        "type": "http",
        "method": FILES.method,
        "path": FILES.path,
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"authorization", b"Bearer " + raw.encode())],
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200

    start = time.process_time()
    for _ in range(times):
        await mock(dict(scope), receive, send)
    return time.process_time() - start


def measure(rounds: int, tell: Callable[[str], None]) -> tuple[float, float]:
    """Microseconds a request in the small and in the big world, medians."""
    tell("growing worlds")
    small, big = grown(FEW), grown(MANY)
    asyncio.run(ask(*big, times=2_000))  # fills the journal
    asyncio.run(ask(*small, times=200))
    gc.collect()
    gc.freeze()
    batches = []
    for number in range(20 * rounds):
        order = (small, big) if number % 2 else (big, small)
        told = {id(world): asyncio.run(ask(*world, times=BATCH)) for world in order}
        batches.append((told[id(small)], told[id(big)]))
    gc.unfreeze()
    return median(few for few, _ in batches) / BATCH * 1e6, median(many for _, many in batches) / BATCH * 1e6


def memory(requests: int, tell: Callable[[str], None]) -> int:
    """Bytes that a mock of all providers holds after so many requests."""
    port, sent = free_port(), 0
    with serving(mock_command(port), port) as mock:
        request = FILES.raw(port, credentials(mock, FILES.provider))
        while sent < requests:
            tell(f"memory after {sent:,} requests")
            sent += drive(mock, request, connections=CONNECTIONS, seconds=2)["count"]
        return mock.memory()
