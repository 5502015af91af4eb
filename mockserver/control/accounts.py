"""Accounts: open, look, upgrade or downgrade, close."""

from __future__ import annotations

from typing import Any

from connexion.exceptions import BadRequestProblem, ProblemException

from latchkey.records import Provider
from mockserver.control.app import current_world
from mockserver.world import Account, World


def find(account: str, world: World | None = None) -> Account:
    """The account, of the world of the request where none is given. Raises the problem 404."""
    try:
        return (world or current_world()).accounts[account]
    except KeyError:
        raise ProblemException(status=404, title="Not Found", detail=f"there is no account {account!r}") from None


def view(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "provider": account.provider,
        "name": account.name,
        "tier": account.tier,
        "attributes": account.attributes,
    }


def _check_tier(provider: Provider, tier: str | None) -> None:
    if tier is not None and tier not in provider.tiers:
        known = ", ".join(provider.tiers) or "none"
        raise BadRequestProblem(detail=f"{provider.title} has no tier {tier!r}; choose one of: {known}")


async def index(provider: str | None = None) -> list[dict[str, Any]]:
    accounts = current_world().accounts.values()
    return [view(account) for account in accounts if provider in {None, account.provider}]


async def create(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    return view(open_account(current_world(), body)), 201


def open_account(world: World, wanted: dict[str, Any]) -> Account:
    """A fresh account. Raises the problem 400."""
    wanted = dict(wanted)
    provider = world.contract.providers.get(wanted.pop("provider"))
    if provider is None:
        known = ", ".join(world.contract.providers)
        raise BadRequestProblem(detail=f"no such provider here; choose one of: {known}")
    _check_tier(provider, wanted.get("tier"))
    return world.open_account(provider, **wanted)


async def show(account: str) -> dict[str, Any]:
    return view(find(account))


async def change(account: str, body: dict[str, Any]) -> dict[str, Any]:
    found = find(account)
    alter(current_world(), found, body)
    return view(found)


def alter(world: World, account: Account, changes: dict[str, Any]) -> None:
    """Raises the problem 400."""
    _check_tier(world.contract.providers[account.provider], changes.get("tier"))
    account.name = changes.get("name", account.name)
    account.tier = changes.get("tier", account.tier)
    account.attributes.update(changes.get("attributes", {}))


async def close(account: str) -> tuple[None, int]:
    current_world().close_account(find(account))
    return None, 204
