"""Outermost: opens an exchange for each request, and journals what came of it."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Iterable, Sequence
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latchkey import Contract
from latchkey.records import Provider
from mockserver.exchange import Exchange
from mockserver.journal import KEPT, Entry, Transcript
from mockserver.redact import Redactor
from mockserver.world import World

#: Where the exchange lies in a scope; a mutable object put there by the outermost layer is seen by all.
EXCHANGE = "latchkey.exchange"

#: What the journal says of a request whose client left before it was answered.
GONE = 499

log = logging.getLogger("mockserver")


class Record:
    """Puts an Exchange into the scope and an Entry into the journal."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = scope[EXCHANGE] = open_exchange(self.world, scope)
        answer = Answer()

        def note(message: Message) -> Awaitable[None]:
            answer.note(message)
            return send(message)

        try:
            await self.app(scope, receive, note)
        finally:
            # Swagger UI and the contract itself are not a provider's traffic.
            if exchange.provider or answer.status >= 400:
                publish(exchange, answer)


def publish(exchange: Exchange, answer: Answer) -> None:
    """Into the journal, and to all who listen."""
    entry = _entry(exchange, answer)
    exchange.world.journal.add(entry)
    exchange.world.events.tell("request", entry)
    log.info("%s %s %s %s", entry.method, entry.path, entry.status, entry.reason or "")


class Answer:
    """What is sent, as far as the journal keeps it."""

    __slots__ = ("body", "headers", "size", "status")

    def __init__(self, status: int = GONE) -> None:
        self.status = status
        self.headers: Sequence[tuple[bytes, bytes]] = ()
        self.body = b""
        self.size = 0

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message["headers"]
        elif message["type"] == "http.response.body":
            chunk = message.get("body", b"")
            if self.size < KEPT:
                self.body += chunk[: KEPT - self.size]
            self.size += len(chunk)


def open_exchange(world: World, scope: Scope) -> Exchange:
    headers, path, client = folded(scope["headers"]), scope["path"], scope.get("client")
    return Exchange(
        world=world,
        id=world.source.hex(32),
        at=world.clock.now(),
        method=scope["method"],
        path=path,
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        body=b"",
        client=str(client[0]) if client else "unknown",
        origin=f"{scope.get('scheme', 'http')}://{headers.get('host') or _bound(scope)}",
        provider=_owner(world.contract, path),
    )


def _bound(scope: Scope) -> str:
    """Where the server listens, for a client that does not say whom it means."""
    host, port = scope.get("server") or ("localhost", None)
    return f"{host}:{port}" if port else str(host)


def folded(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header name in lower case to value; a header sent twice is joined with a comma (RFC 9110, 5.3)."""
    told = [(_lower(name), value.decode("latin-1")) for name, value in raw]
    headers = dict(told)
    if len(headers) == len(told):
        return headers
    headers.clear()
    for key, text in told:
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


@lru_cache(maxsize=256)  # clients send the same headers again and again
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _owner(contract: Contract, path: str) -> Provider | None:
    for provider in contract.providers.values():
        if path.startswith(provider.prefixes):
            return provider
    return None


def _entry(exchange: Exchange, answer: Answer) -> Entry:
    caller, operation, refused = exchange.caller, exchange.operation, exchange.refused
    # What a fault answers keeps no rule.
    own = refused if exchange.instead is None else None
    return Entry(
        id=exchange.id,
        at=exchange.at,
        provider=exchange.provider.name if exchange.provider else None,
        operation=operation.id if operation else None,
        account=caller.account.id if caller else None,
        key=caller.key.name if caller else None,
        key_id=caller.key.id if caller else None,
        user=caller.key.user if caller else None,
        client=exchange.client,
        method=exchange.method,
        path=_redacted(exchange),
        status=answer.status,
        refusal=refused.name if refused else None,
        rule=exchange.rule if own else None,
        reason=refused.reason if refused else None,
        fault=exchange.fault,
        stages=tuple(exchange.stages),
        transcript=_transcript(exchange, answer),
    )


def _transcript(exchange: Exchange, answer: Answer) -> Transcript:
    return Transcript(
        origin=exchange.origin,
        path=exchange.path,
        query=exchange.query,
        headers=exchange.headers,
        body=exchange.body[:KEPT],
        size=len(exchange.body),
        answer_headers=answer.headers,
        answer=answer.body,
        answer_size=answer.size,
    )


def _redacted(exchange: Exchange) -> str:
    """The path without a token in it; queries can hold signatures and are left out."""
    operation = exchange.operation
    if operation is None:
        return Redactor(exchange.provider).text(exchange.path)
    if operation.token is None:
        return exchange.path
    return re.sub(r"\{\w*token\w*\}", "…", operation.path)
