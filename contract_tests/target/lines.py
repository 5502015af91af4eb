"""On which line of a TOML file a value stands."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

#: The names and positions that lead to a value.
Path = Sequence[str | int]


def line_of(text: str, path: Path) -> int:
    """The line, counted from 1, on which the value at this path begins, or else the nearest table around it.

    Python's reader of TOML tells no lines, but it can be asked: a value begins after the last beginning of the file that can
    be read without it.
    """
    lines, begins, found = text.splitlines(), 1, (0, 1)
    for number in range(1, len(lines) + 1):
        try:
            read = tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        depth = _depth(read, path)
        if depth > found[0]:
            found = (depth, begins)
        begins = number + 1
    return found[1]


def _depth(read: Any, path: Path) -> int:
    """How many steps of the path lead somewhere."""
    for depth, step in enumerate(path):
        try:
            read = read[step]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(path)
