"""Keeps the suite's own traffic below the target's limits, so that no rule is judged by a 429 that nobody asked for."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import httpx

from latchkey.records import Limit, RateHeaders

#: Added to every wait, seconds: clocks differ, and a window may end at its last second.
MARGIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a request takes: units of a limit, from whoever the limit counts by. `work`: only what is done is charged.
    `sure`: it is counted though it is refused.
    """

    limit: Limit
    partition: str
    units: int = 1
    work: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """Units that count until then. `since` is None where not the suite took them, or the target may not have counted them."""

    units: int
    until: float
    since: float | None = None


#: With so few units left, using a quota up costs little.
NEARLY = 12


class Pacer:
    """What was taken of each limit, and how long to wait before more passes.

    Units count for a whole window from when they were taken, so that no kind of window (fixed, sliding, a bucket as large
    as the quota) is ever overdrawn. `now` and `rest`, which waits, are in the target's seconds.
    """

    def __init__(self, headers: RateHeaders, now: Callable[[], float], rest: Callable[[float], None]) -> None:
        self.rest = rest
        self._remaining = [name for name, value in headers.every.items() if value == "{remaining}"]
        self._now = now
        self._taken: dict[tuple[str, str], list[_Taken]] = defaultdict(list)
        self._drawn: Counter[tuple[Limit, str]] = Counter()
        self._last: Sequence[Charge] = ()

    def left(self, limit: Limit, partition: str) -> int:
        """How many units can be taken at once."""
        now = self._now()
        kept = [taken for taken in self._taken[limit.id, partition] if taken.until > now]
        self._taken[limit.id, partition] = kept
        return limit.quota - sum(taken.units for taken in kept)

    def needed(self, charges: Iterable[Charge]) -> float:
        """Seconds until all of these pass."""
        return max((self._until(charge) for charge in charges), default=0.0)

    def pause(self, charges: Iterable[Charge]) -> None:
        """Waits until all of these pass."""
        if (seconds := self.needed(charges)) > 0:
            self.rest(seconds)

    def room(self) -> int:
        """How many units are left of the limit that requests draw on most; 1 before the first."""
        most = self._most_drawn()
        return self.left(*most) if most else 1

    def window(self) -> tuple[int, int] | None:
        """How many units of how many are left of that limit; None before the first."""
        most = self._most_drawn()
        return (self.left(*most), most[0].quota) if most else None

    def nearly_spent(self) -> bool:
        """Whether little more uses that limit up, in a way that shows its quota."""
        most = self._most_drawn()
        return bool(most and 1 < self.left(*most) <= NEARLY and self._run_up(*most)[0])

    def run_up(self, quota: int) -> tuple[int, float]:
        """How many units of the last request's limit of this quota the suite took in the last half of a window, that
        request included, and when the first; 0 where some were taken before or by others.
        """
        charge = next((item for item in self._last if item.limit.quota == quota), None)
        return self._run_up(charge.limit, charge.partition) if charge else (0, 0.0)

    def _run_up(self, limit: Limit, partition: str) -> tuple[int, float]:
        kept = self._taken[limit.id, partition]
        began = min((taken.since or 0.0 for taken in kept), default=0.0)
        ours = began >= self._now() - limit.window / 2
        return sum(taken.units for taken in kept) if ours else 0, began

    def _most_drawn(self) -> tuple[Limit, str] | None:
        return next((drawn for drawn, _ in self._drawn.most_common(1)), None)

    def take(self, charges: Sequence[Charge]) -> None:
        """Notes that a request was sent that takes these. More than a quota at once is a debt that takes as many windows."""
        for charge in charges:
            windows = max(1, math.ceil(charge.units / charge.limit.quota))
            now = self._now()
            taken = _Taken(units=charge.units, since=now, until=now + windows * charge.limit.window + MARGIN)
            self._taken[charge.limit.id, charge.partition].append(taken)
            self._drawn[charge.limit, charge.partition] += 1
        self._last = charges

    def learn(self, charges: Sequence[Charge], response: httpx.Response) -> None:
        """Notes what the answer to that request tells: what was not charged, and what others take with the same key."""
        if not charges:
            return
        tightest = min(charges, key=lambda charge: self.left(charge.limit, charge.partition))
        if response.status_code == 429:
            for charge in charges:
                self._taken[charge.limit.id, charge.partition].pop()
            self._refused(tightest, pause(response.headers, tightest.limit.window))
        elif response.status_code >= 400:
            self._doubt(charges, response.status_code)
        for name in self._remaining:
            if (told := response.headers.get(name, "")).isdecimal():
                self._told(tightest, int(told))

    def _doubt(self, charges: Sequence[Charge], status: int) -> None:
        """Notes that these, the last that were taken, were charged for nothing, or perhaps not charged."""
        for charge in charges:
            last = self._taken[charge.limit.id, charge.partition].pop()
            nobody = status == 401 and charge.limit.partition == "key"
            if not charge.work and not nobody:
                kept = last if charge.sure else replace(last, since=None)
                self._taken[charge.limit.id, charge.partition].append(kept)

    def _refused(self, charge: Charge, seconds: float) -> None:
        until = self._now() + seconds + MARGIN
        self._taken[charge.limit.id, charge.partition] = [_Taken(units=charge.limit.quota, until=until)]

    def _told(self, charge: Charge, remaining: int) -> None:
        more = self.left(charge.limit, charge.partition) - remaining
        if more > 0:
            until = self._now() + charge.limit.window + MARGIN
            self._taken[charge.limit.id, charge.partition].append(_Taken(units=more, until=until))

    def _until(self, charge: Charge) -> float:
        now, lacking = self._now(), min(charge.units, charge.limit.quota) - self.left(charge.limit, charge.partition)
        if lacking <= 0:
            return 0.0
        # All of it, so that what follows is a whole quota again that begins with one of the suite's own requests.
        return max(taken.until for taken in self._taken[charge.limit.id, charge.partition]) - now


def pause(headers: Mapping[str, str], window: float) -> float:
    """Seconds to wait after a 429: as its Retry-After says, else a whole window."""
    told = headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else window
