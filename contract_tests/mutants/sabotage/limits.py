"""Limits that count wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from latchkey.records import Limit


@sabotage("window-never-resets")
def window_never_resets() -> None:
    """A used-up window stays used up."""
    from mockserver.limiter import Limiter

    Limiter._current = lambda self, limit, partition, now: self._windows.get((limit.id, partition))  # type: ignore[method-assign]


@sabotage("window-refills")
def window_refills() -> None:
    """Units come back one by one, as from a bucket that leaks, and not all at once."""
    from mockserver.limiter import Limiter, _Window

    def current(self: Limiter, limit: Limit, partition: str, now: float) -> _Window | None:
        window = self._windows.get((limit.id, partition))
        if window is None:
            return None
        back = int((now - window.opened) * limit.quota / limit.window)
        window.used = max(0, window.used - back)
        window.opened += back * limit.window / limit.quota
        return window

    Limiter._current = current  # type: ignore[method-assign]


@sabotage("bucket-shared")
def bucket_shared() -> None:
    """There is one bucket for everybody."""
    from mockserver.exchange import Exchange

    Exchange._partition = lambda self, partition: "everybody"  # type: ignore[method-assign]


@sabotage("remaining-stands-still")
def remaining_stands_still() -> None:
    """What is told to be left is always what was left before the first call."""
    from mockserver.exchange import Exchange

    values = Exchange.values

    def still(self: Exchange) -> dict[str, Any]:
        told = values(self)
        return {**told, "remaining": told["quota"]} if "quota" in told else told

    Exchange.values = still  # type: ignore[method-assign]


@sabotage("refused-calls-extend")
def refused_calls_extend() -> None:
    """A refused call opens the window anew, so that who keeps asking waits for ever."""
    from mockserver.limiter import Exhausted, Limiter

    take = Limiter.take

    def extending(self: Limiter, wanted: Any, now: float, **words: Any) -> Any:
        try:
            return take(self, wanted, now, **words)
        except Exhausted:
            for limit, partition in wanted:
                if (limit.id, partition) in self._windows:
                    self._windows[limit.id, partition].opened = now
            raise

    Limiter.take = extending  # type: ignore[method-assign]


@sabotage("exhausted-blocks-all")
def exhausted_blocks_all() -> None:
    """Who has used up one limit is refused by all of them."""
    from mockserver.limiter import Exhausted, Limiter, Reading

    take = Limiter.take
    blocked: dict[str, float] = {}

    def blocking(self: Limiter, wanted: Any, now: float, **words: Any) -> Any:
        for limit, partition in wanted:
            if blocked.get(partition, 0) > now:
                raise Exhausted(Reading(limit, 0, blocked[partition]))
        try:
            return take(self, wanted, now, **words)
        except Exhausted as problem:
            for _, partition in wanted:
                blocked[partition] = problem.reading.reset
            raise

    Limiter.take = blocking  # type: ignore[method-assign]


@sabotage("debt-forgiven")
def debt_forgiven() -> None:
    """Each window begins anew, whatever was owed."""
    from mockserver.limiter import Limiter, _Window

    def current(self: Limiter, limit: Limit, partition: str, now: float) -> _Window | None:
        window = self._windows.get((limit.id, partition))
        if window is not None and now >= window.opened + limit.window:
            del self._windows[limit.id, partition]
            return None
        return window

    Limiter._current = current  # type: ignore[method-assign]


@sabotage("work-costs-one")
def work_costs_one() -> None:
    """A call is charged one unit, however much work it asks for."""
    from mockserver.exchange import Exchange

    Exchange.spend = lambda self, limit, units=1: self.take([limit])  # type: ignore[method-assign]
