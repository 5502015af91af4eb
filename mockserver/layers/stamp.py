"""The headers that a provider promises on every answer: request id, budget, caching."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latchkey.template import fill, placeholders
from mockserver.exchange import Exchange
from mockserver.layers.record import EXCHANGE


class Stamp:
    """Adds the provider's headers to every answer, also to a 404, 405 or 500; an answer's own header wins.

    With `explain`, a refusal also says in X-Mock-Explain which rule it keeps and why.
    """

    def __init__(self, app: ASGIApp, *, explain: bool = False) -> None:
        self.app = app
        self.explain = explain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]

        def stamp(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and exchange.provider:
                headers: list[tuple[bytes, bytes]] = message["headers"]
                present = {name for name, _ in headers}
                headers += [header for header in stamps(exchange, message["status"]) if header[0] not in present]
                if self.explain:
                    headers += explained(exchange)
            return send(message)

        await self.app(scope, receive, stamp)


def stamps(exchange: Exchange, status: int) -> Iterator[tuple[bytes, bytes]]:
    """The encoded headers for an answer with this status."""
    provider, operation = exchange.provider, exchange.operation
    assert provider
    templates = provider.headers
    if status < 400 and operation is not None and operation.headers:
        templates = {**templates, **operation.headers}
    exchange.look_at_budget()
    if exchange.budget:
        templates = {**templates, **provider.rate_headers.every}
        if exchange.refused and exchange.refused.name in {limit.refusal for limit in provider.limits.values()}:
            templates |= provider.rate_headers.refused
    values: dict[str, Any] = {}
    for name, template in templates.items():
        key, fixed = _encoded(name, template)
        if fixed is None:
            values = values or exchange.values()
            yield key, str(fill(template, values)).encode("latin-1", "replace")
        else:
            yield key, fixed


@lru_cache(maxsize=1024)  # a contract has few headers, and each is sent often
def _encoded(name: str, template: str) -> tuple[bytes, bytes | None]:
    """The header's name on the wire, and its value where it is always the same."""
    fixed = None if placeholders(template) else str(template).encode("latin-1", "replace")
    return name.lower().encode(), fixed


def explained(exchange: Exchange) -> Iterator[tuple[bytes, bytes]]:
    """The header that tells a developer why, for an answer that refuses."""
    refused = exchange.refused
    if refused:
        # A header holds no line break and no letter beyond ASCII.
        text = (
            f"{exchange.rule or refused.name}: {refused.reason}".encode("ascii", "backslashreplace")
            .replace(b"\n", b" ")
            .replace(b"\r", b" ")
        )
        yield b"x-mock-explain", text
