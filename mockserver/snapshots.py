"""Snapshots: the whole state of a world under a name, to come back to as often as wanted."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.world import World

#: Snapshots that are kept at once.
CAPACITY = 20

#: What of a world is kept. The journal is not: what it tells of has not happened in a world that comes back.
_STATE = ("source", "accounts", "indexes", "shared", "keys", "limiter", "tokens", "faults", "sequence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A world as it was at `at` (Unix seconds by its clock). Keys and tokens are in it as digests, as they are kept."""

    name: str
    at: float
    frozen: bool
    accounts: int
    keys: int
    state: bytes = field(repr=False)
    #: What was uploaded: bytes do not change, so snapshots share them.
    objects: tuple[bytes, ...] = field(repr=False)


class Full(Exception):
    """There are CAPACITY snapshots already."""


class Snapshots:
    """The snapshots of a world by name, oldest first."""

    def __init__(self) -> None:
        self._snapshots: dict[str, Snapshot] = {}

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._snapshots.values())

    def save(self, world: World, name: str) -> Snapshot:
        """Takes the place of an older one of this name. Raises Full."""
        if name not in self._snapshots and len(self._snapshots) >= CAPACITY:
            raise Full
        self._snapshots.pop(name, None)
        snapshot = self._snapshots[name] = take(world, name)
        return snapshot

    def restore(self, world: World, name: str) -> Snapshot:
        """The world goes on from there, its clock, too; the journal begins anew. Raises KeyError."""
        snapshot = self._snapshots[name]
        go_back(world, snapshot)
        world.journal.clear()
        return snapshot

    def remove(self, name: str) -> None:
        """Raises KeyError."""
        del self._snapshots[name]

    def clear(self) -> None:
        self._snapshots.clear()


def take(world: World, name: str = "") -> Snapshot:
    """The world as it is."""
    buffer = BytesIO()
    pickler = _Pickler(buffer)
    pickler.dump({member: getattr(world, member) for member in _STATE})
    return Snapshot(
        name=name,
        at=world.clock.now(),
        frozen=world.clock.frozen,
        accounts=len(world.accounts),
        keys=len(world.keys),
        state=buffer.getvalue(),
        objects=tuple(pickler.kept),
    )


def go_back(world: World, snapshot: Snapshot) -> None:
    """State and time are again those of the snapshot."""
    for member, value in _Unpickler(snapshot).load().items():
        setattr(world, member, value)
    world.clock.turn(snapshot.at, frozen=snapshot.frozen)


class _Pickler(pickle.Pickler):
    """Copies a state; keeps bytes beside it."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.kept: list[bytes] = []

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not bytes:
            return None
        self.kept.append(obj)
        return len(self.kept) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(BytesIO(snapshot.state))
        self._kept = snapshot.objects

    def persistent_load(self, pid: int) -> bytes:
        return self._kept[pid]
