"""Faults: set, look how often each struck, take away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connexion.exceptions import BadRequestProblem, ProblemException

from latchkey.records import Provider
from mockserver.control.app import current_world
from mockserver.faults import CAPACITY, Fault, Full
from mockserver.world import World

_EFFECTS = ("refusal", "drop", "truncate")
_TOLD = (
    "id",
    "provider",
    "operation",
    "account",
    "key",
    "refusal",
    "delay",
    "drop",
    "truncate",
    "times",
    "share",
    "fired",
)


class Wrong(ValueError):
    """The fault makes no sense here; the message says what there is."""


def view(fault: Fault) -> dict[str, Any]:
    return {**{name: getattr(fault, name) for name in _TOLD}, "spent": fault.spent}


def set_fault(world: World, wanted: dict[str, Any]) -> Fault:
    """Checks every name, then sets the fault. Raises Wrong."""
    effects = [name for name in _EFFECTS if wanted.get(name) not in (None, False)]
    if len(effects) > 1 or not (effects or wanted.get("delay")):
        raise Wrong("say one of: refusal, drop, truncate, delay; a delay also goes with one of the others")
    provider = _provider(world, wanted)
    if wanted.get("refusal") is not None:
        _refusal(world, provider, wanted["refusal"])
    try:
        return world.faults.add(Fault(**{**wanted, "provider": provider.name if provider else None}))
    except Full:
        raise Wrong(f"there are {CAPACITY} faults already, none of them spent: take some away") from None


def _provider(world: World, wanted: dict[str, Any]) -> Provider | None:
    """The provider that the fault is about: the one named, or that of the operation, account or key. Raises Wrong."""
    owners = []
    if wanted.get("provider") is not None:
        owners.append(_known("provider", wanted["provider"], world.contract.providers))
    if wanted.get("operation") is not None:
        owners.append(
            world.contract.operations[_known("operation", wanted["operation"], world.contract.operations)].provider
        )
    if wanted.get("account") is not None:
        owners.append(world.accounts[_known("account", wanted["account"], world.accounts)].provider)
    if wanted.get("key") is not None:
        key = world.keys.get(wanted["key"])
        if key is None:
            raise Wrong(f"there is no key {wanted['key']}")
        owners.append(key.provider)
    if len(set(owners)) > 1:
        raise Wrong(f"this is about several providers: {', '.join(sorted(set(owners)))}")
    return world.contract.providers[owners[0]] if owners else None


def _refusal(world: World, provider: Provider | None, name: str) -> None:
    if provider is None:
        raise Wrong("a refusal is one of a provider: say which provider, operation, account or key")
    _known(f"refusal of {provider.title}", name, provider.refusals)


def _known(what: str, name: str, names: Iterable[str]) -> str:
    if name not in names:
        raise Wrong(f"unknown {what} {name!r}; there is: {', '.join(names) or 'none'}")
    return name


async def index() -> list[dict[str, Any]]:
    return [view(fault) for fault in current_world().faults]


async def create(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    try:
        return view(set_fault(current_world(), body)), 201
    except Wrong as problem:
        raise BadRequestProblem(detail=str(problem)) from None


async def show(fault: int) -> dict[str, Any]:
    found = next((each for each in current_world().faults if each.id == fault), None)
    if found is None:
        raise _absent(fault)
    return view(found)


async def remove(fault: int) -> tuple[None, int]:
    try:
        current_world().faults.remove(fault)
    except KeyError:
        raise _absent(fault) from None
    return None, 204


async def clear() -> tuple[None, int]:
    current_world().faults.clear()
    return None, 204


def _absent(fault: int) -> ProblemException:
    return ProblemException(status=404, title="Not Found", detail=f"there is no fault {fault}")
