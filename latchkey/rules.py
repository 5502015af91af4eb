"""The rule catalogue: what the providers promise, one record per promise."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import jsonschema_rs

from latchkey.contract import Contract
from latchkey.source import SPEC, ContractError, read_yaml


class Level(IntEnum):
    """How much a rule may be held against an implementation, strongest last."""

    assumed = 0
    standard = 1
    published = 2
    documented = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One promise. `protocols` are those, beside the API, that it takes to show it. `because` is set, and only then, where no
    test from outside can show it.
    """

    id: str
    says: str
    level: Level
    source: str
    provider: str
    operations: tuple[str, ...]
    protocols: tuple[str, ...] = ()
    because: str | None = None

    @property
    def testable(self) -> bool:
        return self.because is None


_RECORD = {
    "type": "object",
    "required": ["id", "says", "level", "source"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "pattern": r"^[a-z]+(\.[a-z0-9-]+){2,}$"},
        "says": {"type": "string", "minLength": 12, "maxLength": 240, "pattern": r"\.$"},
        "level": {"enum": [level.name for level in Level]},
        "source": {"type": "string", "minLength": 5},
        "operations": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "protocols": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "not_testable": {"type": "string", "minLength": 12},
    },
}


def load_rules(contract: Contract, root: Path = SPEC) -> dict[str, Rule]:
    """The catalogue of this contract's providers, by rule id. Raises ContractError for a record that is wrong."""
    entry = root / "rules.yaml"
    shape = jsonschema_rs.Draft202012Validator(_RECORD)
    rules: dict[str, Rule] = {}
    for provider, reference in read_yaml(entry)["rules"].items():
        if provider not in contract.providers:
            continue
        file = root / reference["$ref"]
        for index, raw in enumerate(read_yaml(file)):
            for error in shape.iter_errors(raw):
                raise ContractError(file, (index, *error.instance_path), error.message)
            rule = _rule(provider, raw, contract)
            if not rule.id.startswith(f"{provider}."):
                raise ContractError(file, (index, "id"), f"begins with {provider!r} in this file; rename it")
            if rule.id in rules:
                raise ContractError(file, (index, "id"), f"{rule.id} is there twice; rename one")
            for operation in rule.operations:
                if operation not in contract.operations:
                    raise ContractError(file, (index, "operations"), f"there is no operation {operation}; correct it")
            protocols = contract.providers[provider].protocols
            for name in rule.protocols:
                if protocols is None or name not in protocols.doors:
                    raise ContractError(file, (index, "protocols"), f"{provider} has no {name}; correct it")
            rules[rule.id] = rule
    _check_refusals(contract, rules, root)
    return rules


def _rule(provider: str, raw: Mapping[str, Any], contract: Contract) -> Rule:
    everywhere = [operation.id for operation in contract.of(provider)]
    return Rule(
        id=raw["id"],
        says=raw["says"],
        level=Level[raw["level"]],
        source=raw["source"],
        provider=provider,
        operations=tuple(raw.get("operations", everywhere)),
        protocols=tuple(raw.get("protocols", ())),
        because=raw.get("not_testable"),
    )


def _check_refusals(contract: Contract, rules: Mapping[str, Rule], root: Path) -> None:
    for provider in contract.providers.values():
        for refusal in provider.refusals.values():
            # A pattern names the rules of one promise that is kept at several doors.
            if refusal.rule and not fnmatch.filter(rules, refusal.rule):
                file = root / "providers" / f"{provider.name}.yaml"
                place = ("x-provider", "refusals", refusal.name, "rule")
                raise ContractError(file, place, f"{refusal.rule} is not in rules.yaml; add it or correct the name")
