"""Settings, API keys: a provider's accounts, one account's plan and switches, its keys and its users."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from latchkey.records import Provider
from latchkey.rules import Rule
from mockserver.keys import Key
from mockserver.world import Account, World

#: Keys, users and accounts on the page; the control plane lists them all.
SHOWN = 200


def keys(world: World, rules: Mapping[str, Rule], query: Mapping[str, str]) -> dict[str, Any]:
    wanted = world.accounts.get(query.get("account", ""))
    named = wanted.provider if wanted else query.get("provider", "")
    provider = world.contract.providers.get(named) or next(iter(world.contract.providers.values()))
    accounts = list(islice(world.accounts_of(provider.name), SHOWN))
    account = wanted or next(iter(accounts), None)
    doors = world.doors.get(provider.name, {}) if provider.protocols else {}
    return {"provider": provider, "accounts": accounts, "account": account, "doors": doors} | (
        _account(world, provider, account) if account else {}
    )


def _account(world: World, provider: Provider, account: Account) -> dict[str, Any]:
    listed = world.keys.of(account.id)
    now = world.clock.now()
    users = dict(islice(account.table("users").items(), SHOWN))
    return {
        "keys": [(key, state(key, now)) for key in reversed(listed[-SHOWN:])],
        "users": {
            id: (row, [key for key in listed if key.user == id and not key.revoked_at]) for id, row in users.items()
        },
        "switches": _switches(provider, account),
        "may_create": provider.keys.tiers is None or account.tier in provider.keys.tiers,
        "situations": provider.situations,
    }


def state(key: Key, now: float) -> str:
    """active, revoked or expired."""
    return "revoked" if key.revoked_at is not None else "expired" if key.expired(now) else "active"


def _switches(provider: Provider, account: Account) -> dict[str, bool]:
    """What of an account is on or off: what it says itself, and what the contract's situations say of accounts."""
    known = {name: False for item in provider.situations.values() for name in item.account}
    return {
        name: value
        for name, value in (known | account.attributes).items()
        if isinstance(value, bool) and name != "tier"
    }
