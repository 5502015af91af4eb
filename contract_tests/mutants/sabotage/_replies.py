"""Changes of what a handler answers, which the modules of the providers put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply

Handler = Callable[["Exchange"], "Reply"]
Change = Callable[["Reply", "Exchange"], "Reply"]


#: How long what should be at once takes, seconds.
LATE = 0.5


def sabotages(changes: Mapping[str, tuple[str, Change]]) -> None:
    """Registers each as a sabotage: name to an operation, and how its handler's replies are changed."""
    for name, (operation, change) in changes.items():
        sabotage(name)(_changing(operation, change))


def _changing(operation: str, change: Change) -> Callable[[], None]:
    def put_in() -> None:
        wrap_handler(operation, lambda handler: lambda call: change(handler(call), call))

    return put_in


def wrap_handler(operation: str, wrap: Callable[[Handler], Handler]) -> None:
    """Puts another handler in the place of this operation's, before the mock looks for it."""
    provider, _, function = operation.partition(".")
    module = import_module(f"mockserver.providers.{provider}")
    setattr(module, function, wrap(getattr(module, function)))


def member(*path: str | int, value: Any) -> Change:
    """The member at this place of the JSON body holds `value`, or, where that is a function, what it makes of the old one."""

    def change(reply: Reply, call: Exchange) -> Reply:
        body = deepcopy(reply.body)
        inside = body
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = value(inside[path[-1]], call) if callable(value) else value
        return replace(reply, body=body)

    return change


def without(*path: str | int) -> Change:
    """The member at this place of the JSON body is left out."""

    def change(reply: Reply, call: Exchange) -> Reply:
        body = deepcopy(reply.body)
        inside = body
        for step in path[:-1]:
            inside = inside[step]
        del inside[path[-1]]
        return replace(reply, body=body)

    return change


def header(name: str, value: str | None) -> Change:
    """The header holds this, or is left out."""

    def change(reply: Reply, call: Exchange) -> Reply:
        others = {key: old for key, old in reply.headers.items() if key != name}
        return replace(reply, headers=others if value is None else {**others, name: value})

    return change


def body(value: Any) -> Change:
    return lambda reply, call: replace(reply, body=value)


def status(code: int) -> Change:
    return lambda reply, call: replace(reply, status=code)


def answers_first(provider: str, name: str, status: int, body: Any = None) -> None:
    """The handler answers at once and does its work after a while."""
    from mockserver.exchange import Reply
    from mockserver.refusals import Refused

    module = import_module(f"mockserver.providers.{provider}")
    handler = getattr(module, name)

    def work(call: Exchange) -> None:
        with suppress(Refused):
            handler(call)

    def later(call: Exchange) -> Reply:
        asyncio.get_running_loop().call_later(LATE, work, call)
        return Reply(status, body)

    setattr(module, name, later)
