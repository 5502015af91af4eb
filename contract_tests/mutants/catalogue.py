"""The catalogue of mutants and harmless variants, one YAML file per provider and one for what all share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from contract_tests.mutants.sabotage import SABOTAGES
from latchkey import ContractError
from latchkey.rules import Level, Rule
from latchkey.source import read_yaml

HERE = Path(__file__).parent

_EDIT = {
    "actions": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["target"]}},
    "sabotage": {"type": "string"},
}
_SHAPE = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "mutants": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["rule", "name", "says"],
                    "additionalProperties": False,
                    "properties": {
                        "rule": {"type": "string"},
                        "name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                        "says": {"type": "string"},
                        **_EDIT,
                    },
                    "oneOf": [{"required": ["actions"]}, {"required": ["sabotage"]}],
                },
            },
            "harmless": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "says"],
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                        "says": {"type": "string"},
                        "warns": {"type": "array", "items": {"type": "string"}},
                        "protocols": {"type": "array", "items": {"type": "string"}},
                        **_EDIT,
                    },
                    "oneOf": [{"required": ["actions"]}, {"required": ["sabotage"]}],
                },
            },
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A mock that differs from the correct one: by overlay `actions`, or by a `sabotage` of this name.

    `rule` is the rule that it breaks; None for a harmless variant. `warns` are rules of level `standard` that a harmless
    variant does not keep: what no document forbids may still be worth a warning. `protocols` are those that it serves.
    """

    id: str
    provider: str
    says: str
    rule: str | None
    actions: tuple[Mapping[str, Any], ...] = ()
    sabotage: str | None = None
    warns: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()


def load_mutants(rules: Mapping[str, Rule]) -> list[Mutant]:
    """All mutants, then all harmless variants, of the providers that the rules speak of.

    Raises ContractError for an entry that is wrong.
    """
    providers = list(dict.fromkeys(rule.provider for rule in rules.values()))
    found = [mutant for provider in providers for mutant in _read(HERE / f"{provider}.yaml", provider, rules)]
    ids = [mutant.id for mutant in found]
    for mutant in found:
        if ids.count(mutant.id) > 1:
            raise ContractError(HERE / f"{mutant.provider}.yaml", (), f"{mutant.id} is there twice; rename one")
    return sorted(found, key=lambda mutant: mutant.rule is None)


def _read(file: Path, provider: str, rules: Mapping[str, Rule]) -> Iterator[Mutant]:
    raw = read_yaml(file)
    for error in _SHAPE.iter_errors(raw):
        raise ContractError(file, error.instance_path, error.message)
    for kind in ("mutants", "harmless"):
        for index, item in enumerate(raw.get(kind, ())):
            rule = item.get("rule")
            if rule is not None and (rule not in rules or not rules[rule].testable):
                raise ContractError(file, (kind, index, "rule"), f"{rule} is no testable rule; correct it")
            for position, name in enumerate(item.get("warns", ())):
                if name not in rules or rules[name].level is not Level.standard:
                    raise ContractError(file, (kind, index, "warns", position), f"{name} is no rule of level standard")
            if "sabotage" in item and item["sabotage"] not in SABOTAGES:
                raise ContractError(file, (kind, index, "sabotage"), f"there is: {', '.join(SABOTAGES)}")
            yield Mutant(
                id=f"{rule or f'{provider}.harmless'}~{item['name']}",
                provider=provider,
                says=item["says"],
                rule=rule,
                actions=tuple(item.get("actions", ())),
                sabotage=item.get("sabotage"),
                warns=tuple(item.get("warns", ())),
                protocols=rules[rule].protocols if rule else tuple(item.get("protocols", ())),
            )
