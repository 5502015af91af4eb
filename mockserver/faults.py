"""Faults that were set: which requests they strike, how often, and what they do to them. Knows no HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Faults that a world holds at once; the oldest spent ones make room.
CAPACITY = 1000


@dataclass(slots=True, kw_only=True)
class Fault:
    """Strikes requests that match every scope it names (None: any), `times` times or a `share` of them.

    `refusal` is answered in place of the real answer; `drop` closes the connection without one; `truncate` closes it
    after so many bytes of the body; `delay` comes before any of these, in seconds of real time.
    """

    id: int = 0
    provider: str | None = None
    operation: str | None = None
    account: str | None = None
    key: int | None = None
    refusal: str | None = None
    delay: float = 0.0
    drop: bool = False
    truncate: int | None = None
    times: int | None = None
    share: float = 1.0
    fired: int = 0
    chance: random.Random = field(default_factory=random.Random, repr=False)

    @property
    def spent(self) -> bool:
        return self.times is not None and self.fired >= self.times

    def covers(self, provider: str, operation: str | None) -> bool:
        return self.provider in {None, provider} and self.operation in {None, operation}

    def aims_at(self, account: str | None, key: int | None) -> bool:
        return self.account in {None, account} and self.key in {None, key}

    def says(self) -> str:
        """What it did to the request that it struck last, for the journal."""
        count = f"{self.fired} of {self.times}" if self.times is not None else str(self.fired)
        done = [f"waited {self.delay:g} s"] if self.delay else []
        done += [f"answered {self.refusal} instead"] if self.refusal else []
        done += ["closed the connection without an answer"] if self.drop else []
        done += [f"closed the connection after {self.truncate} bytes of the body"] if self.truncate is not None else []
        return f"fault {self.id} {' and '.join(done)} (time {count})"


class Full(Exception):
    """There are CAPACITY faults, and none of them is spent."""


class Faults:
    """All faults of a world, oldest first. False while none can strike, so that asking costs nothing."""

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed
        self._faults: dict[int, Fault] = {}
        self._live: list[Fault] = []
        self._last = 0

    def __bool__(self) -> bool:
        return bool(self._live)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, fault: Fault) -> Fault:
        """Sets it, with an id of its own; with a seed, its share strikes the same requests each time. Raises Full."""
        if len(self._faults) >= CAPACITY:
            spent = next((old.id for old in self if old.spent), None)
            if spent is None:
                raise Full
            self.remove(spent)
        self._last += 1
        fault.id = self._last
        # A string seeds alike in every process.
        fault.chance = random.Random(None if self._seed is None else f"{self._seed} {fault.id}")  # noqa: S311 - no secret
        self._faults[fault.id] = fault
        self._live.append(fault)
        return fault

    def remove(self, id: int) -> None:
        """Raises KeyError."""
        self._live = [fault for fault in self._live if fault.id != id]
        del self._faults[id]

    def clear(self) -> None:
        self._faults.clear()
        self._live.clear()

    def covering(self, provider: str, operation: str | None) -> list[Fault]:
        """The faults that may strike such a request, oldest first."""
        return [fault for fault in self._live if fault.covers(provider, operation)]

    def strike(self, fault: Fault) -> bool:
        """Whether it strikes this time; counted."""
        if fault.chance.random() >= fault.share:
            return False
        fault.fired += 1
        if fault.spent:
            self._live.remove(fault)
        return True
