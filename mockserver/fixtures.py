"""The rows of a fresh world, read from one YAML file per provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

from latchkey import Contract, ContractError
from latchkey.source import FIXTURES, read_yaml

_MOMENT = re.compile(r"@([+-]?\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHAPE = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "required": ["accounts"],
        "additionalProperties": False,
        "properties": {
            "shared": {"$ref": "#/$defs/rows"},
            "accounts": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["id", "name"],
                    "additionalProperties": False,
                    "properties": {
                        "id": {"type": "string"},
                        "name": {"type": "string"},
                        "tier": {"type": "string"},
                        "attributes": {"type": "object"},
                        "rows": {"$ref": "#/$defs/rows"},
                        "keys": {"type": "array", "items": {"$ref": "#/$defs/key"}},
                    },
                },
            },
        },
        "$defs": {
            "rows": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "object", "required": ["id"]}},
            },
            "moment": {"type": "string", "pattern": "^@[+-]?[0-9]+[smhd]$"},
            "key": {
                "type": "object",
                "required": ["situation", "key"],
                "additionalProperties": False,
                "properties": {
                    "situation": {"type": "string"},
                    "name": {"type": "string"},
                    "key": {"type": "string"},
                    "scopes": {"type": "array", "items": {"type": "string"}},
                    "permission_set": {"type": "string"},
                    "user": {"type": "integer"},
                    "attributes": {"type": "object"},
                    "created_at": {"$ref": "#/$defs/moment"},
                    "expires_at": {"$ref": "#/$defs/moment"},
                    "revoked": {"type": "boolean"},
                },
            },
        },
    }
)


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
    """The fixtures of each of the contract's providers. Raises ContractError naming file, line and place."""
    return {name: _load(contract, name, root / f"{name}.yaml") for name in contract.providers}


def _load(contract: Contract, name: str, file: Path) -> Fixtures:
    raw = read_yaml(file)
    for error in _SHAPE.iter_errors(raw):
        raise ContractError(file, error.instance_path, error.message)
    provider = contract.providers[name]
    for index, account in enumerate(raw["accounts"]):
        if account.get("tier", next(iter(provider.tiers), None)) not in {None, *provider.tiers}:
            raise ContractError(file, ("accounts", index, "tier"), f"choose one of {', '.join(provider.tiers)}")
        for number, key in enumerate(account.get("keys", ())):
            place = ("accounts", index, "keys", number)
            if not re.fullmatch(provider.keys.pattern, key["key"]):
                raise ContractError(file, (*place, "key"), f"does not match {provider.keys.pattern}")
            if key["situation"] not in provider.situations:
                known = ", ".join(provider.situations)
                raise ContractError(file, (*place, "situation"), f"is not in x-provider.situations ({known})")
    accounts = (
        AccountFixture(
            **{
                **{field: account[field] for field in ("id", "name", "tier", "attributes", "rows") if field in account},
                "keys": tuple(_key(key) for key in account.get("keys", ())),
            }
        )
        for account in raw["accounts"]
    )
    return Fixtures(raw.get("shared", {}), tuple(accounts))


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
