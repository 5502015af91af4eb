"""Models find what they watch, tell it in a few lines, and leave open what the documents leave open."""

from __future__ import annotations

import pytest

from contract_tests.mutants.catalogue import Mutant, load_mutants
from contract_tests.mutants.hunt import tried
from contract_tests.outcome import Outcome, Result
from latchkey import load
from latchkey.rules import load_rules

MUTANTS = {mutant.id: mutant for mutant in load_mutants(load_rules(load()))}


def tried_alone(mutant: Mutant, rule: str) -> Result:
    """What the one rule came to on the mock of this mutant."""
    (result,) = tried(mutant, 0, (rule,)).results
    return result


@pytest.mark.parametrize(
    ("id", "most"),
    [
        ("dezerx.model.limiter~quota-61", 1),
        ("dezerx.model.token~twice", 2),
        ("dezerx.model.token~25-hours", 3),
        ("dezerx.model.key-life~revoked-works", 2),
        ("fileforge.model.key-life~last-wins", 2),
    ],
)
def test_a_broken_promise_is_found_and_told_in_a_few_lines(id: str, most: int):
    """The rule that is broken is not kept, and what led there is short."""
    mutant = MUTANTS[id]
    assert mutant.rule
    result = tried_alone(mutant, mutant.rule)

    assert result.outcome in {Outcome.VIOLATED, Outcome.NOTED}
    assert 1 <= len(result.curl) <= most, "\n".join(map(str, result.curl))


def other_window(provider: str, sabotage: str) -> Mutant:
    return Mutant(id=sabotage, provider=provider, says=sabotage, rule=None, sabotage=sabotage)


@pytest.mark.parametrize("sabotage", ["sliding-log", "token-bucket", "windows-aligned"])
def test_a_window_of_another_kind_is_as_good(sabotage: str):
    """The documents say how many and how long, so the model accepts it; that it is not ours is no more than a note."""
    mutant = other_window("fileflare", sabotage)

    assert tried_alone(mutant, "fileflare.model.limiter").outcome is Outcome.VERIFIED
    assert tried_alone(mutant, "fileflare.model.limiter-exact").outcome is Outcome.NOTED
