"""The JSON Schema of a target file, completed with the providers and situations of the contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from contract_tests.target.records import NEIGHBOUR
from latchkey import Contract

_FILE = files("contract_tests.target") / "target.schema.json"


def target_schema(contract: Contract) -> dict[str, Any]:
    """The schema, for editors and for ourselves: it knows every name that a target file may use."""
    schema: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    providers = schema["properties"]["providers"]
    general = schema["$defs"]["provider"]
    providers["additionalProperties"] = False
    providers["properties"] = {
        name: _provider(general, schema["$defs"]["doors"], record)
        for name, record in contract.document["x-providers"].items()
    }
    return schema


def _provider(general: dict[str, Any], doors: dict[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: situation["says"] for name, situation in record["situations"].items()}
    told[NEIGHBOUR] = "a full key of another account"
    keys = {
        **general["properties"]["keys"],
        "additionalProperties": False,
        "properties": {name: {"$ref": "#/$defs/key", "title": says} for name, says in told.items()},
    }
    promised = max(limit["window"] for limit in record["limits"].values())
    window = {**general["properties"]["window"], "maximum": promised}
    its = {name: doors[name] for name in record.get("protocols", {}).get("doors", ())}
    properties = {**general["properties"], **its, "window": window, "keys": keys}
    return {**general, "title": record["title"], "properties": properties}
