"""Ways to change Fileflare's handlers, and the rows that they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import Change, Handler
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Row


Function = Callable[..., Any]


Wrap = Callable[[Function], Function]


Shown = dict[str, Any]


HANDLERS = "mockserver.providers.fileflare"


def wrap_all(wrap: Wrap, *names: str) -> None:
    """Puts other functions in the place of these of the handlers' module."""
    module = import_module(HANDLERS)
    for name in names:
        setattr(module, name, wrap(getattr(module, name)))


def wraps(changes: Mapping[str, tuple[str, Wrap]]) -> None:
    """Registers each as a sabotage: name to a function of the handlers' module, and what it becomes."""
    for name, (function, wrap) in changes.items():
        sabotage(name)(partial(wrap_all, wrap, function))


# Ways to change a function.


def instead(new: Function) -> Wrap:
    return lambda old: new


def showing(change: Callable[[Shown], Shown]) -> Wrap:
    """What it shows of a row is changed so."""
    return lambda old: lambda *given, **named: change(old(*given, **named))


def before(done: Callable[[Exchange], Any]) -> Wrap:
    """Something else happens first."""

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            done(call)
            return handler(call)

        return handled

    return wrap


def undone(*tables: str) -> Wrap:
    """It answers as it should, and these tables of the account are left as they were."""
    from copy import deepcopy

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            kept = {name: deepcopy(call.table(name)) for name in tables}
            reply = handler(call)
            call.account.rows.update(kept)
            return reply

        return handled

    return wrap


def over_all_stores(*tables: str) -> Wrap:
    """It looks through these tables of all stores."""

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            with all_stores(call, *tables):
                return handler(call)

        return handled

    return wrap


@contextmanager
def all_stores(call: Exchange, *tables: str) -> Iterator[None]:
    rows, stores = call.account.rows, list(call.world.accounts_of("fileflare"))
    own = {name: call.table(name) for name in tables}
    rows.update({name: {id: row for store in stores for id, row in store.table(name).items()} for name in tables})
    try:
        yield
    finally:
        rows.update(own)


def refused_where(condition: Callable[[Exchange], bool], code: int, message: str) -> Wrap:
    """It is refused beforehand where this is so."""

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            from mockserver.exchange import Reply

            return Reply(code, {"message": message}) if condition(call) else handler(call)

        return handled

    return wrap


def not_found_where(condition: Callable[[Exchange], bool], what: str) -> Wrap:
    """It finds nothing where this is so."""

    def look(call: Exchange) -> None:
        if condition(call):
            call.refuse("not_found", "it does not look there", what=what)

    return before(look)


def only_answering(code: int, answer: Any) -> Wrap:
    """It answers and does nothing."""

    def handled(call: Exchange) -> Reply:
        from mockserver.exchange import Reply

        return Reply(code, answer)

    return instead(handled)


def and_then(done: Callable[[Exchange], Any]) -> Change:
    """Something else happens afterwards."""

    def change(reply: Reply, call: Exchange) -> Reply:
        done(call)
        return reply

    return change


# The account's rows.


def asset_row(call: Exchange) -> Row:
    return call.table("assets").get(call.parameters["asset"], {})
