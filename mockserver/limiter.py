"""Fixed windows: at most `quota` units in `window` seconds, counted from a window's first unit. Knows no HTTP."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from latchkey.records import Limit

#: Windows are evicted when their number has doubled, so eviction costs a constant share of each unit.
_SWEEP_FROM = 1024


@dataclass(slots=True)
class Reading:
    """What a limit allows one partition: `remaining` units, all of them again at `reset` (Unix seconds).

    Not frozen: every request makes some, and a frozen one takes twice as long to make.
    """

    limit: Limit
    remaining: int
    reset: float

    def retry_after(self, now: float) -> int:
        """Whole seconds until units pass again, at least one."""
        return max(1, math.ceil(self.reset - now))


@dataclass(slots=True)
class _Window:
    limit: Limit
    opened: float
    used: int


class Exhausted(Exception):
    """Nothing was taken. `reading` is of the first limit that refused."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading.limit.name)
        self.reading = reading


class Limiter:
    """All windows of a world, by limit and partition value."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = {}
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        return len(self._windows)

    def read(self, limit: Limit, partition: str, now: float) -> Reading:
        """What is left, taking nothing."""
        window = self._current(limit, partition, now)
        if window is None:
            return Reading(limit, limit.quota, now + limit.window)
        # A debt is paid off a quota per window; units pass again in the window that has some left.
        windows_owed = max(0, window.used // limit.quota - 1)
        reset = window.opened + limit.window * (1 + windows_owed)
        return Reading(limit, max(0, limit.quota - window.used), reset)

    def take(
        self, wanted: Sequence[tuple[Limit, str]], now: float, *, units: int = 1, refuse: bool = True
    ) -> list[Reading]:
        """Takes `units` of every limit or, where one has too little left, of none and raises Exhausted.

        A limit with debt lets a larger cost through while anything is left. With `refuse` false, units are counted
        but never refused.
        """
        if refuse:
            for limit, partition in wanted:
                reading = self.read(limit, partition, now)
                if reading.remaining < (1 if limit.debt else units):
                    raise Exhausted(reading)
        for limit, partition in wanted:
            window = self._current(limit, partition, now)
            if window is None:
                if len(self._windows) >= self._sweep_at:
                    self.evict(now)
                window = self._windows[limit.id, partition] = _Window(limit, now, 0)
            window.used += units
        return [self.read(limit, partition, now) for limit, partition in wanted]

    def readings(self, now: float) -> list[tuple[str, Reading]]:
        """Partition value and reading of every open window."""
        windows = [(window.limit, partition) for (_, partition), window in self._windows.items()]
        return [
            (partition, self.read(limit, partition, now))
            for limit, partition in windows
            if self._current(limit, partition, now)
        ]

    def _current(self, limit: Limit, partition: str, now: float) -> _Window | None:
        """The open window, rolled forward to now; None where none is open."""
        window = self._windows.get((limit.id, partition))
        if window is None:
            return None
        if window.opened <= now < window.opened + limit.window:
            return window
        elapsed = int((now - window.opened) // limit.window)
        if elapsed:
            window.used = max(0, window.used - limit.quota * elapsed) if limit.debt else 0
            window.opened += limit.window * elapsed
            if not window.used:
                del self._windows[limit.id, partition]
                return None
        return window

    def evict(self, now: float) -> None:
        """Drops the windows that are over."""
        for (_, partition), window in list(self._windows.items()):
            self._current(window.limit, partition, now)
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._windows))
