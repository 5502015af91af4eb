"""OpenAPI 3.0 schemas as JSON Schema, compiled once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs


def to_json_schema(schema: Any) -> Any:
    """The same schema in JSON Schema's words: `nullable` and boolean exclusive bounds are OpenAPI 3.0's own."""
    if isinstance(schema, list):
        return [to_json_schema(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {name: to_json_schema(value) for name, value in schema.items() if name not in {"nullable", "example"}}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(plain.get(exclusive), bool) and plain.pop(exclusive):
            plain[exclusive] = plain.pop(bound)
    if schema.get("nullable") is True:
        return _or_null(plain)
    return plain


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


class Schemas:
    """Validators of one OpenAPI document, each compiled on first use and kept."""

    def __init__(self, components: Mapping[str, Any]) -> None:
        self._components = {"schemas": to_json_schema(components.get("schemas", {}))}
        self._compiled: dict[int, tuple[Any, jsonschema_rs.Validator]] = {}

    def validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
        """The compiled validator of a schema of this document, its references resolved."""
        # The schema is kept beside its validator so that its id() stays its own.
        if id(schema) not in self._compiled:
            whole = {**to_json_schema(schema), "components": self._components}
            self._compiled[id(schema)] = (schema, jsonschema_rs.Draft202012Validator(whole, validate_formats=True))
        return self._compiled[id(schema)][1]
