"""Checks the policies of a contract at load: their shape against `vocabulary.yaml`, then every name they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs

from latchkey.source import ContractError, read_yaml


class Use(NamedTuple):
    """A name used at a place, and the table that has to hold it."""

    place: tuple[str | int, ...]
    name: str
    table: str


def check(root: Path, document: Mapping[str, Any], sources: Mapping[str, Path]) -> None:
    """Raises ContractError for the first policy that is malformed or uses a name that nothing defines."""
    schema = read_yaml(root / "vocabulary.yaml")
    provider_shape = _validator(schema, "provider")
    policy_shape = _validator(schema, "policy")
    link_shape = _validator(schema, "link")
    for name, provider in document["x-providers"].items():
        _check_shape(provider_shape, provider, sources[name], ("x-provider",))
        _check_names(provider, sources[name], ("x-provider",), provider_uses(provider), provider)
    seen: dict[str, str] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict):
                continue
            file, place = _operation_source(operation, path, method, document, sources)
            where = operation["operationId"]
            if where in seen:
                raise ContractError(file, (*place, "operationId"), f"{where} is also at {seen[where]}; rename one")
            seen[where] = path
            provider = document["x-providers"][where.split(".")[0]]
            if not any(path.startswith(prefix) for prefix in provider["prefixes"]):
                raise ContractError(file, place, f"{path} begins with no prefix of x-provider.prefixes; add one")
            policy = operation.get("x-policy", {})
            _check_shape(policy_shape, policy, file, (*place, "x-policy"))
            _check_names(provider, file, (*place, "x-policy"), policy_uses(policy), provider)
            for status, answer in operation["responses"].items():
                for name, link in answer.get("links", {}).items():
                    _check_shape(link_shape, link, file, (*place, "responses", status, "links", name))
    for name, provider in document["x-providers"].items():
        if provider["example"] not in seen:
            raise ContractError(sources[name], ("x-provider", "example"), "is no operationId; name one")
        if "protocols" in provider and provider["protocols"]["told_by"] not in seen:
            raise ContractError(sources[name], ("x-provider", "protocols", "told_by"), "is no operationId; name one")


def _validator(schema: Mapping[str, Any], name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{name}"})


def _check_shape(shape: jsonschema_rs.Validator, value: Any, file: Path, place: tuple[str, ...]) -> None:
    for error in shape.iter_errors(value):
        raise ContractError(file, (*place, *error.instance_path), f"{error.message}; see spec/vocabulary.yaml")


def _operation_source(
    operation: Mapping[str, Any], path: str, method: str, document: Mapping[str, Any], sources: Mapping[str, Path]
) -> tuple[Path, tuple[str, ...]]:
    place = ("paths", path, method)
    provider, _, handler = str(operation.get("operationId", "")).partition(".")
    if provider not in document["x-providers"] or not handler:
        file = next(iter(sources.values()))
        raise ContractError(file, place, "operationId must be <provider>.<handler>; write it so")
    return sources[provider], place


def _check_names(
    owner: Mapping[str, Any], file: Path, place: tuple[str, ...], uses: Iterable[Use], provider: Mapping[str, Any]
) -> None:
    for use in uses:
        known = provider.get(use.table, {})
        names = {item["name"] for item in known} if isinstance(known, list) else set(known)
        if use.name not in names:
            choices = ", ".join(sorted(names)) or "none"
            problem = f"{use.name!r} is not in x-provider.{use.table} (there: {choices}); define it or correct the name"
            raise ContractError(file, (*place, *use.place), problem)


def provider_uses(provider: Mapping[str, Any]) -> Iterator[Use]:
    """The names that a provider uses outside its operations."""
    for name, refusal in provider["identify"].items():
        yield Use(("identify", name), refusal, "refusals")
    for index, entitlement in enumerate(provider.get("entitlements", ())):
        yield Use(("entitlements", index, "refusal"), entitlement["refusal"], "refusals")
        for word in ("presented", "equals"):
            if word in entitlement:
                yield Use(("entitlements", index, word), entitlement[word], "presented")
    for name, limit in provider["limits"].items():
        yield Use(("limits", name, "refusal"), limit["refusal"], "refusals")
    for word in ("not_found", "method_not_allowed", "server_error", "insufficient_scope"):
        if word in provider:
            yield Use((word,), provider[word], "refusals")
    for word in ("refusal", "malformed", "too_large"):
        if word in provider["validation"]:
            yield Use(("validation", word), provider["validation"][word], "refusals")
    for keyword, name in provider["validation"].get("kinds", {}).items():
        yield Use(("validation", "kinds", keyword), name, "refusals")
    for role, refusal in provider.get("roles", {}).items():
        yield Use(("roles", role), refusal, "refusals")
    for name, granted in provider.get("permission_sets", {}).items():
        if "refusal" in granted:
            yield Use(("permission_sets", name, "refusal"), granted["refusal"], "refusals")
        for index, scope in enumerate(granted["grants"]):
            if scope != "*":
                yield Use(("permission_sets", name, "grants", index), scope, "scopes")
    protocols = provider.get("protocols", {})
    for name, refusal in protocols.get("refusals", {}).items():
        yield Use(("protocols", "refusals", name), refusal, "refusals")
    for index, name in enumerate(protocols.get("permission_sets", ())):
        yield Use(("protocols", "permission_sets", index), name, "permission_sets")
    for index, scope in enumerate(provider["keys"].get("default_scopes", ())):
        yield Use(("keys", "default_scopes", index), scope, "scopes")
    for name, situation in provider["situations"].items():
        if "tier" in situation.get("account", {}):
            yield Use(("situations", name, "account", "tier"), situation["account"]["tier"], "tiers")
        for index, scope in enumerate(situation.get("key", {}).get("scopes", ())):
            yield Use(("situations", name, "key", "scopes", index), scope, "scopes")
    for use in policy_uses(provider["default"]):
        yield use._replace(place=("default", *use.place))


def policy_uses(policy: Mapping[str, Any]) -> Iterator[Use]:
    """The names that an operation's policy uses."""
    tables = {
        "scopes": "scopes", "roles": "roles", "limits": "limits", "spends": "limits",
        "refusals": "refusals", "accepts": "credentials", "token": "tokens", "issues": "tokens",
    }  # fmt: skip
    for field, table in tables.items():
        named = policy.get(field, ())
        for index, name in enumerate([named] if isinstance(named, str) else named):
            yield Use((field,) if isinstance(named, str) else (field, index), name, table)
