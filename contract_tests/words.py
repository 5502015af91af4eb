"""What can be said of a call, and how it is written: which header carries the key, what a path looks like filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import quote

from contract_tests.evidence import SAFE
from contract_tests.provision import Key
from latchkey.records import Operation, Parameter, Provider

#: Path values that fit their schema and name nothing.
_NOTHING = {"uuid": "00000000-0000-4000-8000-000000000000", "integer": "999999999", "path": "no/such/thing"}


class Words(TypedDict, total=False):
    """What can be said of a call.

    `key` goes into the provider's preferred credential header, or into the one of the credential named `by`. What a key
    presents (its domain, say) goes along unless `presents` says otherwise. `path` fills the path's parameters; those left
    out are filled with values that name nothing. `method` overrides, e.g. HEAD. `units` is how much work it asks for (1 where
    left out), where a limit counts that.
    """

    key: Key | str | None
    by: str | None
    path: Mapping[str, Any] | None
    query: Mapping[str, Any] | None
    json: Any
    content: bytes | None
    headers: Mapping[str, str] | None
    presents: Mapping[str, Any] | None
    method: str | None
    units: int


def credential(provider: Provider, key: Key | str | None, by: str | None = None) -> dict[str, str]:
    """The header that carries this key, the preferred one or that of the credential named `by`; none without a key."""
    if key is None:
        return {}
    chosen = next(item for item in provider.credentials if by in {None, item.name})
    raw = key if isinstance(key, str) else key.raw
    return {chosen.header: f"{chosen.scheme} {raw}" if chosen.scheme else raw}


def presented(provider: Provider, key: Key | str | None, presents: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The headers of what goes with this key (its domain, say), or of `presents`."""
    values = presents if presents is not None else key.presents if isinstance(key, Key) else {}
    return {
        str(item.header): str(values[name])
        for name, item in provider.presented.items()
        if item.header and name in values
    }


def asked(provider: Provider, method: str, operation: Operation | None = None) -> dict[str, str]:
    """The headers that every client has to send, whatever its key is: none to a store of bytes, and no type of content with a
    method that sends none.
    """
    if operation and operation.raw:
        return {}
    return {name: value for name, value in provider.asks.items() if name != "Content-Type" or method not in SAFE}


def filled(operation: Operation, values: Mapping[str, Any]) -> str:
    """The operation's path. Where nothing is given, a value that names nothing."""
    parameters = {item.name: item for item in operation.parameters if item.location == "path"}

    def fill(hit: re.Match[str]) -> str:
        parameter = parameters[hit[1]]
        value = str(values.get(parameter.name, _nothing(parameter)))
        return quote(value, safe="/" if parameter.schema.get("format") == "path" else "")

    return re.sub(r"\{(\w+)\}", fill, operation.path)


def _nothing(parameter: Parameter) -> str:
    schema = parameter.schema
    return _NOTHING.get(str(schema.get("format"))) or _NOTHING.get(str(schema.get("type"))) or "none"
