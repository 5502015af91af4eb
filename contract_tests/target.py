"""Where the implementation under test is, and what may be done to it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

from latchkey import Contract

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SHAPE = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "required": ["providers"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "control": {"type": "string"},
            "control_token": {"type": "string"},
            "permit": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "destroy": {"type": "boolean"},
                    "spend_window": {"type": "boolean"},
                    "wait_up_to": {"type": "number", "minimum": 0},
                    "max_requests": {"type": "integer", "minimum": 1},
                    "max_time": {"type": "number", "minimum": 1},
                },
            },
            "providers": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {
                    "type": "object",
                    "required": ["base_url"],
                    "additionalProperties": False,
                    "properties": {
                        "base_url": {"type": "string", "pattern": "^https?://[^/]+"},
                        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                        "keys": {"type": "object", "additionalProperties": {"$ref": "#/$defs/key"}},
                    },
                },
            },
        },
        "$defs": {
            "key": {
                "oneOf": [
                    {"type": "string", "minLength": 1},
                    {
                        "type": "object",
                        "required": ["key"],
                        "additionalProperties": False,
                        "properties": {"key": {"type": "string", "minLength": 1}, "presents": {"type": "object"}},
                    },
                ]
            }
        },
    }
)


class TargetError(Exception):
    """The target is described wrongly: the message says where and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticKey:
    """A key given by hand. `presents` are values that go with it (a domain, a product id)."""

    key: str
    presents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One provider's implementation."""

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, StaticKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What the suite may do: delete data it did not make, use up a whole window, let a proof wait (seconds), send to each
    provider (requests), begin something (seconds after the start).
    """

    destroy: bool = False
    spend_window: bool = False
    wait_up_to: float = 0.0
    max_requests: int = 250
    max_time: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`control` is the base URL of a mock's control plane, None for any other implementation."""

    name: str
    endpoints: Mapping[str, Endpoint]
    control: str | None = None
    control_token: str | None = None
    permit: Permit = Permit()


def read_target(text: str, contract: Contract) -> Target:
    """The target that a URL or the path of a TOML file names. Raises TargetError."""
    if text.startswith(("http://", "https://")):
        return at_url(text, contract)
    file = Path(text)
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise TargetError(f"{text} is neither a URL (http://…) nor a file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise TargetError(f"{text}: {problem}") from None
    for error in _SHAPE.iter_errors(raw):
        raise TargetError(f"{text}: {'.'.join(map(str, error.instance_path)) or 'file'}: {error.message}")
    for name, item in raw["providers"].items():
        if name not in contract.providers:
            raise TargetError(f"{text}: providers.{name}: there is: {', '.join(contract.providers)}")
        unknown = set(item.get("keys", {})) - {*contract.providers[name].situations, NEIGHBOUR}
        if unknown:
            known = ", ".join([*contract.providers[name].situations, NEIGHBOUR])
            raise TargetError(f"{text}: providers.{name}.keys.{min(unknown)}: the situations are: {known}")
    return _target(_expanded(raw, text), file.stem)


#: The situation of a full key of another account, for rules about ownership.
NEIGHBOUR = "neighbour"


def at_url(url: str, contract: Contract) -> Target:
    """Every provider under one origin. Whether there is a mock's control plane is for the run to find out."""
    base = url.rstrip("/")
    return Target(name=base, endpoints={name: Endpoint(base_url=base) for name in contract.providers})


def _target(raw: Mapping[str, Any], name: str) -> Target:
    endpoints = {
        provider: Endpoint(
            base_url=item["base_url"].rstrip("/"),
            headers=item.get("headers", {}),
            keys={
                situation: StaticKey(key=key) if isinstance(key, str) else StaticKey(**key)
                for situation, key in item.get("keys", {}).items()
            },
        )
        for provider, item in raw["providers"].items()
    }
    return Target(
        name=raw.get("name", name),
        endpoints=endpoints,
        control=raw.get("control"),
        control_token=raw.get("control_token"),
        permit=Permit(**raw.get("permit", {})),
    )


def _expanded(value: Any, file: str) -> Any:
    """The same with each ${NAME} replaced by the environment's value, which must be there and not be empty."""
    if isinstance(value, str):
        for name in _VARIABLE.findall(value):
            if not os.environ.get(name):
                raise TargetError(f"{file}: the environment variable {name} is not set; export it first")
        return _VARIABLE.sub(lambda hit: os.environ[hit[1]], value)
    if isinstance(value, dict):
        return {name: _expanded(item, file) for name, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item, file) for item in value]
    return value
