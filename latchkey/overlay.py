"""OpenAPI Overlays: edits of the contract, written in the standard's own form (Overlay Specification 1.0)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs

from latchkey.source import ContractError, read_yaml

_SHAPE = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "required": ["overlay", "info", "actions"],
        "properties": {
            "overlay": {"type": "string", "pattern": r"^1\.\d+\.\d+$"},
            "info": {"type": "object", "required": ["title", "version"]},
            "actions": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["target"],
                    "properties": {
                        "target": {"type": "string", "pattern": r"^\$"},
                        "description": {"type": "string"},
                        "remove": {"type": "boolean"},
                    },
                    "anyOf": [{"required": ["update"]}, {"required": ["remove"]}],
                },
            },
        },
    }
)


def apply(document: dict[str, Any], files: Sequence[Path]) -> dict[str, Any]:
    """The document with these overlays applied, one after another. An action that finds nothing is a mistake, told as
    ContractError.
    """
    if not files:
        return document
    # Both take a moment to import, and most runs have no overlay.
    from jsonpath_ng.ext.parser import parse
    from oas_patch.overlay import apply_overlay

    # YAML's aliases are shared objects; an edit is meant for one place.
    document = json.loads(json.dumps(document))
    for file in files:
        overlay = read_yaml(file)
        for error in _SHAPE.iter_errors(overlay):
            raise ContractError(file, error.instance_path, error.message)
        for index, action in enumerate(overlay["actions"]):
            place = ("actions", index, "target")
            try:
                found = parse(action["target"]).find(document)
            except Exception as problem:
                raise ContractError(file, place, f"not a JSONPath: {problem}") from None
            if not found:
                raise ContractError(file, place, f"{action['target']} finds nothing in the contract; correct the path")
            document = apply_overlay(document, {"actions": [action]})
    return document
