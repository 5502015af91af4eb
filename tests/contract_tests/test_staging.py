"""Runs on staging: no control plane, given keys, a clock that is moved instead of waited for."""

from __future__ import annotations

import pytest

from contract_tests.outcome import Outcome
from contract_tests.target import Permit
from latchkey.rules import Level
from tests.staging import Flaky, Proxied, Staged, directed, stage

#: What somebody permits who may use up a minute of a key's requests.
PERMIT = Permit(spend_window=True, wait_up_to=61)
VIOLATIONS = (Outcome.VIOLATED, Outcome.WARNED, Outcome.NOTED)


@pytest.fixture(scope="module")
def equipped() -> Staged:
    """A run with a key of every situation."""
    return stage(PERMIT)


@pytest.fixture(scope="module")
def bare() -> Staged:
    """A run with nothing but a full key for each provider."""
    return stage(Permit(), situations={"full"})


def shown(staged: Staged, *outcomes: Outcome) -> list[str]:
    """The documented and published rules with these outcomes."""
    rules = staged.run.rules
    return [item.rule for item in staged.verdict.having(*outcomes) if rules[item.rule].level >= Level.published]


def test_staging_is_never_accused(equipped: Staged, bare: Staged):
    """A good server without a control plane keeps every rule that can be tried, whatever keys are given."""
    for staged in (equipped, bare):
        assert staged.verdict.having(*VIOLATIONS, Outcome.ERROR) == []


def test_requests_stay_within_the_budget(equipped: Staged):
    """Where 60 requests a minute are allowed, 250 are sent at most, clean-up included, in less than 6 minutes."""
    thrift = equipped.run.thrift
    limited = [name for name, it in equipped.run.contract.providers.items() if it.limits["requests"].quota == 60]

    assert len(limited) == 3
    for name in limited:
        assert thrift[name].budget.sent <= 250
        assert thrift[name].waited + 0.1 * thrift[name].budget.sent < 360


def test_no_429_is_the_suite_s_own_doing(equipped: Staged, bare: Staged):
    """Every 429 was provoked by a proof about limits; without the permit to provoke any, none is seen."""
    assert [thrift.unasked for thrift in equipped.run.thrift.values()] == [0, 0, 0, 0]
    assert bare.statuses[429] == 0


def test_one_full_key_shows_half_of_the_gate(bare: Staged):
    """More than half of what is documented and published is verified, and every other rule says what it would take."""
    verified = shown(bare, Outcome.VERIFIED)
    others = bare.verdict.having(Outcome.NOT_VERIFIABLE)
    gate = [id for id in directed(bare.run) if bare.run.rules[id].level >= Level.published]

    assert len(verified) > len(gate) / 2
    assert all(result.reason for result in others)


def test_budget_and_permits_are_named_where_they_stop_a_proof(equipped: Staged):
    """What a larger budget or a longer wait would show says so, with the line to write."""
    reasons = {item.reason or "" for item in equipped.verdict.having(Outcome.NOT_VERIFIABLE)}

    assert any("max_requests = 500" in reason for reason in reasons)
    assert any("wait_up_to = 109" in reason for reason in reasons)


def test_a_reverse_proxy_changes_no_verdict():
    """Behind a proxy that lower-cases, chunks and adds headers nothing is violated."""
    staged = stage(PERMIT, way=Proxied)

    assert staged.verdict.having(*VIOLATIONS, Outcome.ERROR) == []


def test_faults_are_never_violations():
    """On a server that is slow, drops every 20th connection and answers 503 now and then, what got lost is asked for again
    or ends as an error.
    """
    staged = stage(PERMIT, way=Flaky, drop=20)
    errors = staged.verdict.having(Outcome.ERROR)

    assert staged.verdict.having(*VIOLATIONS) == []
    assert staged.statuses[200] > 500
    assert all("Fault" in (item.reason or "") for item in errors)
