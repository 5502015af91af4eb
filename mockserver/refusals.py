"""Refusals: what a stage raises, and the one place where a refusal becomes an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latchkey import records
from latchkey.template import fill, placeholders
from mockserver.limiter import Reading

if TYPE_CHECKING:
    from mockserver.exchange import Exchange


class Refused(Exception):
    """A request is refused. `name` is a refusal of the provider's table; `reason` tells the developer why, plainly."""

    def __init__(self, name: str, reason: str, /, **values: Any) -> None:
        super().__init__(reason)
        self.name = name
        self.reason = reason
        self.values = values


def render(refusal: records.Refusal, values: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of a refusal, its templates filled."""
    headers = {name: str(value) for name, value in fill(dict(refusal.headers), values).items()}
    return refusal.status, fill(refusal.body, values), headers


def unprovoked(exchange: Exchange, name: str, reason: str) -> Refused:
    """A refusal of the provider's table that nothing in the request brought about, its placeholders filled all the same:
    by a limit with nothing left where it speaks of one, else by what the operation says or by their own names.
    """
    provider, operation = exchange.provider, exchange.operation
    assert provider
    refusal = provider.refusals[name]
    own = operation.limits + operation.spends if operation else ()
    limit = next(
        (provider.limits[item] for item in (*own, *provider.limits) if provider.limits[item].refusal == name), None
    )
    if limit:
        exchange.budget = [Reading(limit, 0, exchange.at + limit.window)]
    message = provider.validation.messages["default"]
    known = {
        "scope": next(iter(operation.scopes if operation else ()), "scope"),
        "summary": fill(message, {"name": "field", "field": "field"}),
        "errors": {},
        "fields": [],
        "allow": exchange.allow,
        # The lowest tier's numbers: where something is too large, it is so there first.
        **next(iter(provider.tiers.values()), {}),
        **exchange.values(),
    }
    named = placeholders([refusal.body, dict(refusal.headers)])
    return Refused(name, reason, **{item: known.get(item, item.replace("_", " ")) for item in named})
