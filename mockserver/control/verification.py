"""Verification: whether the journal has so many requests of a kind; where not, what came nearest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.control.app import current_world
from mockserver.control.journal import view
from mockserver.query import Query

#: Requests that nearly matched, as far as they are told.
NEAREST = 3


async def verify(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    expect = body.pop("expect", {"at_least": 1})
    world, query = current_world(), Query(**{**body, **({"status": str(body["status"])} if "status" in body else {})})
    told = [(entry, query.misses(entry)) for entry in (view(world, entry) for entry in world.journal)]
    entries = [entry for entry, misses in told if not misses]
    if _expected(expect, len(entries)):
        return {"count": len(entries), "entries": entries}, 200
    # The fewer differences the nearer; of equals the newest.
    near = sorted(((entry, misses) for entry, misses in reversed(told) if misses), key=lambda item: len(item[1]))
    return {
        "status": 409,
        "title": "Conflict",
        "detail": f"{_words(expect)} expected, {len(entries)} found",
        "count": len(entries),
        "entries": entries,
        "nearest": [{"differences": misses, "entry": entry} for entry, misses in near[:NEAREST]],
    }, 409


def _expected(expect: Mapping[str, int], count: int) -> bool:
    least, most = expect.get("at_least", 0), expect.get("at_most", count)
    return count == expect.get("count", count) and least <= count <= most


def _words(expect: Mapping[str, int]) -> str:
    return " and ".join(f"{name.replace('_', ' ')} {number}".removeprefix("count ") for name, number in expect.items())
