"""What is put around the handlers of Files.com."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply


DAY = 86400


def told(change: Callable[[Any], Any]) -> Callable[..., Reply]:
    """Around a handler: its answer's body as `change` makes it."""
    return lambda handler, call: (reply := handler(call), replace(reply, body=change(reply.body)))[1]


def answered(status: int, **words: Any) -> Callable[..., Reply]:
    """Around a handler: its answer with this status."""
    return lambda handler, call: replace(handler(call), status=status, **words)


def silent(handler: Any, call: Exchange) -> Reply:
    """In a handler's place: says that it is done, and does nothing."""
    from mockserver.exchange import Reply

    return Reply(204)


def as_administrator(handler: Any, call: Exchange) -> Reply:
    """Around a handler: whoever asks counts as an administrator."""
    assert call.caller
    call.caller = replace(call.caller, user=None)
    reply: Reply = handler(call)
    return reply


def asked(**members: Any) -> Callable[..., Any]:
    """Around whatever reads the body: these members are in it, or, where the value is a function, what it makes of the call."""

    def around(handler: Any, call: Exchange, *words: Any) -> Any:
        made = {name: value(call) if callable(value) else value for name, value in members.items()}
        call.payload = {**(call.payload or {}), **made}
        return handler(call, *words)

    return around


def unasked(*names: str) -> Callable[..., Any]:
    """Around whatever reads parameters and body: these are in neither."""

    def around(handler: Any, call: Exchange, *words: Any) -> Any:
        call.parameters = {name: value for name, value in call.parameters.items() if name not in names}
        if isinstance(call.payload, dict):
            call.payload = {name: value for name, value in call.payload.items() if name not in names}
        return handler(call, *words)

    return around


def without(*names: str) -> Callable[[Any], Any]:
    """The body, or each row of it, without these members."""

    def change(body: Any) -> Any:
        if isinstance(body, list):
            return [change(row) for row in body]
        return {name: value for name, value in body.items() if name not in names}

    return change
