"""What an answer holds that nobody else may see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from latchkey import Contract
from latchkey.records import Operation


def secrets_in(contract: Contract, operation: Operation | None, content: bytes) -> Iterator[tuple[str, str]]:
    """The texts in a JSON answer that the contract calls passwords and, where the operation issues a token, URLs; each with
    a name for it.
    """
    if operation is None or not content.startswith((b"{", b"[")):
        return
    try:
        body = json.loads(content)
    except ValueError:
        return
    wanted = {"password": "HANDED_OUT_KEY"} | ({"uri": "HANDED_OUT_URL"} if operation.issues else {})
    for response in contract.answers[operation.id].values():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        yield from _found(contract, schema, body, wanted)


def _found(
    contract: Contract, schema: Mapping[str, Any], value: Any, wanted: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    schema = contract.resolved(schema)
    if isinstance(value, str):
        if len(value) > 7 and schema.get("format") in wanted:
            yield value, wanted[str(schema["format"])]
    elif isinstance(value, list):
        for item in value:
            yield from _found(contract, schema.get("items", {}), item, wanted)
    elif isinstance(value, dict):
        for name, member in schema.get("properties", {}).items():
            yield from _found(contract, member, value.get(name), wanted)
