"""Between route and the checks: where a fault was set, it delays, refuses, cuts or drops before anybody is asked for a key."""

from __future__ import annotations

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockserver.clock import elapse
from mockserver.exchange import Exchange
from mockserver.faults import Fault
from mockserver.layers.record import EXCHANGE
from mockserver.refusals import Refused, unprovoked
from mockserver.stages.identify import identify

#: Where a server puts the function that closes the connection under a request.
HANG_UP = "latchkey.hang_up"


class Inject:
    """Lets the first fault that strikes do its work; without any fault a request passes at the cost of a look."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        fault = draw(exchange) if exchange.world.faults else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        exchange.stages.append("fault")
        exchange.fault = fault.says()
        if fault.delay:
            await elapse(fault.delay)
            # Windows and expiries are judged when the request gets through.
            exchange.at = exchange.world.clock.now()
        if fault.refusal:
            exchange.instead = unprovoked(exchange, fault.refusal, exchange.fault)
        if fault.drop:
            await _hang_up(scope, receive)
        elif fault.truncate is None:
            await self.app(scope, receive, send)
        else:
            cut = _Cut(send, fault.truncate)
            await self.app(scope, receive, cut)
            if cut.done:
                await _hang_up(scope, receive)


def draw(exchange: Exchange) -> Fault | None:
    """The oldest fault that strikes this request. Who asks is found out where it matters, and for the journal."""
    provider, faults = exchange.provider, exchange.world.faults
    if provider is None:
        return None
    covering = faults.covering(provider.name, exchange.operation.id if exchange.operation else None)
    if covering:
        recognise(exchange)
    caller = exchange.caller
    account, key = (caller.account.id, caller.key.id) if caller else (None, None)
    return next((fault for fault in covering if fault.aims_at(account, key) and faults.strike(fault)), None)


def recognise(exchange: Exchange) -> None:
    """Sets the caller where there is one; whoever is refused stays unknown."""
    with suppress(Refused):
        identify(exchange)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Closes the connection. Raises ConnectionResetError where there is none, as with an application called in-process."""
    hang_up = scope.get(HANG_UP)
    if hang_up is None:
        raise ConnectionResetError("a fault closed the connection")
    hang_up()
    # Until the server knows, it would take our silence for a mistake and answer 500.
    while (await receive())["type"] != "http.disconnect":
        pass


class _Cut:
    """A `send` that lets so many bytes of the body through, then nothing."""

    def __init__(self, send: Send, room: int) -> None:
        self._send = send
        self._room = room
        self.done = False

    async def __call__(self, message: Message) -> None:
        if self.done:
            return
        body = message.get("body", b"")
        if message["type"] == "http.response.body" and len(body) > self._room:
            self.done = True
            message = {**message, "body": body[: self._room], "more_body": True}
        self._room -= len(body)
        await self._send(message)
