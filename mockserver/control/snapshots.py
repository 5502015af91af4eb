"""Snapshots of the whole mock: take, list, come back to, forget."""

from __future__ import annotations

from typing import Any

from connexion.exceptions import ProblemException

from mockserver.control.app import current_world
from mockserver.snapshots import CAPACITY, Full, Snapshot


def _view(snapshot: Snapshot) -> dict[str, Any]:
    return {name: getattr(snapshot, name) for name in ("name", "at", "frozen", "accounts", "keys")}


async def index() -> list[dict[str, Any]]:
    return [_view(snapshot) for snapshot in current_world().snapshots]


async def create(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    world = current_world()
    try:
        return _view(world.snapshots.save(world, body["name"])), 201
    except Full:
        detail = f"there are {CAPACITY} snapshots already; delete one, or save under a name that is taken"
        raise ProblemException(status=409, title="Conflict", detail=detail) from None


async def restore(snapshot: str) -> dict[str, Any]:
    world = current_world()
    try:
        return _view(world.snapshots.restore(world, snapshot))
    except KeyError:
        raise _absent(snapshot) from None


async def remove(snapshot: str) -> tuple[None, int]:
    try:
        current_world().snapshots.remove(snapshot)
    except KeyError:
        raise _absent(snapshot) from None
    return None, 204


def _absent(name: str) -> ProblemException:
    known = ", ".join(snapshot.name for snapshot in current_world().snapshots) or "none"
    return ProblemException(status=404, title="Not Found", detail=f"there is no snapshot {name!r}; there is: {known}")
