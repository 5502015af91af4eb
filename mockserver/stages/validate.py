"""The request against its schema: all mistakes at once, in the provider's own words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import jsonschema_rs

from latchkey.records import Operation, Parameter, Provider, Validation
from latchkey.template import fill
from mockserver.exchange import Exchange, NotJson
from mockserver.refusals import Refused


class Mistake(NamedTuple):
    """What is wrong with a field: the kind, as the contract names it (`required`, `format.uuid`), and the sentence."""

    kind: str
    text: str


Mistakes = dict[str, list[Mistake]]


def validate(exchange: Exchange) -> None:
    """Sets parameters and payload, converted to their types. Refuses with every mistake of every field."""
    operation, provider = exchange.operation, exchange.provider
    if operation is None:
        return
    assert provider
    mistakes: Mistakes = {}
    if operation.parameters:
        exchange.parameters = _parameters(exchange, operation, mistakes)
    if operation.body is not None:
        _payload(exchange, operation, mistakes)
    if mistakes:
        first = next(iter(mistakes.values()))[0]
        told = {field: [mistake.text for mistake in found] for field, found in mistakes.items()}
        raise invalid(provider, told, kind=first.kind)


@lru_cache(maxsize=1024)  # clients ask the same again and again
def _query(text: str) -> Mapping[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def invalid(provider: Provider, mistakes: Mapping[str, list[str]], *, kind: str = "") -> Refused:
    """The provider's refusal of a request whose fields have these messages; `kind` is that of the first."""
    messages = [message for field in mistakes.values() for message in field]
    form = {1: "one", 2: "two"}.get(len(messages), "more")
    rest = len(messages) - 1
    summary = fill(provider.validation.summary[form], {"first": messages[0], "rest": rest})
    reason = f"the request breaks its schema: {', '.join(mistakes)}"
    refusal = _of_kind(provider.validation, kind)
    return Refused(refusal, reason, errors=dict(mistakes), summary=summary, fields=list(mistakes))


def _of_kind(validation: Validation, kind: str) -> str:
    return validation.kinds.get(kind) or validation.kinds.get(kind.split(".")[0]) or validation.refusal


def _parameters(exchange: Exchange, operation: Operation, mistakes: Mistakes) -> dict[str, Any]:
    """The converted values by name, defaults included."""
    sources: Mapping[str, Mapping[str, str]] = {
        "path": exchange.parameters,
        "query": _query(exchange.query) if exchange.query else {},
        "header": exchange.headers,
        "cookie": {},
    }
    values = {}
    for parameter in operation.parameters:
        name, schema = parameter.name, parameter.schema
        text = sources[parameter.location].get(name.lower() if parameter.location == "header" else name)
        if text is not None:
            values[name] = _value(exchange, parameter, text, mistakes)
        elif parameter.required:
            assert exchange.provider
            mistakes[name] = [_mistake(exchange.provider, name, "required", {})]
        elif "default" in schema:
            values[name] = schema["default"]
    return values


def _value(exchange: Exchange, parameter: Parameter, text: str, mistakes: Mistakes) -> Any:
    value = CONVERT.get(str(parameter.schema.get("type")), str)(text)
    validator = exchange.world.contract.schemas.validator(parameter.schema)
    if not validator.is_valid(value):
        assert exchange.provider
        told = [_told(exchange.provider, parameter.name, error) for error in validator.iter_errors(value)]
        mistakes.setdefault(parameter.name, []).extend(told)
    return value


def _payload(exchange: Exchange, operation: Operation, mistakes: Mistakes) -> None:
    provider = exchange.provider
    assert provider and operation.body is not None
    try:
        payload = exchange.json
    except NotJson as problem:
        raise Refused(
            provider.validation.malformed, str(problem), errors={}, summary="The body is not JSON.", fields=[]
        ) from None
    if payload is None and not operation.body_required and not exchange.body:
        return
    if payload is None and operation.body_required:
        # A missing body is an empty one: its required fields are what is missing.
        payload = {}
    validator = exchange.world.contract.schemas.validator(operation.body)
    if not validator.is_valid(payload):
        for error in sorted(validator.iter_errors(payload), key=_by_field(operation, exchange)):
            field = _field(error)
            mistakes.setdefault(field, []).append(_told(provider, field, error))
    exchange.payload = payload


def _by_field(operation: Operation, exchange: Exchange) -> Callable[[Any], tuple[int, int]]:
    """Fields in the order of the schema, their messages in the order of its keywords."""
    schema = exchange.world.contract.resolved(operation.body or {})
    properties = list(schema.get("properties", {}))
    keywords = ("required", "type", "minLength", "maxLength")

    def order(error: Any) -> tuple[int, int]:
        field = _field(error).split(".")[0]
        keyword = error.kind.name
        return (
            properties.index(field) if field in properties else len(properties),
            keywords.index(keyword) if keyword in keywords else len(keywords),
        )

    return order


def _field(error: jsonschema_rs.ValidationError) -> str:
    """The field that a mistake is about, dotted: items.0.name. A body that is no object is 'body'."""
    steps = [str(step) for step in error.instance_path]
    if error.kind.name == "required":
        steps.append(str(error.kind.as_dict()["property"]))
    return ".".join(steps) or "body"


def _told(provider: Provider, field: str, error: jsonschema_rs.ValidationError) -> Mistake:
    keyword = error.kind.name
    details = error.kind.as_dict()
    value = {"type": (details.get("types") or [""])[0], "format": details.get("format", "")}.get(keyword, "")
    return _mistake(provider, field, f"{keyword}.{value}" if value else keyword, details)


def _mistake(provider: Provider, field: str, kind: str, details: Mapping[str, Any]) -> Mistake:
    messages = provider.validation.messages
    template = messages.get(kind) or messages.get(kind.split(".")[0]) or messages["default"]
    values = {"name": field, "field": field.replace("_", " "), "limit": details.get("limit", "")}
    return Mistake(kind, str(fill(template, values)))


def _integer(text: str) -> Any:
    return int(text) if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 20 else text


def _number(text: str) -> Any:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def _boolean(text: str) -> Any:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)


#: Schema type to how its text in a path, query or header is read; what cannot be read stays text and is refused.
CONVERT: Mapping[str, Callable[[str], Any]] = {"integer": _integer, "number": _number, "boolean": _boolean}
