"""Waivers, required rules and strictness decide the exit code."""

from datetime import date
from pathlib import Path

import pytest

from contract_tests.gate import Gate, Waiver, WaiverError, read_waivers
from contract_tests.outcome import Outcome, Result
from contract_tests.report.summary import as_markdown
from contract_tests.verdict import Verdict
from latchkey import load
from latchkey.rules import Rule, load_rules

TODAY = date(2026, 11, 20)
RULE = "fileforge.auth.bearer-wins"
OTHER = "fileforge.limit.sixty"


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return load_rules(load())


def verdict(rules: dict[str, Rule], outcome: Outcome, other: Outcome = Outcome.VERIFIED) -> Verdict:
    return Verdict.of(rules, [Result(RULE, outcome, 1, expected="a", actual="b"), Result(OTHER, other, 1, reason="c")])


def waiver(*, expires: date = TODAY, target: str = "staging", rule: str = RULE) -> Waiver:
    return Waiver(rule=rule, target=target, reason="known since May", expires=expires)


def test_without_waivers_a_violation_fails(rules: dict[str, Rule]):
    """Exit code 1."""
    assert Gate().decide(verdict(rules, Outcome.VIOLATED), "staging", TODAY).exit_code == 1


def test_a_waiver_lets_its_violation_pass_until_its_day_is_over(rules: dict[str, Rule]):
    """On the day it expires it still holds; the day after it fails again, and is told as expired."""
    gate, found = Gate(waivers=[waiver()]), verdict(rules, Outcome.VIOLATED)

    today = gate.decide(found, "staging", TODAY)
    tomorrow = gate.decide(found, "staging", date(2026, 11, 21))
    assert (today.exit_code, today.waived) == (0, (waiver(),))
    assert (tomorrow.exit_code, tomorrow.expired) == (1, (waiver(),))


@pytest.mark.parametrize("other", [waiver(target="production"), waiver(rule=OTHER)])
def test_a_waiver_is_for_one_rule_on_one_target(rules: dict[str, Rule], other: Waiver):
    """Another target's or another rule's waiver changes nothing."""
    assert Gate(waivers=[other]).decide(verdict(rules, Outcome.VIOLATED), "staging", TODAY).exit_code == 1


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 1)])
def test_a_stale_waiver_is_told(rules: dict[str, Rule], strict: bool, code: int):
    """A waiver whose rule is kept is stale; it fails only where that is asked for."""
    gate = Gate(waivers=[waiver()], strict_waivers=strict)
    decision = gate.decide(verdict(rules, Outcome.VERIFIED), "staging", TODAY)

    assert (decision.exit_code, decision.stale) == (code, (waiver(),))


@pytest.mark.parametrize(
    ("gate", "code"),
    [(Gate(), 0), (Gate(require=["fileforge.auth.*"]), 0), (Gate(require=["*.limit.*"]), 1), (Gate(strict=True), 1)],
)
def test_required_rules_must_be_verifiable(rules: dict[str, Rule], gate: Gate, code: int):
    """`require` names the rules that may not stay unverified; `strict` means all."""
    found = verdict(rules, Outcome.VERIFIED, Outcome.NOT_VERIFIABLE)

    assert gate.decide(found, "staging", TODAY).exit_code == code


def test_a_broken_suite_is_exit_code_3_unless_a_rule_is_violated(rules: dict[str, Rule]):
    """A violation is certain and outweighs; a waived one does not."""
    broken = verdict(rules, Outcome.VERIFIED, Outcome.ERROR)
    both = verdict(rules, Outcome.VIOLATED, Outcome.ERROR)

    assert Gate().decide(broken, "staging", TODAY).exit_code == 3
    assert Gate().decide(both, "staging", TODAY).exit_code == 1
    assert Gate(waivers=[waiver()]).decide(both, "staging", TODAY).exit_code == 3


def test_waivers_are_read_from_toml(tmp_path: Path, rules: dict[str, Rule]):
    """A date may be quoted or not; a ticket may be left out."""
    file = tmp_path / "w.toml"
    file.write_text(
        f'[[waiver]]\nrule = "{RULE}"\ntarget = "staging"\nreason = "known since May"\nexpires = 2026-11-20\n'
        f'[[waiver]]\nrule = "{OTHER}"\ntarget = "staging"\nreason = "known since May"\nexpires = "2026-11-20"\nticket = "OPS-7"\n'
    )

    first, second = read_waivers(file, rules)
    assert first == waiver()
    assert (second.expires, second.ticket) == (TODAY, "OPS-7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[waiver", "w.toml: "),
        ("waivers = 3", "w.toml: file: "),
        ('[[waiver]]\nrule = "x"', "waiver.0: "),
        ('[[waiver]]\nrule = "x.y.z"\ntarget = "t"\nreason = "some reason"\nexpires = 2026-01-01', "no rule x.y.z"),
        (f'[[waiver]]\nrule = "{RULE}"\ntarget = "t"\nreason = "some reason"\nexpires = "soon"', "waiver.0.expires: "),
    ],
)
def test_a_wrong_file_of_waivers_is_told(tmp_path: Path, rules: dict[str, Rule], text: str, told: str):
    """File, place and what is wrong."""
    file = tmp_path / "w.toml"
    file.write_text(text)

    with pytest.raises(WaiverError) as problem:
        read_waivers(file, rules)
    assert told in str(problem.value)


def test_the_summary_shows_totals_findings_and_waivers(rules: dict[str, Rule]):
    """Markdown with a table by provider, each finding, and what the gate says."""
    found = verdict(rules, Outcome.VIOLATED, Outcome.NOT_VERIFIABLE)
    decision = Gate(waivers=[waiver()], require=["*.limit.*"]).decide(found, "staging", TODAY)
    text = as_markdown(rules, found, decision, "staging", "2 requests.")

    assert text.startswith("## Contract of staging: failed\n")
    assert "| fileforge | 1 | 1 |" in text
    assert f"### violated: `{RULE}`" in text
    assert f"- waived until 2026-11-20: {RULE} (known since May)" in text
    assert f"- required, but not verifiable: {OTHER}" in text
