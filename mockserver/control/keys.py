"""Keys: create and reveal once, look, rotate, revoke."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from connexion.exceptions import BadRequestProblem, ProblemException

from latchkey.records import Situation
from mockserver.control import accounts
from mockserver.control.app import current_world
from mockserver.keys import Key
from mockserver.world import Account, World


def _find(key: int) -> Key:
    found = current_world().keys.get(key)
    if found is None:
        raise ProblemException(status=404, title="Not Found", detail=f"there is no key {key}")
    return found


def _view(key: Key) -> dict[str, Any]:
    return {**asdict(key), "scopes": list(key.scopes)}


def revealed(key: Key, raw: str) -> dict[str, Any]:
    """The key with its raw value: for the answer that creates it, and no other."""
    return {**_view(key), "key": raw}


async def index(account: str) -> list[dict[str, Any]]:
    return [_view(key) for key in current_world().keys.of(accounts.find(account).id)]


async def create(account: str, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    key, raw = issue(current_world(), accounts.find(account), body)
    return revealed(key, raw), 201


def issue(world: World, owner: Account, wanted: dict[str, Any]) -> tuple[Key, str]:
    """A new key of the account and its raw value. Raises the problem 400 or 403."""
    body = dict(wanted)
    provider = world.contract.providers[owner.provider]
    _known("situation", [body["situation"]] if "situation" in body else [], provider.situations)
    situation = provider.situations.get(body.pop("situation", ""), Situation(name="key", says=""))
    _known("scope", body.get("scopes", ()), provider.scopes)
    _known("permission set", [body["permission_set"]] if "permission_set" in body else [], provider.permission_sets)
    _known("user", [body["user"]] if "user" in body else [], owner.table("users"))
    if provider.keys.tiers is not None and owner.tier not in provider.keys.tiers and not situation.account:
        raise ProblemException(
            status=403,
            title="Forbidden",
            detail=f"tier {owner.tier!r} has no keys; upgrade to {provider.keys.tiers[0]}",
        )
    user = {} if "user" in body else situation.user
    meant = Situation(name=situation.name, says="", key={**situation.key, **body}, user=user, revoked=situation.revoked)
    try:
        return world.create_key_for(owner, meant)
    except LookupError as problem:
        raise BadRequestProblem(detail=str(problem)) from None


def _known(what: str, names: Iterable[Any], table: Mapping[Any, Any]) -> None:
    for name in names:
        if name not in table:
            known = ", ".join(map(str, table)) or "none"
            raise BadRequestProblem(detail=f"unknown {what} {name!r}; there is: {known}")


async def show(key: int) -> dict[str, Any]:
    return _view(_find(key))


async def change(key: int, body: dict[str, Any]) -> dict[str, Any]:
    found = _find(key)
    found.name = body.get("name", found.name)
    found.unlimited = body.get("unlimited", found.unlimited)
    found.attributes.update(body.get("attributes", {}))
    return _view(found)


async def revoke(key: int) -> dict[str, Any]:
    found = _find(key)
    current_world().revoke(found)
    return _view(found)


async def rotate(key: int) -> tuple[dict[str, Any], int]:
    return revealed(*current_world().rotate(_find(key))), 201
