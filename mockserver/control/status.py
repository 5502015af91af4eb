"""What the mock is, and its clock."""

from __future__ import annotations

from typing import Any

from connexion.exceptions import BadRequestProblem

import latchkey
from mockserver.control.app import current_world


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
    }


async def reset() -> tuple[None, int]:
    current_world().reset()
    return None, 204


async def clock() -> dict[str, Any]:
    clock = current_world().clock
    return {"now": clock.now(), "frozen": clock.frozen}


async def set_clock(body: dict[str, Any]) -> dict[str, Any]:
    time = current_world().clock
    if "frozen" in body:
        (time.freeze if body["frozen"] else time.run)()
    try:
        time.advance(body.get("advance", 0))
        current_world().evict()
    except ValueError as problem:
        raise BadRequestProblem(detail=str(problem)) from None
    return await clock()
