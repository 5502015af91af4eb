"""Budgets: what each limit has left for whom."""

from __future__ import annotations

from typing import Any

from mockserver.control.app import current_world
from mockserver.limiter import Reading
from mockserver.world import World


async def index(provider: str | None = None) -> list[dict[str, Any]]:
    world = current_world()
    return [item for item in budgets(world) if provider in {None, item["provider"]}]


def budgets(world: World) -> list[dict[str, Any]]:
    """Every open window, the one with the smallest share left first. What nobody has used has no window."""
    readings = sorted(
        world.limiter.readings(world.clock.now()), key=lambda item: item[1].remaining / item[1].limit.quota
    )
    return [_view(world, partition, reading) for partition, reading in readings]


def _view(world: World, partition: str, reading: Reading) -> dict[str, Any]:
    limit = reading.limit
    key = world.keys.get(int(partition)) if limit.partition == "key" else None
    return {
        "provider": limit.id.partition(".")[0],
        "limit": limit.name,
        "partition": limit.partition,
        "of": key.name if key else partition,
        "key_id": key.id if key else None,
        "account": key.account if key else partition if limit.partition == "account" else None,
        "quota": limit.quota,
        "window": limit.window,
        "remaining": reading.remaining,
        "reset": reading.reset,
    }
