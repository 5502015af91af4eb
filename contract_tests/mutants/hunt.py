"""Hunts mutants: starts each broken mock, runs the suite on it, and asks whether the mutant's own rule was found violated."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

from contract_tests.mutants.catalogue import Mutant
from contract_tests.mutants.host import mutated_mock
from contract_tests.outcome import Outcome
from contract_tests.own_mock import MockFailed
from contract_tests.run import Run, check_reachable, open_run, prove
from contract_tests.target import at_url
from contract_tests.verdict import Verdict
from latchkey import Contract, load
from latchkey.rules import Level

#: Outcomes of a rule that is not kept, by the gravity of its level.
BROKEN = {Outcome.VIOLATED, Outcome.WARNED, Outcome.NOTED}


@dataclass(frozen=True, slots=True)
class Catch:
    """What became of a mutant. `good` is what was to be: killed by its own rule or, where it is harmless, accepted."""

    mutant: Mutant
    good: bool
    violated: tuple[str, ...]
    problem: str | None = None


def hunt(mutants: Sequence[Mutant], *, seed: int = 0, workers: int | None = None) -> Iterator[Catch]:
    """The catch of each mutant, as they come, hunted in parallel processes."""
    with ProcessPoolExecutor(processes(workers, len(mutants)), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(hunt_one, mutant, seed) for mutant in mutants]
        for done in as_completed(waiting):
            yield done.result()


def processes(wanted: int | None, tasks: int) -> int:
    """How many processes work on this many tasks: as many as there are cores unless another number is wanted."""
    return max(1, min(wanted or os.cpu_count() or 1, tasks))


def hunt_one(mutant: Mutant, seed: int) -> Catch:
    """Starts the mutant's mock and runs the proofs of its rule or, for a harmless one, of its whole provider."""
    try:
        run = tried(mutant, seed, (mutant.rule,) if mutant.rule else ())
    except MockFailed as problem:
        return Catch(mutant, False, (), f"the mock did not start: {problem}")
    verdict = Verdict.of(run.rules, run.results)
    violated = tuple(result.rule for result in verdict.results.values() if result.outcome in BROKEN)
    if mutant.rule:
        found = verdict.results.get(mutant.rule)
        return Catch(mutant, mutant.rule in violated, violated, found.reason if found else "no proof ran")
    grave = {id for id in violated if run.rules[id].level >= Level.standard}
    errors = [f"{result.rule}: {result.reason}" for result in verdict.having(Outcome.ERROR)]
    return Catch(mutant, grave == set(mutant.warns) and not errors, violated, "; ".join(errors) or None)


def tried(mutant: Mutant, seed: int, patterns: Sequence[str] = (), *plugins: object) -> Run:
    """The run of the suite, of the rules that match, on a mock of this mutant. Raises MockFailed."""
    contract = _contract(mutant.provider)
    with mutated_mock(mutant.provider, seed, actions=mutant.actions, sabotage=mutant.sabotage) as url:
        run = open_run(at_url(url, contract), contract, seed=seed)
        check_reachable(run)
        prove(run, patterns, *plugins)
        run.client.close()
    return run


@cache
def _contract(provider: str) -> Contract:
    return load().only(provider)
