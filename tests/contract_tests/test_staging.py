"""Runs on staging: no control plane, given keys, a clock that is moved instead of waited for."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from contract_tests.outcome import Outcome, Result
from contract_tests.plan import A_REQUEST
from contract_tests.report.coverage import configuration
from contract_tests.run import prove
from contract_tests.target import Permit
from contract_tests.verdict import Verdict
from latchkey.rules import Level
from tests.staging import Flaky, Proxied, Slow, Staged, directed, stage, standing

#: What somebody permits who may use up a minute of a key's requests.
PERMIT = Permit(spend_window=True, wait_up_to=61)
#: How much of the gate can be verified where it is not nine tenths: FileForge's keys are made and kept in its app.
LEAST = {"fileforge": 0.8}
VIOLATIONS = (Outcome.VIOLATED, Outcome.WARNED, Outcome.NOTED)


@pytest.fixture(scope="module")
def equipped() -> Staged:
    """A run with a key of every situation."""
    return stage(PERMIT)


@pytest.fixture(scope="module")
def bare() -> Staged:
    """A run with nothing but a full key for each provider."""
    return stage(Permit(), situations={"full"})


def gate(staged: Staged, provider: str = "") -> list[Result]:
    """What became of the documented and published rules that have a proof of their own, of a provider or of all."""
    rules = staged.run.rules
    wanted = [id for id in directed(staged.run) if rules[id].level >= Level.published]
    return [staged.verdict.results[id] for id in wanted if rules[id].provider == provider or not provider]


def share(results: Sequence[Result]) -> float:
    """How much of it is verified."""
    return sum(result.outcome is Outcome.VERIFIED for result in results) / len(results)


def test_staging_is_never_accused(equipped: Staged, bare: Staged):
    """A good server without a control plane keeps every rule that can be tried, whatever keys are given."""
    for staged in (equipped, bare):
        assert staged.verdict.having(*VIOLATIONS, Outcome.ERROR) == []


@pytest.mark.parametrize("provider", ["dezerx", "fileflare", "fileforge", "filescom"])
def test_requests_and_minutes_stay_within_bounds(equipped: Staged, provider: str):
    """Clean-up included, 250 requests at most where a key has 60 a minute, and as many more where it has more; and in less
    than 6 minutes, though a whole window is used up.
    """
    thrift, quota = equipped.run.thrift[provider], a_minute(equipped, provider)

    assert thrift.budget.sent <= 250 * quota // 60
    assert thrift.waited + A_REQUEST * thrift.budget.sent < 360
    assert equipped.statuses[429] > 0


@pytest.mark.parametrize("provider", ["dezerx", "fileflare", "fileforge", "filescom"])
def test_the_gate_takes_250_requests(equipped: Staged, provider: str):
    """What is documented and published takes 250 requests at most. Not counted are those at other doors than the API's, and
    those that use up a window of more than 60.
    """
    protocols = equipped.run.contract.providers[provider].protocols
    apart = {*(protocols.doors if protocols else ()), *(["limit"] if a_minute(equipped, provider) > 60 else [])}

    counted = [result for result in gate(equipped, provider) if result.rule.split(".")[1] not in apart]

    assert sum(result.requests for result in counted) <= 250


def a_minute(staged: Staged, provider: str) -> int:
    """How many requests a key may make in a minute."""
    contract = staged.run.contract.providers[provider]
    return contract.limits[contract.default_limits[0]].quota if contract.default_limits else 60


def test_no_429_is_the_suite_s_own_doing(equipped: Staged, bare: Staged):
    """Every 429 was provoked by a proof about limits; without the permit to provoke any, none is seen."""
    assert [thrift.unasked for thrift in equipped.run.thrift.values()] == [0, 0, 0, 0]
    assert bare.statuses[429] == 0


def test_one_full_key_shows_half_of_the_gate(bare: Staged):
    """Half or more of what is documented and published is verified, and every other rule says what it would take."""
    assert share(gate(bare)) >= 0.5
    assert all("write " in (result.reason or "") for result in bare.verdict.having(Outcome.NOT_VERIFIABLE))


def test_the_line_that_would_change_it_can_be_written(bare: Staged):
    """Whatever is missing from the file is told as TOML that goes under the table it names."""
    reasons = {result.reason or "" for result in bare.verdict.having(Outcome.NOT_VERIFIABLE)}
    lines = [hit.groups() for reason in reasons if (hit := re.search(r"write under (\[\S+\]): (.+)", reason))]

    assert len(lines) > 20
    for table, line in lines:
        tomllib.loads(f"{table}\n{line}")
    assert ("[providers.fileflare.keys]", 'full = ["${FILEFLARE_FULL}", "${FILEFLARE_FULL_2}"]') in lines
    assert (
        "[providers.fileflare.keys]",
        'full = {key = "${FILEFLARE_FULL}", presents = { status_id = "…", shopify_id = "…" }}',
    ) in lines


def test_all_situations_show_nine_tenths_of_the_gate(equipped: Staged):
    """So much is verified of what is documented and published, of no provider much less, and no budget stops the rest."""
    assert share(gate(equipped)) >= 0.9
    for provider in equipped.run.thrift:
        assert share(gate(equipped, provider)) >= LEAST.get(provider, 0.9)
    assert not [result.rule for result in gate(equipped) if "max_requests" in (result.reason or "")]


def test_what_was_shown_on_less_says_so(equipped: Staged):
    """A rule about every operation says on how many it was shown; one that was shown in full says nothing."""
    results = equipped.verdict.results

    assert results["fileflare.auth.key-required"].shown == ("4 of 16 operations",)
    assert results["fileflare.auth.key-required"].outcome is Outcome.VERIFIED
    assert results["fileflare.error.wrong-path"].shown == ()


def test_doors_share_what_their_rules_are_shown_with(equipped: Staged):
    """Every rule of the gate about a door is verified, all of them with 120 requests: one key is deleted for all doors, sign-ins
    and sessions serve several rules.
    """
    found = [result for result in gate(equipped) if equipped.run.rules[result.rule].protocols]

    assert {result.outcome for result in found} == {Outcome.VERIFIED}
    assert {result.rule.split(".")[1] for result in found} == {"webdav", "ftp", "sftp"}
    assert sum(result.requests for result in found) <= 120


def test_budget_and_permits_are_named_where_they_stop_a_proof(equipped: Staged):
    """What a larger budget or a longer wait would show says so, with the line to write."""
    reasons = {item.reason or "" for item in equipped.verdict.having(Outcome.NOT_VERIFIABLE)}

    assert any("max_requests = 500" in reason for reason in reasons)
    assert any("wait_up_to = 109" in reason for reason in reasons)


# A staging whose windows pass faster.


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An overlay of the contract with windows of 3 seconds."""
    file = tmp_path_factory.mktemp("fast") / "fast.json"
    action = {"target": "$['x-providers'].*.limits.*", "update": {"window": 3}}
    file.write_text(json.dumps({"overlay": "1.0.0", "info": {"title": "fast", "version": "1"}, "actions": [action]}))
    return file


