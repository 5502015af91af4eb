"""Tokens that were issued, and what became of them; never the token itself."""

from __future__ import annotations

from typing import Any

from mockserver.control.app import current_world
from mockserver.world import World


async def index(limit: int = 100) -> list[dict[str, Any]]:
    return tokens(current_world(), limit)


def tokens(world: World, limit: int) -> list[dict[str, Any]]:
    """The newest tokens, newest first."""
    now = world.clock.now()
    return [
        {
            "kind": grant.kind,
            "account": grant.account or None,
            "issued": grant.issued,
            "expires": grant.expires,
            "uses_left": grant.uses_left,
            "state": grant.state(now),
        }
        for grant in world.tokens.grants()[: -limit - 1 : -1]
    ]
