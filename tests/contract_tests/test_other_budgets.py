"""The three servers that share no code with the mock, where each request is dear: 250 to each, and a minute may be waited for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contract_tests.outcome import Outcome
from contract_tests.target import Permit
from contract_tests.verdict import Verdict
from latchkey import Contract, load
from tests import elsewhere
from tests.others import fileflare, licences
from tests.others.fileforge import staging
from tests.staging import GENERATED


def fileforge(contract: Contract) -> Verdict:
    clock = elsewhere.Clock()
    with staging.serving(clock) as target:
        return elsewhere.judged(contract, target, clock)


@pytest.mark.parametrize(
    ("judged", "least"),
    [(licences.judged, 0.9), (fileflare.judged, 0.85), (fileforge, 0.7)],
    ids=["licences", "fileflare", "fileforge"],
)
def test_what_a_window_costs_is_not_taken_from_the_rest(
    judged: Callable[[Contract], Verdict], least: float, monkeypatch: pytest.MonkeyPatch
):
    """Where a window has to be used up anew, since a server counts or opens it otherwise than the mock, that waits until what
    takes few requests has been shown: so much of what is documented and published, with no more than the usual budget.
    """
    monkeypatch.setattr(elsewhere, "PERMIT", Permit(spend_window=True, wait_up_to=61))
    for name, value in licences.keys().items():
        monkeypatch.setenv(name, value)
    contract = load()
    verdict = judged(contract)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert sum(result.requests for result in verdict.results.values()) <= 250
    assert elsewhere.verified(contract, verdict, but=GENERATED) >= least
