"""Sabotaged parts of the mock, put in from outside: run as `python -m contract_tests.mutants.sabotage NAME …`, in the mock's process.

Only here does this package reach into the mock, and nothing of the suite runs in that process. Each sabotage is one function
that replaces a part of the mock before it starts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

#: Name to the function that breaks the mock.
SABOTAGES: dict[str, Callable[[], None]] = {}


def sabotage(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Registers a function that replaces a part of the mock."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        SABOTAGES[name] = function
        return function

    return register


@sabotage("window-never-resets")
def window_never_resets() -> None:
    """A used-up window stays used up."""
    from mockserver.limiter import Limiter

    Limiter._current = lambda self, limit, partition, now: self._windows.get((limit.id, partition))  # type: ignore[method-assign]


def main() -> None:
    """Breaks the mock as named, then starts it with the remaining arguments."""
    name, *arguments = sys.argv[1:]
    SABOTAGES[name]()
    from mockserver.cli import main as mockserver

    mockserver(arguments)


if __name__ == "__main__":
    main()
