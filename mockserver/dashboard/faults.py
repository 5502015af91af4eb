"""The faults page: what can go wrong on purpose, and what is set to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latchkey import Contract
from latchkey.rules import Rule
from mockserver.faults import Fault
from mockserver.world import World

#: Faults on the page, the newest.
SHOWN = 100


def faults(world: World, rules: Mapping[str, Rule], query: Mapping[str, str]) -> dict[str, Any]:
    contract = world.contract
    return {
        "operations": {name: list(contract.of(name)) for name in contract.providers},
        "faults": [(fault, _where(contract, world, fault)) for fault in reversed(list(world.faults)[-SHOWN:])],
    }


def _where(contract: Contract, world: World, fault: Fault) -> str:
    """The requests that it can strike, in words."""
    operation, provider = contract.operations.get(fault.operation or ""), contract.providers.get(fault.provider or "")
    place = (
        f"{operation.method} {operation.path}"
        if operation
        else f"All of {provider.title}"
        if provider
        else "Everywhere"
    )
    key = world.keys.get(fault.key) if fault.key is not None else None
    account = world.accounts.get(fault.account or "")
    return place + (f", key {key.name}" if key else "") + (f", account {account.name}" if account else "")
