"""A door: one protocol of one provider. What comes through it is checked and journaled like a request of the API."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from latchkey.records import Protocols, Provider
from mockserver.exchange import Caller, Exchange
from mockserver.journal import KEPT
from mockserver.layers.record import Answer, publish
from mockserver.protocols.sign_in import recognise, sign_in
from mockserver.protocols.tree import Tree, find_tree
from mockserver.refusals import Refused
from mockserver.world import World

T = TypeVar("T")

log = logging.getLogger("mockserver")


class Shut(Exception):
    """The contract, as it was reloaded, has no such door any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`origin` is its URL; files have at most `max_body` bytes; with `explain` a refusal over HTTP says why in a header.

    All of it belongs to the mock's event loop.
    """

    world: World
    provider: str
    protocol: str
    origin: str
    max_body: int
    explain: bool = False

    @property
    def tree(self) -> Tree:
        return find_tree(self.provider)

    @property
    def policy(self) -> Protocols:
        """Raises Shut."""
        return self._now()[1]

    def code(self, refused: Refused) -> int:
        """How this protocol tells the refusal. Raises Shut."""
        provider, policy = self._now()
        codes, status = policy.doors[self.protocol], provider.refusals[refused.name].status
        return next((codes[name] for name in (refused.name, str(status), "default") if name in codes), status)

    def too_large(self) -> Refused:
        name = self._now()[0].validation.too_large
        return Refused(name, f"the file has more than the {self.max_body} bytes that this mock takes (--max-body)")

    def open(self, client: str, command: str, path: str, body: bytes = b"") -> Exchange:
        """An exchange whose caller is not known yet. Raises Shut."""
        return Exchange(
            world=self.world,
            id=self.world.source.hex(32),
            at=self.world.clock.now(),
            method=f"{self.protocol.upper()} {command}",
            path=path,
            query="",
            headers={},
            body=body,
            client=client,
            origin=self.origin.rstrip("/"),
            protocol=self.protocol,
            provider=self._now()[0],
        )

    def enter(self, client: str, command: str, login: str, password: str) -> Session:
        """A session of the one who signs in. Raises Refused and Shut."""
        exchange = self.open(client, command, "/")

        def work(call: Exchange) -> Session:
            call.stages.append("identify")
            sign_in(call, self.policy, login, password)
            assert call.caller
            return Session(self, client, call.caller)

        return self.run(exchange, work)

    def run(self, exchange: Exchange, work: Callable[[Exchange], T], *, quiet: bool = False) -> T:
        """What the work answers; journaled, where it is `quiet` only if it is refused. Raises Refused."""
        try:
            done = work(exchange)
        except Refused as refused:
            self._note(exchange, refused)
            raise
        except Shut:
            raise
        except Exception as error:  # as in layers/answer.py: a mistake of the mock is told like any refusal
            log.error("%s %s failed", exchange.method, exchange.path, exc_info=error)
            failed = Refused(self._now()[0].server_error, f"the mock failed: {type(error).__name__}")
            self._note(exchange, failed)
            raise failed from error
        if not quiet:
            answer = Answer(200)
            if isinstance(done, bytes):
                answer.body, answer.size = done[:KEPT], len(done)
            publish(exchange, answer)
        return done

    def _note(self, exchange: Exchange, refused: Refused) -> None:
        exchange.refused = refused
        publish(exchange, Answer(self._now()[0].refusals[refused.name].status))

    def _now(self) -> tuple[Provider, Protocols]:
        provider = self.world.contract.providers.get(self.provider)
        if provider is None or provider.protocols is None or self.protocol not in provider.protocols.doors:
            raise Shut(f"the contract has no {self.protocol} of {self.provider} any more")
        return provider, provider.protocols


class Session:
    """One who has signed in. Each action looks the key up again: once it opens nothing, the session has ended."""

    def __init__(self, door: Door, client: str, caller: Caller) -> None:
        self.door = door
        self.client = client
        self.ended = False
        # What it signed in with is kept no longer.
        self._caller = replace(caller, raw="")

    def do(
        self, command: str, path: str, action: Callable[[Exchange], T], *, body: bytes = b"", quiet: bool = False
    ) -> T:
        """What the action answers; journaled, where it is `quiet` only if it is refused. Raises Refused and Shut."""
        exchange = self.door.open(self.client, command, path, body)

        def work(call: Exchange) -> T:
            call.stages.append("identify")
            self._recognise(call)
            call.stages.append("handler")
            return action(call)

        return self.door.run(exchange, work, quiet=quiet)

    def _recognise(self, call: Exchange) -> None:
        policy, was = self.door.policy, self._caller.key
        if self._caller.stand_in or not policy.rechecked:
            call.caller = self._caller
            return
        key = call.world.keys.get(was.id)
        try:
            if key is None or key.digest != was.digest:
                raise Refused(policy.refusals["revoked"], f"key {was.name!r} is gone")
            recognise(call, policy, key)
        except Refused:
            self.ended = True
            raise
