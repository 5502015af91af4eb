"""Lets pages of one origin call the mock, where a provider documents nothing about CORS; never where it rules CORS out."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latchkey.records import Provider
from mockserver.exchange import Exchange
from mockserver.layers.record import EXCHANGE

#: Headers that a page wants to read and a browser hides unless they are named; '*' does not count with credentials.
EXPOSED = ("Retry-After", "Location", "Content-Disposition", "WWW-Authenticate", "Allow")


class Cors:
    """Answers preflights before anything is counted, and opens every answer, refusals included, to the origin."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app = app
        self.origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        provider = exchange.provider
        if provider is None or provider.cors == "off":
            await self.app(scope, receive, send)
            return
        headers = [
            (b"access-control-allow-origin", self.origin.encode()),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", ", ".join(exposed(provider)).encode()),
            (b"vary", b"Origin"),
        ]
        if exchange.method == "OPTIONS" and "access-control-request-method" in exchange.headers:
            await _allow(exchange, headers, send)
            return

        async def open_to_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self.app(scope, receive, open_to_origin)


def exposed(provider: Provider) -> list[str]:
    """The names of all headers that a page may read."""
    told = (*provider.rate_headers.every, *provider.rate_headers.refused, *provider.headers, *EXPOSED)
    return list(dict.fromkeys(told))


async def _allow(exchange: Exchange, headers: list[tuple[bytes, bytes]], send: Send) -> None:
    asked = exchange.headers
    permitted = [
        (b"access-control-allow-methods", asked["access-control-request-method"].encode("latin-1")),
        (b"access-control-allow-headers", asked.get("access-control-request-headers", "").encode("latin-1")),
        (b"access-control-max-age", b"600"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": [*headers, *permitted]})
    await send({"type": "http.response.body", "body": b""})
