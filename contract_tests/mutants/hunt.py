"""Hunts mutants: starts each broken mock, runs the suite on it, and asks whether the mutant's own rule was found violated."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from contract_tests.mutants.catalogue import Mutant
from contract_tests.outcome import Outcome

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
    count = workers or os.cpu_count() or 1
    with ProcessPoolExecutor(min(count, len(mutants) or 1), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(hunt_one, mutant, seed) for mutant in mutants]
        for done in as_completed(waiting):
            yield done.result()


def hunt_one(mutant: Mutant, seed: int) -> Catch:
    """Starts the mutant's mock and runs the proofs of its rule or, for a harmless one, of its whole provider."""
    from contract_tests.own_mock import MockFailed, own_mock
    from contract_tests.run import check_reachable, open_run, prove
    from contract_tests.target import at_url
    from contract_tests.verdict import Verdict
    from latchkey import load
    from latchkey.rules import Level

    contract = load().only(mutant.provider)
    patterns = (mutant.rule,) if mutant.rule else ()
    with tempfile.TemporaryDirectory() as folder:
        try:
            with own_mock([mutant.provider], seed, *_breaking(mutant, Path(folder))) as url:
                run = open_run(at_url(url, contract), contract, seed=seed)
                check_reachable(run)
                prove(run, patterns)
        except MockFailed as problem:
            return Catch(mutant, False, (), f"the mock did not start: {problem}")
    verdict = Verdict.of(run.rules, run.results)
    violated = tuple(result.rule for result in verdict.results.values() if result.outcome in BROKEN)
    if mutant.rule:
        found = verdict.results.get(mutant.rule)
        return Catch(mutant, mutant.rule in violated, violated, found.reason if found else "no proof ran")
    grave = [id for id in violated if run.rules[id].level >= Level.standard]
    errors = [f"{result.rule}: {result.reason}" for result in verdict.having(Outcome.ERROR)]
    return Catch(mutant, not grave and not errors, violated, "; ".join(errors) or None)


def _breaking(mutant: Mutant, folder: Path) -> tuple[list[str], list[str]]:
    """How the mock is started, and with which further arguments."""
    if mutant.sabotage:
        return [sys.executable, "-m", "contract_tests.mutants.sabotage", mutant.sabotage], []
    overlay = folder / "mutant.yaml"
    document = {"overlay": "1.0.0", "info": {"title": mutant.id, "version": "1.0.0"}, "actions": list(mutant.actions)}
    # JSON is YAML.
    overlay.write_text(json.dumps(document))
    return [sys.executable, "-m", "mockserver"], ["--overlay", str(overlay)]
