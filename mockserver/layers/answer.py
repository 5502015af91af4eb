"""Innermost: the checks in the provider's order, then the handler; and the one place where an answer becomes bytes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from latchkey.records import Provider
from mockserver.control import PREFIX
from mockserver.exchange import Exchange, Reply
from mockserver.layers.body import MAX_BODY, Gone, TooLarge, read_body
from mockserver.layers.record import EXCHANGE
from mockserver.prefer import preferred
from mockserver.refusals import Refused, render
from mockserver.stages import STAGES

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Handler = Callable[[Exchange], Reply]

#: Answers are sent in slices of so many bytes, each when there is room for it.
SLICE = 256 * 1024

log = logging.getLogger("mockserver")


class Answer:
    """Answers a routed request. `handlers` is operationId to handler; bodies have at most `max_body` bytes."""

    def __init__(self, handlers: dict[str, Handler], *, max_body: int = MAX_BODY) -> None:
        self.handlers = handlers
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        try:
            exchange.body = await read_body(receive, exchange.headers, self.max_body)
            reply = self.decide(exchange)
        except TooLarge:
            reply = refuse(exchange, _too_large(exchange, self.max_body))
        except Refused as refused:
            reply = refuse(exchange, refused)
        except Gone:
            return
        except Exception as error:  # a handler's own mistake must not look like the provider's
            reply = failed(exchange, error)
        await send_reply(reply, exchange, send)

    def decide(self, exchange: Exchange) -> Reply:
        """Runs every check and the handler. Nothing in here waits, so no other request comes in between."""
        if exchange.provider is None:
            raise Refused("not_found", "no provider of this mock has such a path")
        if exchange.instead is not None:
            raise exchange.instead
        if "prefer" in exchange.headers and (reply := preferred(exchange)):
            return reply
        check(exchange)
        if exchange.operation is None:
            raise _unrouted(exchange, exchange.provider)
        exchange.stages.append("handler")
        return self.handlers[exchange.operation.id](exchange)


def _unrouted(exchange: Exchange, provider: Provider) -> Refused:
    if not exchange.allow:
        return Refused(provider.not_found, "no operation has this path")
    reason = f"this path has {exchange.allow}, not {exchange.method}"
    return Refused(provider.method_not_allowed, reason, allow=exchange.allow)


def _too_large(exchange: Exchange, most: int) -> Refused:
    name = exchange.provider.validation.too_large if exchange.provider else "not_found"
    return Refused(name, f"the body has more than the {most} bytes that this mock takes (--max-body)")


def check(exchange: Exchange) -> None:
    """The checks in the provider's order. Without an operation, they only find out who asks and count it."""
    assert exchange.provider
    for name in exchange.provider.order:
        exchange.stages.append(name)
        STAGES[name](exchange)


def refuse(exchange: Exchange, refused: Refused) -> Reply:
    """The provider's answer to a refusal, from its table."""
    exchange.refused = refused
    if exchange.provider is None:
        prefixes = sorted(prefix for item in exchange.world.contract.providers.values() for prefix in item.prefixes)
        dashboard = f"{exchange.origin}{PREFIX}/"
        return Reply(404, {"error": refused.reason, "paths begin with": prefixes, "dashboard": dashboard})
    refusal = exchange.provider.refusals[refused.name]
    return Reply(*render(refusal, {"reason": refused.reason, **exchange.values(), **refused.values}))


def failed(exchange: Exchange, error: Exception) -> Reply:
    """What nobody expected, in the provider's own envelope."""
    log.error("%s %s failed", exchange.method, exchange.path, exc_info=error)
    reason = f"the mock failed: {type(error).__name__}"
    provider = exchange.provider
    return refuse(exchange, Refused(provider.server_error, reason)) if provider else Reply(500, {"error": reason})


def _encoded(reply: Reply) -> tuple[bytes, str | None]:
    """The body's bytes and, where there are any, its media type."""
    if reply.body is None:
        return b"", None
    declared = _declared(reply.headers) if reply.headers else None
    if isinstance(reply.body, bytes):
        return reply.body, declared or "application/octet-stream"
    if isinstance(reply.body, str) and declared:
        return reply.body.encode(), declared
    return _as_json(reply.body), "application/json"


def _declared(headers: Mapping[str, str]) -> str | None:
    return next((value for name, value in headers.items() if name.lower() == "content-type"), None)


def _as_json(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        # A whole number that a client sent can be longer than orjson's 64 bits.
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def send_reply(reply: Reply, exchange: Exchange, send: Send) -> None:
    content, media_type = _encoded(reply)
    headers = [
        (name.lower().encode(), value.encode("latin-1", "replace"))
        for name, value in reply.headers.items()
        if name.lower() != "content-type"
    ]
    if media_type:
        headers.append((b"content-type", media_type.encode()))
    if reply.status != 204:
        headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if exchange.method.endswith("HEAD"):
        content = b""
    for begin in range(0, len(content) - SLICE, SLICE):
        await send({"type": "http.response.body", "body": content[begin : begin + SLICE], "more_body": True})
    await send({"type": "http.response.body", "body": content[(len(content) - 1) // SLICE * SLICE :]})
