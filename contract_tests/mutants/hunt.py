"""Hunts mutants: starts each broken mock, runs the suite on it, and asks whether the mutant's own rule was found violated."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, partial
from multiprocessing import get_context
from typing import TypeVar

from contract_tests.client import Unreachable
from contract_tests.mutants.alarm import time_limit
from contract_tests.mutants.catalogue import Mutant
from contract_tests.mutants.host import mutated_mock
from contract_tests.outcome import Outcome
from contract_tests.own_mock import MockFailed
from contract_tests.provision.control import PREFIX
from contract_tests.run import Run, check_reachable, open_run, prove
from contract_tests.target import Target, at_url
from contract_tests.verdict import Verdict
from latchkey import Contract, load
from latchkey.rules import Level
from latchkey.source import read_once

#: Outcomes of a rule that is not kept, by the gravity of its level.
BROKEN = {Outcome.VIOLATED, Outcome.WARNED, Outcome.NOTED}
#: Themes of rules whose proofs try many requests and take long.
BROAD = {"sweep", "model", "race"}
#: How long one mutant may take, seconds.
PATIENCE = 300.0

Report = TypeVar("Report")


class Fate(Enum):
    """KILLED: its own rule was found violated. ACCEPTED, REFUSED: harmless variants. BROKEN: could not be tried."""

    KILLED = "killed"
    SURVIVED = "survived"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Catch:
    """What became of a mutant. Of one that survived, `violated` are the rules that noticed in its own rule's place."""

    mutant: Mutant
    fate: Fate
    violated: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def good(self) -> bool:
        """Whether it is what was to be: killed by its own rule or, where it is harmless, accepted."""
        return self.fate in {Fate.KILLED, Fate.ACCEPTED}


def hunt(
    mutants: Sequence[Mutant], *, seed: int = 0, workers: int | None = None, patience: float = PATIENCE
) -> Iterator[Catch]:
    """The catch of each mutant, as they come, hunted in parallel processes."""
    # Longest first, so that no process is left alone with a whole run at the end.
    ordered = sorted(mutants, key=lambda mutant: (mutant.rule is not None, not _is_broad(mutant)))
    return in_processes(partial(hunt_one, seed=seed, patience=patience), ordered, workers)


def _is_broad(mutant: Mutant) -> bool:
    return mutant.rule is not None and not BROAD.isdisjoint(mutant.rule.split("."))


def in_processes(
    task: Callable[[Mutant], Report], mutants: Sequence[Mutant], workers: int | None = None
) -> Iterator[Report]:
    """What the task reports of each mutant, as it comes, from as many processes as there are cores or `workers` says."""
    count = max(1, min(workers or os.cpu_count() or 1, len(mutants)))
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=read_once) as pool:
        waiting = [pool.submit(task, mutant) for mutant in mutants]
        for done in as_completed(waiting):
            yield done.result()


def hunt_one(mutant: Mutant, *, seed: int = 0, patience: float = PATIENCE) -> Catch:
    """Starts the mutant's mock and runs the proofs of its rule or, for a harmless one, of its whole provider."""
    try:
        with time_limit(patience):
            return _try_rule(mutant, seed) if mutant.rule else _try_all(mutant, seed)
    except (MockFailed, Unreachable, TimeoutError) as problem:
        return Catch(mutant, Fate.BROKEN, problem=str(problem))


def _try_rule(mutant: Mutant, seed: int) -> Catch:
    assert mutant.rule
    found = _verdict(mutant, seed, mutant.rule).results.get(mutant.rule)
    if found and found.outcome in BROKEN:
        return Catch(mutant, Fate.KILLED, (mutant.rule,))
    if found and found.outcome is Outcome.ERROR:
        return Catch(mutant, Fate.BROKEN, problem=found.reason)
    instead = _violated(_verdict(mutant, seed, f"{mutant.provider}.*"))
    return Catch(mutant, Fate.SURVIVED, instead, found.reason if found else "no proof ran")


def _try_all(mutant: Mutant, seed: int) -> Catch:
    run = tried(mutant, seed)
    verdict = Verdict.of(run.rules, run.results)
    violated = _violated(verdict)
    grave = {id for id in violated if run.rules[id].level >= Level.standard}
    errors = [f"{result.rule}: {result.reason}" for result in verdict.having(Outcome.ERROR)]
    fate = Fate.ACCEPTED if grave == set(mutant.warns) and not errors else Fate.REFUSED
    return Catch(mutant, fate, violated, "; ".join(errors) or None)


def _verdict(mutant: Mutant, seed: int, pattern: str) -> Verdict:
    run = tried(mutant, seed, (pattern,))
    return Verdict.of(run.rules, run.results)


def _violated(verdict: Verdict) -> tuple[str, ...]:
    return tuple(result.rule for result in verdict.results.values() if result.outcome in BROKEN)


def tried(mutant: Mutant, seed: int, patterns: Sequence[str] = (), *plugins: object) -> Run:
    """The run of the suite, of the rules that match, on a mock of this mutant. Raises MockFailed."""
    contract = _contract(mutant.provider)
    with (
        mutated_mock(
            mutant.provider, seed, actions=mutant.actions, sabotage=mutant.sabotage, protocols=mutant.protocols
        ) as url,
        closing(open_run(_target(url, contract), contract, seed=seed)) as run,
    ):
        check_reachable(run)
        prove(run, patterns, *plugins)
        return run


def _target(url: str, contract: Contract) -> Target:
    """With its control plane named: a mutant whose mock does not answer in time was not tried, and has not survived."""
    return replace(at_url(url, contract), control=url + PREFIX)


@cache
def _contract(provider: str) -> Contract:
    return load().only(provider)
