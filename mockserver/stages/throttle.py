"""One unit of each limit that the operation names."""

from __future__ import annotations

from contextlib import suppress

from latchkey.records import Provider
from mockserver.exchange import Exchange
from mockserver.refusals import Refused
from mockserver.stages.identify import identify


def throttle(exchange: Exchange) -> None:
    """Takes a unit of every limit or refuses. An unknown path counts for a known caller as any call does."""
    assert exchange.provider
    if exchange.caller is None:
        # Where limits come before keys, the journal and an unlimited key still want to know who asks.
        with suppress(Refused):
            identify(exchange)
    operation = exchange.operation
    if operation is None:
        limits = _of_unknown_paths(exchange.provider) if exchange.caller else ()
    else:
        limits = operation.limits
    if limits:
        exchange.take(limits)


def _of_unknown_paths(provider: Provider) -> tuple[str, ...]:
    return tuple(name for name in provider.default_limits if provider.limits[name].partition != "address")
