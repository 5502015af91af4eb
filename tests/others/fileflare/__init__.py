"""A server of Fileflare's API. Where no document says how, it does otherwise than the mock."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from contract_tests.client import Client
from contract_tests.outcome import NotVerifiable
from contract_tests.provision import Key
from contract_tests.run import Run, prove
from contract_tests.target import Endpoint, StaticKey, Target
from contract_tests.verdict import Verdict
from latchkey import Contract
from latchkey.records import Provider
from latchkey.rules import load_rules
from tests import elsewhere
from tests.elsewhere import PERMIT, Clock, part
from tests.others.fileflare.app import App
from tests.others.fileflare.server import Handler, Server
from tests.others.fileflare.store import Store, Throttle


@contextlib.contextmanager
def serving(clock: Clock, *changed: type) -> Iterator[App]:
    """Serves three stores on a free port."""
    app = part(App, changed)(clock.now, part(Store, changed), part(Throttle, changed))
    server = Server(app, part(Handler, changed))
    with elsewhere.serving(server):
        yield app


def described(app: App) -> Target:
    """The server as its owner would describe it: two keys of one store, and one of each other situation."""
    order = app.stores["isle"].orders[0]
    ids = {"status_id": order["status_id"], "shopify_id": order["shopify_id"]}
    full = tuple(StaticKey(key=raw, presents=ids) for raw in (app.own["isle"], app.key("isle")))
    others = {
        "revoked": app.key("isle", revoked=True),
        "regenerated": app.key("isle"),
        "storage_full": app.own["brim"],
        "neighbour": app.own["cove"],
    }
    keys = {"full": full, **{situation: (StaticKey(key=raw),) for situation, raw in others.items()}}
    return Target(name="elsewhere", endpoints={"fileflare": Endpoint(base_url=app.url, keys=keys)})


def judged(contract: Contract, patterns: Sequence[str] = (), *changed: type) -> Verdict:
    """What comes of the proofs of the rules that match."""
    clock = Clock()
    with serving(clock, *changed) as app:
        return elsewhere.judged(contract, described(app), clock, patterns)


def kept(contract: Contract, patterns: Sequence[str] = (), *changed: type) -> Verdict:
    """The same where whoever looks after it opens a store for each proof, and no request is dear."""
    clock, contract = Clock(), contract.only("fileflare")
    with serving(clock, *changed) as app:
        target = replace(described(app), permit=replace(PERMIT, wait_up_to=math.inf))
        run = Run(contract, load_rules(contract), target, Landlord(app, clock), Client(contract, seed=0))
        with contextlib.closing(run):
            prove(run, patterns)
            return Verdict.of(run.rules, run.results)


class Landlord:
    """Opens a store of its own for each proof, and moves the clock."""

    def __init__(self, app: App, clock: Clock) -> None:
        self.app, self.clock, self.count = app, clock, itertools.count(1)

    def open(self, provider: Provider, *, neighbour: bool = False) -> Keeper:
        return Keeper(self.app, f"store {next(self.count)}")

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def now(self) -> float:
        return self.clock.now()

    def address(self) -> Mapping[str, str]:
        raise NotVerifiable("it counts no addresses")

    def close(self) -> None:
        """Nothing to end."""


class Keeper:
    """Whoever looks after one store: what can be done in the app's settings."""

    def __init__(self, app: App, name: str) -> None:
        self.app, self.name, self.ids = app, name, {}
        self.takes_all = True
        self.store = app.stores[name] = app.kind(name, app.now)

    def key(self, situation: str = "full", **fields: Any) -> Key:
        if fields.get("unlimited"):
            raise NotVerifiable("every key is limited")
        store = "brim" if situation == "storage_full" else self.name
        raw = self.app.key(store, revoked=situation == "revoked")
        order = self.store.orders[0]
        return Key(raw=raw, situation=situation, presents={name: order[name] for name in ("status_id", "shopify_id")})

    def revoke(self, key: Key) -> None:
        self.app.revoke(key.raw)

    def rotate(self, key: Key) -> Key:
        """The old key works on."""
        return self.key(key.situation)

    def nobody(self, *what: Any, **members: Any) -> NoReturn:
        raise NotVerifiable("nobody does that here")

    stored = change_key = change_account = rows = change_row = journal = nobody

    def close(self) -> None:
        del self.app.stores[self.name]
