"""Harmless: limits of the same numbers, counted in other windows; and a server for which time passes while it works."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from typing import Any

    from latchkey.records import Limit
    from mockserver.exchange import Exchange
    from mockserver.limiter import Limiter

#: How long each request takes a slow server, seconds.
SLOW = 0.2


def _check_left(limiter: Limiter, wanted: Sequence[tuple[Limit, str]], now: float, units: int) -> None:
    """Raises Exhausted where a limit has not so many units left; one with debt needs one."""
    from mockserver.limiter import Exhausted

    for limit, partition in wanted:
        reading = limiter.read(limit, partition, now)
        if reading.remaining < (1 if limit.debt else units):
            raise Exhausted(reading)


@sabotage("sliding-log")
def sliding_log() -> None:
    """Each unit comes back one window after it was taken."""
    import mockserver.world
    from mockserver.limiter import Limiter, Reading

    class SlidingLog(Limiter):
        def __init__(self) -> None:
            super().__init__()
            self._taken: dict[tuple[str, str], list[float]] = {}

        def read(self, limit: Limit, partition: str, now: float) -> Reading:
            if limit.debt:
                return super().read(limit, partition, now)
            taken = [at for at in self._taken.get((limit.id, partition), ()) if now - at < limit.window]
            self._taken[limit.id, partition] = taken
            free_at = taken[0] + limit.window if taken else now + limit.window
            return Reading(limit, max(0, limit.quota - len(taken)), free_at)

        def take(
            self, wanted: Sequence[tuple[Limit, str]], now: float, *, units: int = 1, refuse: bool = True
        ) -> list[Reading]:
            if refuse:
                _check_left(self, wanted, now, units)
            for limit, partition in wanted:
                if limit.debt:
                    super().take([(limit, partition)], now, units=units, refuse=False)
                else:
                    self._taken.setdefault((limit.id, partition), []).extend([now] * units)
            return [self.read(limit, partition, now) for limit, partition in wanted]

    mockserver.world.Limiter = SlidingLog  # type: ignore[attr-defined]


@sabotage("token-bucket")
def token_bucket() -> None:
    """Units come back one by one, evenly; a debt is paid off the same way."""
    import mockserver.world
    from mockserver.limiter import Limiter, Reading

    class TokenBucket(Limiter):
        def __init__(self) -> None:
            super().__init__()
            self._left: dict[tuple[str, str], tuple[float, float]] = {}

        def _level(self, limit: Limit, partition: str, now: float) -> float:
            level, at = self._left.get((limit.id, partition), (float(limit.quota), now))
            return min(float(limit.quota), level + (now - at) * limit.quota / limit.window)

        def read(self, limit: Limit, partition: str, now: float) -> Reading:
            level = self._level(limit, partition, now)
            whole = math.floor(level + 1e-9)
            next_at = now + max(0.0, 1 - level) * limit.window / limit.quota
            return Reading(limit, max(0, whole), next_at)

        def take(
            self, wanted: Sequence[tuple[Limit, str]], now: float, *, units: int = 1, refuse: bool = True
        ) -> list[Reading]:
            if refuse:
                _check_left(self, wanted, now, units)
            for limit, partition in wanted:
                self._left[limit.id, partition] = (self._level(limit, partition, now) - units, now)
            return [self.read(limit, partition, now) for limit, partition in wanted]

    mockserver.world.Limiter = TokenBucket  # type: ignore[attr-defined]


@sabotage("windows-aligned")
def windows_aligned() -> None:
    """Windows begin with the minute of the clock, not with their first unit."""
    import mockserver.limiter

    window = mockserver.limiter._Window

    def aligned(limit: Limit, opened: float, used: int) -> Any:
        return window(limit, opened // limit.window * limit.window, used)

    mockserver.limiter._Window = aligned  # type: ignore[assignment, misc]


@sabotage("boundaries-inclusive")
def boundaries_inclusive() -> None:
    """What lives so many seconds lives to the very end of the last: keys, tokens and windows end a moment later."""
    from mockserver.keys import Key
    from mockserver.limiter import Limiter
    from mockserver.tokens import Grant

    moment = 1e-6
    expired, state, current = Key.expired, Grant.state, Limiter._current
    Key.expired = lambda self, now: expired(self, now - moment)  # type: ignore[method-assign]
    Grant.state = lambda self, now: state(self, now - moment)  # type: ignore[method-assign]

    def still_current(self: Limiter, limit: Limit, partition: str, now: float) -> Any:
        window = self._windows.get((limit.id, partition))
        return current(self, limit, partition, max(window.opened, now - moment) if window else now)

    Limiter._current = still_current  # type: ignore[method-assign]


@sabotage("refused-calls-count")
def refused_calls_count() -> None:
    """A refused call takes a unit as well, so that what is left of the window stays used up."""
    from mockserver.limiter import Exhausted, Limiter

    take = Limiter.take

    def counting(self: Limiter, wanted: Any, now: float, **words: Any) -> Any:
        try:
            return take(self, wanted, now, **words)
        except Exhausted:
            take(self, [pair for pair in wanted if not pair[0].debt], now, refuse=False)
            raise

    Limiter.take = counting  # type: ignore[method-assign]


@sabotage("remaining-before")
def remaining_before() -> None:
    """What is told to be left is what was left before this call."""
    from dataclasses import replace

    from mockserver.limiter import Limiter

    take = Limiter.take

    def before(self: Limiter, wanted: Any, now: float, **words: Any) -> Any:
        return [
            replace(reading, remaining=min(reading.limit.quota, reading.remaining + 1))
            for reading in take(self, wanted, now, **words)
        ]

    Limiter.take = before  # type: ignore[method-assign]


@sabotage("slow")
def slow() -> None:
    """Each request takes a fifth of a second of the server's time."""
    from importlib import import_module

    record = import_module("mockserver.layers.record")
    open_exchange = record.open_exchange

    def slowly(world: Any, scope: Any) -> Exchange:
        world.clock.advance(SLOW)
        exchange: Exchange = open_exchange(world, scope)
        return exchange

    record.open_exchange = slowly  # type: ignore[attr-defined]


@sabotage("slow-aligned")
def slow_aligned() -> None:
    """Slow, and windows begin with the minute: a burst can lie in two of them."""
    slow()
    windows_aligned()


@sabotage("slow-bucket")
def slow_bucket() -> None:
    """Slow, and units come back one by one meanwhile."""
    slow()
    token_bucket()


@sabotage("slow-log")
def slow_log() -> None:
    """Slow, and each unit comes back one window after it was taken."""
    slow()
    sliding_log()
