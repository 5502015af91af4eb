"""The headers that a provider promises on every answer: request id, budget, caching."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latchkey.template import fill
from mockserver.exchange import Exchange
from mockserver.layers.record import EXCHANGE


class Stamp:
    """Adds the provider's headers to every answer, also to a 404, 405 or 500; an answer's own header wins."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]

        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start" and exchange.provider:
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in stamps(exchange, message["status"]) if header[0] not in present),
                ]
            await send(message)

        await self.app(scope, receive, stamp)


def stamps(exchange: Exchange, status: int) -> Iterator[tuple[bytes, bytes]]:
    """The encoded headers for an answer with this status."""
    provider, operation = exchange.provider, exchange.operation
    assert provider
    templates = dict(provider.headers)
    if status < 400 and operation is not None:
        templates |= operation.headers
    exchange.look_at_budget()
    if exchange.budget:
        templates |= provider.rate_headers.every
        if exchange.refused and exchange.refused.name in {limit.refusal for limit in provider.limits.values()}:
            templates |= provider.rate_headers.refused
    values = exchange.values()
    for name, template in templates.items():
        yield name.lower().encode(), str(fill(template, values)).encode("latin-1", "replace")
