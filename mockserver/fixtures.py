"""The rows of a fresh world, read from one YAML file per provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latchkey import Contract, ContractError
from latchkey.records import Provider
from latchkey.source import FIXTURES, read_yaml
from mockserver.check_fixtures import mistakes

_MOMENT = re.compile(r"@([+-]?\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFixture:
    """A ready-made key. `created_in` and `expires_in` are seconds from the start."""

    situation: str
    key: str
    name: str
    scopes: tuple[str, ...] | None
    permission_set: str | None
    user: int | None
    attributes: Mapping[str, Any]
    created_in: float
    expires_in: float | None
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFixture:
    id: str
    name: str
    tier: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[KeyFixture, ...] = ()


@dataclass(frozen=True, slots=True)
class Fixtures:
    """One provider's rows. The first account is the one that fresh accounts are copied from."""

    shared: Mapping[str, Any]
    accounts: tuple[AccountFixture, ...]

    @staticmethod
    def tables(rows: Mapping[str, Any], now: float) -> dict[str, dict[Any, dict[str, Any]]]:
        """Rows by id, '@-3d' and the like turned into Unix seconds."""
        return {table: {row["id"]: _at(row, now) for row in items} for table, items in rows.items()}


def load_fixtures(contract: Contract, root: Path = FIXTURES) -> dict[str, Fixtures]:
    """The fixtures of each of the contract's providers, the built-in ones of those that the folder has no file for.

    Raises ContractError naming file, line, place and what to write.
    """
    known = {file.stem for file in FIXTURES.glob("*.yaml")} | set(contract.providers)
    for file in sorted(root.glob("*.y*ml")):
        if file.suffix != ".yaml" or file.stem not in known:
            names = ", ".join(f"{name}.yaml" for name in sorted(known))
            raise ContractError(file, (), f"is no provider's file; call it one of: {names}")
    return {name: _load(contract.providers[name], root) for name in contract.providers}


def _load(provider: Provider, root: Path) -> Fixtures:
    own, built_in = (folder / f"{provider.name}.yaml" for folder in (root, FIXTURES))
    file = own if own.exists() else built_in
    raw, model = read_yaml(file), None if file == built_in else read_yaml(built_in)
    for place, problem in mistakes(provider, raw, model):
        raise ContractError(file, place, problem)
    accounts = (
        AccountFixture(
            **{
                **{field: account[field] for field in ("id", "name", "tier", "attributes", "rows") if field in account},
                "keys": tuple(_key(key) for key in account.get("keys", ())),
            }
        )
        for account in raw["accounts"]
    )
    return Fixtures({**(model or {}).get("shared", {}), **raw.get("shared", {})}, tuple(accounts))


def _key(raw: Mapping[str, Any]) -> KeyFixture:
    return KeyFixture(
        situation=raw["situation"],
        key=raw["key"],
        name=raw.get("name", raw["situation"]),
        scopes=tuple(raw["scopes"]) if "scopes" in raw else None,
        permission_set=raw.get("permission_set"),
        user=raw.get("user"),
        attributes=raw.get("attributes", {}),
        created_in=_at(raw.get("created_at", "@-30d"), 0.0),
        expires_in=_at(raw["expires_at"], 0.0) if "expires_at" in raw else None,
        revoked=raw.get("revoked", False),
    )


def _at(value: Any, now: float) -> Any:
    if isinstance(value, str):
        hit = _MOMENT.fullmatch(value)
        return now + int(hit[1]) * _SECONDS[hit[2]] if hit else value
    if isinstance(value, dict):
        return {name: _at(item, now) for name, item in value.items()}
    if isinstance(value, list):
        return [_at(item, now) for item in value]
    return value
