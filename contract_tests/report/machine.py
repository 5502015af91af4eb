"""The reports that programs read: JSON and JUnit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from contract_tests.curl import Redact
from contract_tests.gate import Decision
from contract_tests.outcome import Outcome, Result
from contract_tests.report.exchange import as_record
from contract_tests.report.summary import because
from contract_tests.script import as_script
from contract_tests.trail import exchanges
from contract_tests.verdict import Verdict
from latchkey.rules import Rule

#: Raised when a member of the JSON report changes its meaning or goes away.
VERSION = 1
#: How many exchanges of a finding are told, the last ones.
EXCHANGES = 10
#: Outcomes that have something to replay.
FINDINGS = {Outcome.VIOLATED, Outcome.WARNED, Outcome.NOTED}


def as_json(
    rules: Mapping[str, Rule],
    verdict: Verdict,
    decision: Decision,
    facts: Mapping[str, Any],
    redact: Redact,
) -> dict[str, Any]:
    """The report as JSON data, which `report.schema.json` describes."""
    endpoints = facts["configuration"]["providers"]
    return {
        "version": VERSION,
        **facts,
        "exit_code": decision.exit_code,
        "because": because(verdict, decision),
        "waived": [waiver.rule for waiver in decision.waived],
        "expired_waivers": [waiver.rule for waiver in decision.expired],
        "stale_waivers": [waiver.rule for waiver in decision.stale],
        "waivers": [
            {**asdict(waiver), "expires": waiver.expires.isoformat(), "state": state}
            for state, waivers in (
                ("waived", decision.waived),
                ("expired", decision.expired),
                ("stale", decision.stale),
            )
            for waiver in waivers
        ],
        "required_but_not_verifiable": list(decision.missing),
        "totals": {outcome.value: number for outcome, number in verdict.count().items()},
        "rules": [
            {**rule_record(rules[id]), **_result(result, redact, endpoints.get(rules[id].provider, {}).get("base_url"))}
            for id, result in verdict.results.items()
        ],
    }


def rule_record(rule: Rule) -> dict[str, Any]:
    """A rule of the catalogue as JSON data."""
    return {
        "id": rule.id,
        "provider": rule.provider,
        "level": rule.level.name,
        "says": rule.says,
        "source": rule.source,
        "operations": list(rule.operations),
        "not_testable": rule.because,
    }


def _result(result: Result, redact: Redact, base: str | None) -> dict[str, Any]:
    sent = exchanges(result.steps)
    return {
        "outcome": result.outcome.value,
        "requests": result.requests,
        "expected": result.expected and redact(result.expected),
        "actual": result.actual and redact(result.actual),
        "reason": result.reason and redact(result.reason),
        "about": result.about,
        "shown_on": list(result.shown),
        "curl": [redact(line) for line in result.curl],
        "exchanges": [as_record(each, redact) for each in sent[-EXCHANGES:]],
        "exchanges_left_out": max(0, len(sent) - EXCHANGES),
        "steps": as_script(result.steps, redact, base or "") if result.outcome in FINDINGS else [],
    }


def as_junit(rules: Mapping[str, Rule], verdict: Verdict) -> bytes:
    """The report as JUnit XML: a suite per provider, a case per rule; what is not verifiable counts as skipped."""
    root = ElementTree.Element("testsuites", name="contract-tests")
    for provider in dict.fromkeys(rules[id].provider for id in verdict.results):
        mine = [result for id, result in verdict.results.items() if rules[id].provider == provider]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=provider,
            tests=str(len(mine)),
            failures=str(sum(result.outcome is Outcome.VIOLATED for result in mine)),
            errors=str(sum(result.outcome is Outcome.ERROR for result in mine)),
            skipped=str(sum(result.outcome is Outcome.NOT_VERIFIABLE for result in mine)),
        )
        for result in mine:
            _case(suite, rules[result.rule], result)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _case(suite: ElementTree.Element, rule: Rule, result: Result) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=rule.provider, name=rule.id)
    text = _clean("\n".join([f"rule: {rule.says}", f"source: {rule.source}", *result.curl]))
    if result.outcome is Outcome.VIOLATED:
        message = _clean(f"expected {result.expected}; got {result.actual}")
        ElementTree.SubElement(case, "failure", message=message).text = text
    elif result.outcome is Outcome.ERROR:
        ElementTree.SubElement(case, "error", message=_clean(result.reason or "")).text = text
    elif result.outcome is Outcome.NOT_VERIFIABLE:
        ElementTree.SubElement(case, "skipped", message=_clean(result.reason or ""))
    elif result.outcome in {Outcome.WARNED, Outcome.NOTED}:
        note = f"{result.outcome.value}: expected {result.expected}; got {result.actual}\n{text}"
        ElementTree.SubElement(case, "system-out").text = _clean(note)


def _clean(text: str) -> str:
    """The text without the control characters that XML 1.0 cannot hold."""
    return "".join(
        char
        for char in text
        if char in "\t\n\r" or (char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff")
    )
