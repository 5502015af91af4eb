"""Plan, state and presented values: whether this account and key may use the API at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from latchkey.records import Entitlement, Presented
from mockserver.exchange import Exchange
from mockserver.refusals import Refused


def entitle(exchange: Exchange) -> None:
    """Reads the presented values, then refuses for the first entitlement that does not hold."""
    operation, provider = exchange.operation, exchange.provider
    if operation is None or not operation.credentials or not operation.entitled:
        return
    if exchange.caller and exchange.caller.stand_in:
        return
    assert provider
    exchange.presented = {name: _read(exchange, item) for name, item in provider.presented.items()}
    for entitlement in provider.entitlements:
        problem = CHECKS[entitlement.kind](exchange, entitlement)
        if problem:
            raise Refused(entitlement.refusal, problem)


def _read(exchange: Exchange, item: Presented) -> Any:
    value = exchange.headers.get(item.header.lower()) if item.header else None
    if value is None or not value.strip():
        value = exchange.member(item.body)
    # Longer digits are no id of anything, and int() refuses thousands of them.
    if item.type == "integer" and isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        return int(value)
    return value.strip() if isinstance(value, str) else value


def _attribute(exchange: Exchange, path: str) -> Any:
    owner, _, name = path.partition(".")
    assert exchange.caller
    return exchange.caller.account.attribute(name) if owner == "account" else exchange.caller.key.attributes.get(name)


def _presented(exchange: Exchange, entitlement: Entitlement) -> str | None:
    name = entitlement.presented or ""
    if exchange.presented[name] not in (None, ""):
        return None
    assert exchange.provider
    item = exchange.provider.presented[name]
    return f"{name} is missing: send {item.header or 'no header'} or a JSON body with {item.body}"


def _holds(exchange: Exchange, entitlement: Entitlement) -> str | None:
    return None if _attribute(exchange, entitlement.holds or "") else f"{entitlement.holds} is not set"


def _lacks(exchange: Exchange, entitlement: Entitlement) -> str | None:
    return f"{entitlement.lacks} is set" if _attribute(exchange, entitlement.lacks or "") else None


def _in(exchange: Exchange, entitlement: Entitlement) -> str | None:
    value = _attribute(exchange, entitlement.attribute or "")
    if value in entitlement.allowed:
        return None
    return f"{entitlement.attribute} is {value!r}, not one of {', '.join(map(str, entitlement.allowed))}"


def _equals(exchange: Exchange, entitlement: Entitlement) -> str | None:
    value, wanted = exchange.presented[entitlement.equals or ""], _attribute(exchange, entitlement.attribute or "")
    return None if value == wanted else f"the request says {entitlement.equals} {value!r}, the key {wanted!r}"


#: The kind of an entitlement to its check. A check answers what is wrong, or None.
CHECKS: Mapping[str, Callable[[Exchange, Entitlement], str | None]] = {
    "presented": _presented,
    "holds": _holds,
    "lacks": _lacks,
    "in": _in,
    "equals": _equals,
}
