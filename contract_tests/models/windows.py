"""What a limiter may do: one account of its calls that fits every kind of window, and one that is the mock's own. Knows no HTTP."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A promise: at most `quota` units in `window` seconds for each key or each client address.

    With `debt`, a cost larger than what is left is let through while anything is left, and paid off a quota per window.
    """

    name: str
    quota: int
    by: Literal["key", "address"]
    window: int = 60
    debt: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """When a call was answered: not before `start`, not after `end`. The same where the target's clock stands still."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class _Call:
    at: Moment
    units: int
    answered: Literal["passed", "refused", "unknown"]


@dataclass(slots=True)
class AnyWindow:
    """One partition of a bucket, judged by what holds for every kind of window that "60 in a minute" can mean: fixed from
    the first unit or by the wall clock, sliding, or a bucket that refills.

    An epoch begins with the first unit after a whole quiet window, when all kinds are as new. In it the first `quota` units
    pass, and never more than `quota` and what has refilled since pass, unless windows by the wall clock explain it.
    """

    bucket: Bucket
    sure: int = 0
    perhaps: int = 0
    largest: int = 1
    due: float = math.inf
    log: list[_Call] = field(default_factory=list)

    def begin(self, now: float) -> None:
        """To be called before each call: a new epoch where all kinds of windows have forgotten the last one."""
        if self.log and now >= self.log[-1].at.end + self.quiet() + 1:
            self.sure, self.perhaps, self.largest, self.log = 0, 0, 1, []

    def quiet(self) -> int:
        """Seconds without a call after which the whole quota is back."""
        quota = self.bucket.quota
        owed = min(self.sure + self.perhaps, quota - 1 + self.largest) if self.bucket.debt else quota
        return self.bucket.window * max(1, math.ceil(owed / quota))

    def must_pass(self, units: int, now: float) -> bool:
        # What was refused, here or for another bucket's sake, may have been counted.
        counted = self.sure + self.perhaps
        untouched = self.bucket.debt and counted == 0
        return untouched or counted + units <= self.bucket.quota or (units == 1 and now > self.due)

    def passed(self, at: Moment, units: int, *, surely: bool) -> None:
        """A call passed that takes these units, or may take them."""
        self.sure += units if surely else 0
        self.perhaps += 0 if surely else units
        self._write(_Call(at, units, "passed" if surely else "unknown"))

    def refused(self, at: Moment, units: int, *, alone: bool, due: float = math.inf) -> None:
        """A call was refused, and no other bucket can have done it where `alone`. A unit was promised again at `due`."""
        self.perhaps += units
        self._write(_Call(at, units, "refused" if alone else "unknown"))
        self.due = due

    def _write(self, call: _Call) -> None:
        self.log.append(call)
        self.largest = max(self.largest, call.units)
        self.due = math.inf

    def excess(self, now: float) -> int:
        """How many units more have passed than any kind of window allows, 0 where some kind allows them."""
        last = next(call for call in reversed(self.log) if call.answered == "passed")
        # With debt the last one may be as large as it likes while a unit was left for it.
        taken = self.sure - last.units + 1 if self.bucket.debt else self.sure
        refilled = math.floor((now - self.log[0].at.start) * self.bucket.quota / self.bucket.window)
        over = taken - self.bucket.quota - refilled
        return over if over > 0 and not any(map(self._explains, self._starts())) else 0

    def _starts(self) -> set[float]:
        """Where windows by the wall clock can have begun, as far as that makes a difference."""
        return {moment for call in self.log for moment in (call.at.start, call.at.end)}

    def _explains(self, start: float) -> bool:
        """Whether windows that begin at `start`, and every window's length before and after, allow all that was answered."""
        quota, window = self.bucket.quota, None
        sure = counted = 0
        for call in self.log:
            previous, window = window, math.floor((call.at.start - start) / self.bucket.window)
            ended = 0 if previous is None else window - previous
            if ended:
                sure, counted = (max(0, units - quota * ended) if self.bucket.debt else 0 for units in (sure, counted))
            needed = 1 if self.bucket.debt else call.units
            if call.answered == "passed" and sure + needed > quota:
                return False
            if call.answered == "refused" and counted + needed <= quota:
                return False
            sure += call.units if call.answered == "passed" else 0
            counted += call.units
        return True


@dataclass(slots=True)
class FixedWindow:
    """One partition of a bucket as the mock keeps it: a window opens with its first unit, refused calls count nothing."""

    bucket: Bucket
    opened: Moment | None = None
    used: int = 0

    def roll(self, now: float) -> None:
        """To be called before each call. Moves the window forward to `now`."""
        if self.opened is None:
            return
        elapsed = int((now - self.opened.start) // self.bucket.window)
        if elapsed:
            paid = self.bucket.quota * elapsed if self.bucket.debt else self.used
            self.used = max(0, self.used - paid)
            later = self.bucket.window * elapsed
            self.opened = Moment(self.opened.start + later, self.opened.end + later) if self.used else None

    def unclear_until(self, now: float) -> float | None:
        """The moment after which the window has certainly ended, where `now` is about that moment; None elsewhere."""
        if self.opened is None:
            return None
        ends = self.opened.end + self.bucket.window * max(1, math.ceil((now - self.opened.end) / self.bucket.window))
        return ends if ends - (self.opened.end - self.opened.start) - 1 < now < ends else None

    @property
    def left(self) -> int:
        return max(0, self.bucket.quota - self.used)

    def lets(self, units: int) -> bool:
        return self.left >= (1 if self.bucket.debt else units)

    def take(self, at: Moment, units: int) -> None:
        self.opened = self.opened or at
        self.used += units

    def reset(self, at: Moment) -> Moment:
        """When units pass again."""
        opened = self.opened or at
        owed = max(0, self.used // self.bucket.quota - 1)
        later = self.bucket.window * (1 + owed)
        return Moment(opened.start + later, opened.end + later)
