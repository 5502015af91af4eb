"""What is wrong with a target file, each mistake with its place and with what to write. No value is ever shown: it may be a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import jsonschema_rs

from contract_tests.target.lines import Path

Schema = Mapping[str, Any]


class Mistake(NamedTuple):
    path: Path
    says: str


def mistakes(raw: Mapping[str, Any], schema: Schema) -> list[Mistake]:
    """The mistakes of a file that was read as `raw`, none where it is right."""
    found = jsonschema_rs.Draft202012Validator(dict(schema)).iter_errors(raw)
    return [mistake for error in found for mistake in _told(error, schema)]


def _told(error: Any, whole: Schema) -> Iterator[Mistake]:
    around = whole
    for step in error.schema_path[:-1]:
        around = _followed(around, whole) if step == "$ref" else around[step]
    known = {name: _followed(part, whole) for name, part in around.get("properties", {}).items()}
    yield from _SENTENCES.get(error.kind.name, _misfit)(list(error.instance_path), error.kind, around, known)


def _followed(part: Schema, whole: Schema) -> Schema:
    """The same, or what it refers to."""
    followed: Schema = whole["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
    return followed


def _unknown(path: Path, kind: Any, around: Schema, known: Mapping[str, Schema]) -> Iterator[Mistake]:
    for name in kind.unexpected:
        near = get_close_matches(name, known, 1, cutoff=0.5)
        meant = f"; did you mean {near[0]}?" if near else "."
        yield Mistake([*path, name], f"unknown{meant} There is: {', '.join(known)}")


def _missing(path: Path, kind: Any, around: Schema, known: Mapping[str, Schema]) -> Iterator[Mistake]:
    yield Mistake(path, f"{kind.property} is missing: write {known[kind.property]['description']}")


def _misfit(path: Path, kind: Any, around: Schema, known: Mapping[str, Schema]) -> Iterator[Mistake]:
    yield Mistake(path, f"write {around['description']}")


#: What is said of each kind of mistake, by the keyword of JSON Schema.
_SENTENCES: Mapping[str, Callable[[Path, Any, Schema, Mapping[str, Schema]], Iterator[Mistake]]] = {
    "additionalProperties": _unknown,
    "required": _missing,
}
