"""Accounts: open, look, upgrade or downgrade, close."""

from __future__ import annotations

from typing import Any

from connexion.exceptions import BadRequestProblem, ProblemException

from latchkey.records import Provider
from mockserver.control.app import current_world
from mockserver.world import Account


def find(account: str) -> Account:
    """The account. Raises the problem 404."""
    try:
        return current_world().accounts[account]
    except KeyError:
        raise ProblemException(status=404, title="Not Found", detail=f"there is no account {account!r}") from None


def _view(account: Account) -> dict[str, Any]:
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
    return [_view(account) for account in accounts if provider in {None, account.provider}]


async def create(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    world = current_world()
    provider = world.contract.providers.get(body.pop("provider"))
    if provider is None:
        known = ", ".join(world.contract.providers)
        raise BadRequestProblem(detail=f"no such provider here; choose one of: {known}")
    _check_tier(provider, body.get("tier"))
    return _view(world.open_account(provider, **body)), 201


async def show(account: str) -> dict[str, Any]:
    return _view(find(account))


async def change(account: str, body: dict[str, Any]) -> dict[str, Any]:
    found = find(account)
    _check_tier(current_world().contract.providers[found.provider], body.get("tier"))
    found.name = body.get("name", found.name)
    found.tier = body.get("tier", found.tier)
    found.attributes.update(body.get("attributes", {}))
    return _view(found)


async def close(account: str) -> tuple[None, int]:
    current_world().close_account(find(account))
    return None, 204
