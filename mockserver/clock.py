"""The one clock of a world. It runs, can be frozen, and moves forward on request; nothing else reads the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

#: Where a seeded world begins, so that its timestamps repeat: 2026-01-01T00:00:00Z.
SEEDED_START = 1_767_225_600.0


class Clock:
    """Seconds since 1970 (Unix time). Starts running; `freeze` and `run` switch, `advance` moves forward."""

    def __init__(self, *, source: Callable[[], float] = time.time, start: float | None = None) -> None:
        self._source = source
        self._offset = 0.0 if start is None else start - source()
        self._frozen: float | None = None

    @classmethod
    def frozen_at(cls, start: float) -> Clock:
        clock = cls(start=start)
        clock._frozen = start
        return clock

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def now(self) -> float:
        return self._source() + self._offset if self._frozen is None else self._frozen

    def advance(self, seconds: float) -> None:
        """Raises ValueError for a negative step: windows and expiries only make sense forward."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds

    def freeze(self) -> None:
        self._frozen = self.now()

    def turn(self, now: float, *, frozen: bool) -> None:
        """Shows this time from now on, also an earlier one: for a world whose state of then comes back with it."""
        self._offset = now - self._source()
        self._frozen = now if frozen else None

    def run(self) -> None:
        if self._frozen is not None:
            self._offset = self._frozen - self._source()
            self._frozen = None


async def elapse(seconds: float) -> None:
    """Lets real seconds pass, whatever a clock shows."""
    await asyncio.sleep(seconds)


@lru_cache(maxsize=8192)  # the same rows are shown again and again
def iso(seconds: float, *, digits: int = 0) -> str:
    """RFC 3339 in UTC with `digits` decimals of a second, e.g. 2026-04-01T12:34:56Z."""
    moment = datetime.fromtimestamp(seconds, UTC)
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
