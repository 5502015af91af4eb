"""What an answer holds that nobody else may see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from latchkey import Contract
from latchkey.records import Operation

_Schema = Mapping[str, Any]


class HandedOut:
    """The texts in JSON answers that the contract calls passwords and, where the operation issues a token, URLs."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._telling: dict[str, Sequence[_Schema]] = {}

    def secrets(self, operation: Operation, content: bytes) -> Iterator[tuple[str, str]]:
        """Each secret in this answer, with a name for it."""
        wanted = {"password": "HANDED_OUT_KEY"} | ({"uri": "HANDED_OUT_URL"} if operation.issues else {})
        schemas = self._telling.get(operation.id)
        if schemas is None:
            schemas = self._telling[operation.id] = self._schemas(operation, wanted)
        # Most operations hand out nothing: their answers need not be read.
        if not schemas or not content.startswith((b"{", b"[")):
            return
        try:
            body = json.loads(content)
        except ValueError:
            return
        for schema in schemas:
            yield from self._found(schema, body, wanted)

    def _schemas(self, operation: Operation, wanted: Mapping[str, str]) -> list[_Schema]:
        """The schemas of the operation's answers that have a place for a secret."""
        answers = self._contract.answers[operation.id].values()
        schemas = [item.get("content", {}).get("application/json", {}).get("schema", {}) for item in answers]
        return [schema for schema in schemas if self._tells(schema, wanted, set())]

    def _tells(self, schema: _Schema, wanted: Mapping[str, str], seen: set[int]) -> bool:
        schema = self._contract.resolved(schema)
        if id(schema) in seen:
            return False
        seen.add(id(schema))
        parts = [*([schema["items"]] if "items" in schema else []), *schema.get("properties", {}).values()]
        return schema.get("format") in wanted or any(self._tells(part, wanted, seen) for part in parts)

    def _found(self, schema: _Schema, value: Any, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        schema = self._contract.resolved(schema)
        if isinstance(value, str):
            if len(value) > 7 and schema.get("format") in wanted:
                yield value, wanted[str(schema["format"])]
        elif isinstance(value, list):
            for item in value:
                yield from self._found(schema.get("items", {}), item, wanted)
        elif isinstance(value, dict):
            for name, member in schema.get("properties", {}).items():
                yield from self._found(member, value.get(name), wanted)
