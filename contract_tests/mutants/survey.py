"""What becomes of the systematic mutants: which rule notices each, and which nobody does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import jsonschema_rs
import pytest

from contract_tests.client import Unreachable
from contract_tests.mutants.alarm import time_limit
from contract_tests.mutants.catalogue import HERE, Mutant
from contract_tests.mutants.hunt import BROAD, BROKEN, PATIENCE, in_processes, tried
from contract_tests.outcome import Outcome, Result
from contract_tests.own_mock import MockFailed
from contract_tests.run import RUN
from latchkey import ContractError
from latchkey.source import read_yaml

EQUIVALENT = HERE / "equivalent.yaml"
_SHAPE = jsonschema_rs.Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["because", "mutants"],
            "additionalProperties": False,
            "properties": {
                "because": {"type": "string", "minLength": 12},
                "mutants": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            },
        },
    }
)


class Finding(Enum):
    """KILLED: a rule was found not kept. EQUIVALENT: none was, and none was to be. REFUSED: the contract is not one that a
    mock loads. BROKEN: it could not be tried.
    """

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    REFUSED = "refused"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a mutant. `rule` is the first that noticed; `note` why it is equivalent or could not be tried, or
    what came of proofs that did not notice.
    """

    mutant: Mutant
    finding: Finding
    rule: str | None = None
    note: str | None = None

    @property
    def good(self) -> bool:
        """Whether nothing about it is left to explain."""
        return self.finding in {Finding.KILLED, Finding.EQUIVALENT, Finding.REFUSED}


@dataclass(frozen=True, slots=True)
class Missed:
    """What came of a proof that neither held nor noticed. `closed`: its rule is of a protocol that the mutant does not serve."""

    result: Result
    closed: bool

    @property
    def silence(self) -> int:
        """How little it says of the mutant: least where the proof broke, most where no mock of the kind could show the rule."""
        return 2 if self.closed else 1 if self.result.outcome is Outcome.NOT_VERIFIABLE else 0


@dataclass(frozen=True, slots=True)
class Equivalence:
    """A pattern of ids of mutants that break no promise, and why."""

    pattern: str
    because: str

    def covers(self, mutant: Mutant) -> bool:
        return fnmatchcase(mutant.id, self.pattern)


def read_equivalences(file: Path = EQUIVALENT) -> list[Equivalence]:
    """What is known to break no promise. Raises ContractError for an entry that is malformed."""
    raw = read_yaml(file)
    for error in _SHAPE.iter_errors(raw):
        raise ContractError(file, error.instance_path, error.message)
    return [Equivalence(pattern, entry["because"]) for entry in raw for pattern in entry["mutants"]]


def stale(equivalences: Sequence[Equivalence], found: Sequence[Found]) -> list[str]:
    """The patterns of which no mutant is left that nothing notices. One that covers none of these mutants is not judged."""
    left = [item.mutant for item in found if item.finding is Finding.EQUIVALENT]
    tried = [item.mutant for item in found]
    return [each.pattern for each in equivalences if any(map(each.covers, tried)) and not any(map(each.covers, left))]


def survey(
    mutants: Sequence[Mutant],
    equivalences: Sequence[Equivalence],
    *,
    seed: int = 0,
    workers: int | None = None,
    patience: float = PATIENCE,
) -> Iterator[Found]:
    """What becomes of each mutant, as it comes, tried in parallel processes."""
    because = {mutant.id: each.because for each in equivalences for mutant in mutants if each.covers(mutant)}
    # Those that nothing is to notice take longest.
    ordered = sorted(mutants, key=lambda mutant: mutant.id not in because)
    return in_processes(partial(survey_one, because=because, seed=seed, patience=patience), ordered, workers)


def survey_one(mutant: Mutant, *, because: Mapping[str, str], seed: int = 0, patience: float = PATIENCE) -> Found:
    """Runs the proofs of the mutant's provider until one of them notices. The broad ones are asked last, and not where
    there is a reason, by id, `because` of which nothing is to notice.
    """
    reason = because.get(mutant.id)
    try:
        with time_limit(patience):
            rule, missed = _noticed(mutant, seed, FirstKill(broad=False))
            if rule is None and reason is None:
                rule, more = _noticed(mutant, seed, FirstKill(broad=True))
                missed += more
    except MockFailed as problem:
        note = str(problem).splitlines()[-1]
        return Found(mutant, Finding.REFUSED if note.startswith("Error: ") else Finding.BROKEN, note=note)
    except (Unreachable, TimeoutError) as problem:
        return Found(mutant, Finding.BROKEN, note=str(problem))
    if rule:
        return Found(mutant, Finding.KILLED, rule)
    if reason:
        return Found(mutant, Finding.EQUIVALENT, note=reason)
    return Found(mutant, Finding.SURVIVED, note=in_short(missed))


def _noticed(mutant: Mutant, seed: int, first: FirstKill) -> tuple[str | None, list[Missed]]:
    """The first rule that was found not kept, and what came of proofs that neither held nor noticed."""
    run = tried(mutant, seed, (f"{mutant.provider}.*",), first)
    killer = next((result.rule for result in run.results if result.outcome in BROKEN), None)
    missed = [
        Missed(result, closed=not set(run.rules[result.rule].protocols) <= set(mutant.protocols))
        for result in run.results
        if result.outcome is not Outcome.VERIFIED
    ]
    return killer, missed


def in_short(missed: Sequence[Missed]) -> str | None:
    """One of those that say most of the mutant, for all like it, which mostly say the same."""
    if not missed:
        return None
    first = min(missed, key=lambda item: item.silence)
    others = sum(item.silence == first.silence for item in missed) - 1
    return f"{first.result.rule}: {first.result.reason}" + (f"; {others} more like it" if others else "")


class FirstKill:
    """Leaves a run the broad proofs alone, or the others, and ends it when a rule is found not kept."""

    def __init__(self, *, broad: bool) -> None:
        self._broad = broad

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if BROAD.isdisjoint(_rule(item).split(".")) is not self._broad]

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        results = item.config.stash[RUN].results
        if results and results[-1].outcome in BROKEN:
            item.session.shouldstop = "killed"


def _rule(item: pytest.Item) -> str:
    mark = item.get_closest_marker("rule")
    return str(mark.args[0]) if mark else ""
