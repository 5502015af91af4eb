"""The table of sabotages, and the decorator that puts a function into it."""

from __future__ import annotations

from collections.abc import Callable

#: Name to the function that breaks, or only changes, the mock.
SABOTAGES: dict[str, Callable[[], None]] = {}


def sabotage(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Registers a function that replaces a part of the mock."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        assert name not in SABOTAGES, name
        SABOTAGES[name] = function
        return function

    return register
