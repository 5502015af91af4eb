"""Runs of the suite on servers that share no code with the mock (`others`). Their clock is moved, so that nothing waits."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from socketserver import BaseServer
from typing import TypeVar

from contract_tests.outcome import Outcome
from contract_tests.run import Run, prove, thrifty_run
from contract_tests.target import Endpoint, Permit, StaticKey, Target
from contract_tests.verdict import Verdict
from latchkey import Contract
from latchkey.rules import Level, load_rules

#: Whoever looks after such a server lets everything be tried, and can turn its clock by years.
PERMIT = Permit(destroy=True, spend_window=True, wait_up_to=1e8, max_requests=20_000, max_time=1e9)

Part = TypeVar("Part")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._time = 1_780_000_000.0

    def now(self) -> float:
        return self._time

    def advance(self, seconds: float) -> None:
        self._time += seconds


def part(kind: type[Part], changed: Sequence[type]) -> type[Part]:
    """What stands in a server for a part of this kind: of what was changed the one that derives from it, else itself."""
    return next((other for other in changed if issubclass(other, kind)), kind)


@contextlib.contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Lets a server answer, in a thread, until the block is left."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def described(provider: str, url: str, keys: Mapping[str, str]) -> Target:
    """A target with one provider, and its keys by situation."""
    given = {situation: (StaticKey(key=key),) for situation, key in keys.items()}
    return Target(name="elsewhere", endpoints={provider: Endpoint(base_url=url, keys=given)})


@contextlib.contextmanager
def standing(contract: Contract, target: Target, clock: Clock) -> Iterator[Run]:
    """A run to come on this target, which waits by moving the clock. Where somebody turns the target's clock, that of the suite
    stands.
    """
    now = Clock().now if target.provisioner else clock.now
    run = thrifty_run(replace(target, permit=PERMIT), contract, sleep=clock.advance, now=now)
    try:
        yield run
    finally:
        run.close()


def judged(contract: Contract, target: Target, clock: Clock, patterns: Sequence[str] = ()) -> Verdict:
    """What comes of the proofs of the rules that match."""
    with standing(contract, target, clock) as run:
        prove(run, patterns)
        return Verdict.of(run.rules, run.results)


def having(verdict: Verdict, *outcomes: Outcome) -> set[str]:
    """The rules with such an outcome, without the name of the provider."""
    return {result.rule.partition(".")[2] for result in verdict.having(*outcomes)}


def verified(contract: Contract, verdict: Verdict, but: Collection[str] = ()) -> float:
    """The part that is verified of the rules that are documented or published, but for some themes."""
    rules = load_rules(contract)
    wanted = [id for id in verdict.results if rules[id].level >= Level.published and id.split(".")[1] not in but]
    gate = [verdict.results[id] for id in wanted]
    return sum(result.outcome is Outcome.VERIFIED for result in gate) / len(gate)


def named(value: object) -> str:
    """What a case is called whose server has this part changed."""
    return value.__name__ if isinstance(value, type) else ""
