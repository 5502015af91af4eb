"""What the mock is, and its clock."""

from __future__ import annotations

from typing import Any

from connexion.exceptions import BadRequestProblem

import latchkey
from mockserver.control.app import current_world
from mockserver.world import World


async def show() -> dict[str, Any]:
    world = current_world()
    return {
        "mock": "latchkey",
        "version": latchkey.__version__,
        "providers": list(world.contract.providers),
        "clock": await clock(),
        "accounts": len(world.accounts),
        "keys": len(world.keys),
        "windows": len(world.limiter),
        "tokens": len(world.tokens),
        "journal": len(world.journal),
        "protocols": world.doors,
    }


async def reset() -> tuple[None, int]:
    current_world().reset()
    return None, 204


async def clock() -> dict[str, Any]:
    clock = current_world().clock
    return {"now": clock.now(), "frozen": clock.frozen}


async def set_clock(body: dict[str, Any]) -> dict[str, Any]:
    move(current_world(), body)
    return await clock()


def move(world: World, wanted: dict[str, Any]) -> None:
    """Freezes or runs the clock, then advances it. Raises the problem 400."""
    if "frozen" in wanted:
        (world.clock.freeze if wanted["frozen"] else world.clock.run)()
    try:
        world.clock.advance(wanted.get("advance", 0))
        world.evict()
    except ValueError as problem:
        raise BadRequestProblem(detail=str(problem)) from None
