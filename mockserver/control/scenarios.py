"""Scenarios: many actions at once, all or none."""

from __future__ import annotations

from typing import Any

from connexion.exceptions import BadRequestProblem

from mockserver.control import accounts, faults, keys, rows
from mockserver.control.app import current_world
from mockserver.scenario import Unplayable, play


async def create(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    try:
        cast = play(current_world(), body)
    except Unplayable as problem:
        raise BadRequestProblem(detail=str(problem)) from None
    return {
        "accounts": {name: accounts.view(account) for name, account in cast.accounts.items()},
        "keys": {name: keys.revealed(key, cast.raw[name]) for name, key in cast.keys.items()},
        "rows": {name: rows.view(row) for name, row in cast.rows.items()},
        "faults": [faults.view(fault) for fault in cast.faults],
    }, 201
