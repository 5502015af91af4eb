"""What becomes of the systematic mutants: which rule notices each, and which nobody does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from multiprocessing import get_context

import jsonschema_rs
import pytest

from contract_tests.mutants.catalogue import HERE, Mutant
from contract_tests.mutants.hunt import BROKEN, processes, tried
from contract_tests.mutants.systematic import perturbations
from contract_tests.outcome import Outcome
from contract_tests.own_mock import MockFailed
from contract_tests.run import RUN
from latchkey import Contract, ContractError
from latchkey.source import read_yaml

#: Themes of rules whose proofs try many requests: what they notice, a proof of a single promise should.
BROAD = {"sweep", "model", "race"}
EQUIVALENT = HERE / "equivalent.yaml"
_SHAPE = jsonschema_rs.Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["pattern", "because"],
            "additionalProperties": False,
            "properties": {"pattern": {"type": "string"}, "because": {"type": "string", "minLength": 12}},
        },
    }
)


class Fate(Enum):
    """KILLED: a rule was found not kept. EQUIVALENT: known to break no promise, and not tried unless asked for."""

    KILLED = "killed"
    SURVIVED = "survived"
    NOT_LOADABLE = "not loadable"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a mutant. `rule` is the first that noticed; `note` why it did not load, is equivalent, or what else
    came of proofs that did not notice.
    """

    mutant: Mutant
    fate: Fate
    rule: str | None = None
    note: str | None = None


def equivalents(contract: Contract) -> dict[str, str]:
    """Id of each systematic mutant of this contract that is equivalent, to the reason.

    Raises ContractError for an entry that is malformed or matches nothing.
    """
    raw = read_yaml(EQUIVALENT)
    for error in _SHAPE.iter_errors(raw):
        raise ContractError(EQUIVALENT, error.instance_path, error.message)
    ids = [mutant.id for provider in contract.providers for mutant in perturbations(contract, provider)]
    known: dict[str, str] = {}
    for index, entry in enumerate(raw):
        found = [id for id in ids if fnmatchcase(id, entry["pattern"])]
        if not found:
            raise ContractError(EQUIVALENT, (index, "pattern"), f"{entry['pattern']} matches no mutant; remove it")
        known |= dict.fromkeys(found, entry["because"])
    return known


def survey(mutants: Sequence[Mutant], *, seed: int = 0, workers: int | None = None) -> Iterator[Found]:
    """What becomes of each mutant, as it comes, tried in parallel processes."""
    with ProcessPoolExecutor(processes(workers, len(mutants)), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(survey_one, mutant, seed) for mutant in mutants]
        for done in as_completed(waiting):
            yield done.result()


def survey_one(mutant: Mutant, seed: int) -> Found:
    """Runs the proofs of the mutant's provider, without the broad ones, until one of them notices."""
    try:
        run = tried(mutant, seed, (f"{mutant.provider}.*",), FirstKill())
    except MockFailed as problem:
        return Found(mutant, Fate.NOT_LOADABLE, note=str(problem).splitlines()[-1])
    killers = [result.rule for result in run.results if result.outcome in BROKEN]
    if killers:
        return Found(mutant, Fate.KILLED, killers[0])
    missed = [f"{result.rule}: {result.reason}" for result in run.results if result.outcome is not Outcome.VERIFIED]
    return Found(mutant, Fate.SURVIVED, note="; ".join(missed) or None)


class FirstKill:
    """Leaves broad proofs out of a run, and ends it when a rule is found not kept."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if BROAD.isdisjoint(_rule(item).split("."))]

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        results = item.config.stash[RUN].results
        if results and results[-1].outcome in BROKEN:
            item.session.shouldstop = "killed"


def _rule(item: pytest.Item) -> str:
    mark = item.get_closest_marker("rule")
    return str(mark.args[0]) if mark else ""
