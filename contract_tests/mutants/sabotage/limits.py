"""Limits that count wrongly."""

from __future__ import annotations

from contract_tests.mutants.sabotage.registry import sabotage


@sabotage("window-never-resets")
def window_never_resets() -> None:
    """A used-up window stays used up."""
    from mockserver.limiter import Limiter

    Limiter._current = lambda self, limit, partition, now: self._windows.get((limit.id, partition))  # type: ignore[method-assign]
