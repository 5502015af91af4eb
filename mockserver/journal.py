"""What came in, what went out, and why: the last requests, without their secrets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

#: Older entries are dropped.
CAPACITY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and its answer; times are Unix seconds.

    `key`, `key_id` and `user` say who asked, None where nobody was recognised; `refusal`, `rule` and `reason` why it
    was refused, None where it passed.
    """

    id: str
    at: float
    provider: str | None
    operation: str | None
    account: str | None
    key: str | None
    key_id: int | None
    user: int | None
    client: str
    method: str
    path: str
    status: int
    refusal: str | None
    rule: str | None
    reason: str | None
    stages: tuple[str, ...]


class Journal:
    """The newest entries, at most CAPACITY."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=CAPACITY)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def clear(self) -> None:
        self._entries.clear()
