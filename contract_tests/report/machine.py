"""The reports that programs read: JSON and JUnit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from contract_tests.gate import Decision
from contract_tests.outcome import Outcome, Result
from contract_tests.verdict import Verdict
from latchkey.rules import Rule

#: Raised when a member of the JSON report changes its meaning or goes away.
VERSION = 1


def as_json(
    rules: Mapping[str, Rule], verdict: Verdict, decision: Decision, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The report as JSON data: version, facts about the run, what the gate decided, totals, and a record per rule."""
    return {
        "version": VERSION,
        **facts,
        "exit_code": decision.exit_code,
        "waived": [waiver.rule for waiver in decision.waived],
        "expired_waivers": [waiver.rule for waiver in decision.expired],
        "stale_waivers": [waiver.rule for waiver in decision.stale],
        "required_but_not_verifiable": list(decision.missing),
        "totals": {outcome.value: number for outcome, number in verdict.count().items()},
        "rules": [{**rule_record(rules[id]), **_result(result)} for id, result in verdict.results.items()],
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


def _result(result: Result) -> dict[str, Any]:
    return {
        "outcome": result.outcome.value,
        "requests": result.requests,
        "expected": result.expected,
        "actual": result.actual,
        "reason": result.reason,
        "curl": list(result.curl),
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
