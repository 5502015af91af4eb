"""Texts that hold what few writers think of: a character beyond the basic plane of Unicode, and one of two code points."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

from latchkey import Contract

#: The key comes first, so that no bound of a length cuts it off; the last letter is an e with an accent that combines with it.
TEXT = "\U0001f511 cle\u0301"
#: Words of a schema whose text is not free.
_BOUND = {"enum", "const", "format", "pattern"}


def with_astral_texts(contract: Contract, schema: Mapping[str, Any], value: Any) -> Any:
    """The value with TEXT for each free text that the schema has; those that the value leaves out are added to it."""
    schema = contract.resolved(schema)
    if text := astral_text(schema):
        return text
    if isinstance(value, list):
        return [with_astral_texts(contract, schema.get("items", {}), item) for item in value]
    if isinstance(value, Mapping):
        parts = {name: contract.resolved(part) for name, part in schema.get("properties", {}).items()}
        told = {name: with_astral_texts(contract, parts.get(name, {}), member) for name, member in value.items()}
        return told | {name: text for name, part in parts.items() if (text := astral_text(part))}
    return value


def astral_text(schema: Mapping[str, Any]) -> str | None:
    """TEXT, as long as the schema wants it; None where the text is not free."""
    if schema.get("type") != "string" or not _BOUND.isdisjoint(schema):
        return None
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(TEXT))
    return "".join(islice(cycle(TEXT), max(least, min(most, len(TEXT)))))