def test_a_permitted_fast_window_shortens_real_waits(fast: Path):
    """Where the target file says that windows last 3 s, the same is verified as with whole minutes, by really waiting; limits
    are told to be shown on such windows, and nothing is refused that no proof provoked.
    """
    with standing(PERMIT, overlay=fast, window=3, waiting=True) as stand:
        prove(stand.run, [f"dezerx.limit.{name}" for name in ("sixty", "message", "window", "retry-after")])
        verdict = Verdict.of(stand.run.rules, stand.run.results)
        told = configuration(stand.run, [], require=[], strict=False)["providers"]["dezerx"]

    assert verdict.having(*VIOLATIONS, Outcome.ERROR) == []
    for rule in ("sixty", "window", "retry-after"):
        assert verdict.results[f"dezerx.limit.{rule}"].outcome is Outcome.VERIFIED
        assert verdict.results[f"dezerx.limit.{rule}"].shown == ("windows of 3 s",)
    assert verdict.results["dezerx.limit.message"].shown == ()
    assert told["window"] == 3
    assert stand.run.thrift["dezerx"].unasked == 0
    assert 0 < stand.run.thrift["dezerx"].waited < 20


def test_every_provider_has_its_verdict_on_fast_windows(equipped: Staged, fast: Path):
    """With the clock moved: no violation, nothing that whole minutes show is lost, and less is waited for."""
    with standing(PERMIT, overlay=fast, window=3) as stand:
        prove(stand.run, directed(stand.run))
        verdict = Verdict.of(stand.run.rules, stand.run.results)

    assert verdict.having(*VIOLATIONS, Outcome.ERROR) == []
    whole = {result.rule for result in equipped.verdict.having(Outcome.VERIFIED)}
    assert whole - {result.rule for result in verdict.having(Outcome.VERIFIED)} == set()
    for provider, thrift in stand.run.thrift.items():
        assert thrift.waited < equipped.run.thrift[provider].waited


def test_a_window_that_is_slower_than_the_file_says_is_a_violation():
    """A target whose file says that its windows last 3 s, and whose last a minute, is not let off."""
    with standing(PERMIT, window=3) as stand:
        prove(stand.run, ["dezerx.limit.window"])

    assert [result.outcome for result in stand.run.results] == [Outcome.VIOLATED]


def test_a_reverse_proxy_changes_no_verdict():
    """Behind a proxy that lower-cases, chunks and adds headers nothing is violated."""
    staged = stage(PERMIT, way=Proxied)

    assert staged.verdict.having(*VIOLATIONS, Outcome.ERROR) == []


def test_slow_answers_are_no_violations():
    """On a server that takes its time, windows pass and keys expire between requests: what cannot be shown then is not held
    against it.
    """
    staged = stage(PERMIT, way=Slow)

    assert staged.verdict.having(*VIOLATIONS, Outcome.ERROR) == []
    assert [thrift.unasked for thrift in staged.run.thrift.values()] == [0, 0, 0, 0]
    assert staged.statuses[429] > 0


def test_a_key_that_expired_on_the_way_is_not_missed():
    """Where an answer takes 6 seconds, what was asked 5 seconds before a key's end says nothing; what came in time counts."""
    with standing(PERMIT, way=lambda app: Slow(app, 6)) as stand:
        prove(stand.run, ["filescom.expiry.refused"])

    assert [result.outcome for result in stand.run.results] == [Outcome.VERIFIED]


def test_faults_are_never_violations():
    """On a server that is slow, drops every 20th connection and answers 503 now and then, what got lost is asked for again
    or ends as an error.
    """
    staged = stage(PERMIT, way=Flaky, drop=20)
    errors = staged.verdict.having(Outcome.ERROR)

    assert staged.verdict.having(*VIOLATIONS) == []
    assert staged.statuses[200] > 500
    assert all("Fault" in (item.reason or "") for item in errors)
