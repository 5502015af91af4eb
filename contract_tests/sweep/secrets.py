"""What an answer holds that nobody else may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.answer import Answer
from contract_tests.outcome import Violation
from latchkey import Contract


def secrets_in(contract: Contract, answer: Answer) -> Iterator[str]:
    """The texts in a JSON body that the contract calls passwords."""
    try:
        schema = answer.described().get("content", {}).get("application/json", {}).get("schema", {})
        yield from _secrets(contract, schema, answer.json())
    except Violation:
        return


def _secrets(contract: Contract, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    schema = contract.resolved(schema)
    if isinstance(value, str) and schema.get("format") == "password":
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(contract, schema.get("items", {}), item)
    elif isinstance(value, dict):
        for name, member in schema.get("properties", {}).items():
            yield from _secrets(contract, member, value.get(name))
