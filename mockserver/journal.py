"""What came in, what went out, and why: the last requests. Secrets are hidden when an entry is read (see `redact`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

#: Older entries are dropped.
CAPACITY = 1000
#: Bytes kept of each body.
KEPT = 16 * 1024


# Neither record is frozen: every request makes both, and a frozen one takes twice as long to make.


@dataclass(slots=True, kw_only=True)
class Transcript:
    """The exchange as it was, credentials included, so that it can be repeated: never shown but through `redact`.

    Header names are in lower case. A body is its first KEPT bytes; a size counts them all.
    """

    origin: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    size: int
    answer_headers: Sequence[tuple[bytes, bytes]]
    answer: bytes
    answer_size: int


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request and its answer; times are Unix seconds.

    `key`, `key_id` and `user` say who asked, None where nobody was recognised; `refusal`, `rule` and `reason` why it
    was refused, None where it passed; `fault` what a fault did to it.
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
    fault: str | None
    stages: tuple[str, ...]
    transcript: Transcript = field(repr=False)

    @property
    def protocol(self) -> str:
        """What it came over, where that is not the API: the first word of its method, in lower case."""
        return self.method.rpartition(" ")[0].lower()

    @property
    def verb(self) -> str:
        """The method as its protocol has it."""
        return self.method.rpartition(" ")[2]


class Journal:
    """The newest entries, at most CAPACITY."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=CAPACITY)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __reversed__(self) -> Iterator[Entry]:
        return reversed(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def find(self, id: str) -> Entry | None:
        return next((entry for entry in reversed(self._entries) if entry.id == id), None)

    def clear(self) -> None:
        self._entries.clear()
