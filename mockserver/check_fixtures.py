"""Whether a fixture file is right. What a row must hold is read off the built-in rows, which every handler knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from latchkey.records import Provider

Place = tuple[str | int, ...]
Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
#: Where in the file, and what to do.
Mistake = tuple[Place, str]

MOMENT = r"^@[+-]?[0-9]+[smhd]$"
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
            "moment": {"type": "string", "pattern": MOMENT},
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


def mistakes(provider: Provider, raw: Any, model: Mapping[str, Any] | None) -> Iterator[Mistake]:
    """Everything wrong with a fixture file of this provider; `model` is the content of the built-in one, which has none."""
    shape = [(tuple(error.instance_path), error.message) for error in _SHAPE.iter_errors(raw)]
    yield from shape
    if shape:
        return
    if model:
        samples = [account.get("rows", {}) for account in model["accounts"]]
        yield from _rows(("shared",), raw.get("shared", {}), [model.get("shared", {})])
        for index, account in enumerate(raw["accounts"]):
            yield from _rows(("accounts", index, "rows"), account.get("rows", {}), samples)
    for index, account in enumerate(raw["accounts"]):
        place: Place = ("accounts", index)
        if account.get("tier", next(iter(provider.tiers), None)) not in {None, *provider.tiers}:
            yield (*place, "tier"), f"choose one of: {', '.join(provider.tiers)}"
        for number, key in enumerate(account.get("keys", ())):
            yield from _key((*place, "keys", number), key, account, provider)
    yield from _repeated([(("accounts", index, "id"), item["id"]) for index, item in enumerate(raw["accounts"])])
    keys = [(place, key) for place, key in _keys(raw)]
    yield from _repeated([((*place, "key"), key["key"]) for place, key in keys])
    if not any(key["situation"] == "full" for _, key in keys):
        yield ("accounts", 0), "no account has a key with situation: full; add one, for the start-up lines to show"


def _keys(raw: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for index, account in enumerate(raw["accounts"]):
        for number, key in enumerate(account.get("keys", ())):
            yield ("accounts", index, "keys", number), key


def _key(place: Place, key: Mapping[str, Any], account: Mapping[str, Any], provider: Provider) -> Iterator[Mistake]:
    if not re.fullmatch(provider.keys.pattern, key["key"]):
        yield (*place, "key"), f"does not match {provider.keys.pattern}"
    users = [row["id"] for row in account.get("rows", {}).get("users", ())]
    known = {
        "situation": ([key["situation"]], provider.situations),
        "scopes": (key.get("scopes", ()), provider.scopes),
        "permission_set": ([key["permission_set"]] if "permission_set" in key else (), provider.permission_sets),
        "user": ([key["user"]] if "user" in key else (), users),
    }
    for member, (named, table) in known.items():
        for name in named:
            if name not in table:
                yield (*place, member), f"there is no {name!r}; choose one of: {', '.join(map(str, table)) or 'none'}"


def _rows(place: Place, tables: Tables, samples: Sequence[Tables]) -> Iterator[Mistake]:
    """Rows that lack what the samples' rows of the table all have, or hold something else."""
    known = {name: [row for tables in samples for row in tables.get(name, ())] for tables in samples for name in tables}
    for name, rows in tables.items():
        if name not in known:
            yield (*place, name), f"nothing reads a table of this name; choose one of: {', '.join(known)}"
            continue
        yield from _repeated([((*place, name, number, "id"), row["id"]) for number, row in enumerate(rows)])
        schema = jsonschema_rs.Draft202012Validator(_like(known[name])) if known[name] else None
        for number, row in enumerate(rows):
            for error in schema.iter_errors(row) if schema else ():
                members = ", ".join(_like(known[name])["required"])
                told = f"{error.message}; a row of {name} has {members}"
                yield (*place, name, number, *error.instance_path), told
            for inside, value, other in _references(row, known[name], samples):
                if value not in [target["id"] for target in tables.get(other, ())]:
                    yield (*place, name, number, *inside), f"there is no row {value!r} in {other}"


def _like(values: Sequence[Any]) -> dict[str, Any]:
    """A JSON Schema that all of these values pass; a moment may also be a number."""
    schema: dict[str, Any] = {"type": sorted({_type(value) for value in values})}
    objects = [value for value in values if isinstance(value, dict)]
    if objects:
        members = {name: None for value in objects for name in value}
        schema["required"] = [name for name in members if all(name in value for value in objects)]
        schema["properties"] = {name: _like([value[name] for value in objects if name in value]) for name in members}
    items = [item for value in values if isinstance(value, list) for item in value]
    if items:
        schema["items"] = _like(items)
    texts = [value for value in values if isinstance(value, str)]
    if texts and all(re.search(MOMENT, text) for text in texts):
        schema |= {"type": [*schema["type"], "number"], "pattern": MOMENT}
    return schema


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _references(row: Row, alike: Sequence[Row], samples: Sequence[Tables]) -> Iterator[tuple[Place, Any, str]]:
    """The ids of other rows that this row holds: where, which, and of which table. Rows that are alike tell where."""
    for member, value in row.items():
        others = [other[member] for other in alike if member in other]
        table = _referred(member, others, samples)
        for item in _listed(value) if table else ():
            yield (member,), item, str(table)
        inner = [item for other in others if isinstance(other, list) for item in other if isinstance(item, dict)]
        for number, item in enumerate(value if inner and isinstance(value, list) else ()):
            for place, found, named in _references(item, inner, samples):
                yield (member, number, *place), found, named


def _referred(member: str, values: Sequence[Any], samples: Sequence[Tables]) -> str | None:
    """The table that these values of a member are ids of, by its name: `products`, `product`, `user_id`."""
    for table in (member, f"{member.removesuffix('_id')}s"):
        ids = {row["id"] for tables in samples for row in tables.get(table, ())}
        if ids and all(value in ids for item in values for value in _listed(item)):
            return table
    return None


def _listed(value: Any) -> list[Any]:
    """The plain values of a member: of a list its items, of nothing none."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str | int)]


def _repeated(named: Sequence[tuple[Place, Any]]) -> Iterator[Mistake]:
    seen: set[Any] = set()
    for place, name in named:
        if name in seen:
            yield place, f"{name!r} is there already; give it another"
        seen.add(name)
