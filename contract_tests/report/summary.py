"""The report as Markdown, for the page of a CI job."""

from __future__ import annotations

from collections.abc import Mapping

from contract_tests.gate import Decision
from contract_tests.outcome import Outcome, Result
from contract_tests.verdict import BROKEN, INTERRUPTED, VIOLATED, Verdict
from latchkey.rules import Rule

WORDS = {0: "passed", 1: "failed", 3: "broke", INTERRUPTED: "interrupted"}


def as_markdown(rules: Mapping[str, Rule], verdict: Verdict, decision: Decision, target: str, facts: str) -> str:
    """Totals by provider, then each finding, then what the waivers did."""
    lines = [f"## Contract of {target}: {WORDS.get(decision.exit_code, 'failed')}", ""]
    lines += [because(verdict, decision), "", facts, ""]
    shown = [outcome for outcome in Outcome if verdict.count()[outcome]]
    lines.append("| provider | " + " | ".join(outcome.value for outcome in shown) + " |")
    lines.append("| --- |" + " ---: |" * len(shown))
    for provider in dict.fromkeys(rules[id].provider for id in verdict.results):
        mine = [result for id, result in verdict.results.items() if rules[id].provider == provider]
        counts = [str(sum(result.outcome is outcome for result in mine)) for outcome in shown]
        lines.append(f"| {provider} | " + " | ".join(counts) + " |")
    for result in verdict.having(Outcome.VIOLATED, Outcome.ERROR, Outcome.WARNED, Outcome.NOTED):
        if result.reached:
            lines += _finding(rules[result.rule], result)
    for reason, ids in verdict.not_reached().items():
        lines += ["", f"### {reason}", "", f"{_rules(len(ids))} concerned: {', '.join(f'`{id}`' for id in ids)}."]
    lines += [f"\n- {line}" for line in told(decision)]
    return "\n".join(lines) + "\n"


def _finding(rule: Rule, result: Result) -> list[str]:
    told = [
        ("source", rule.source),
        ("expected", result.expected),
        ("actual", result.actual),
        ("reason", result.reason),
    ]
    lines = [f"\n### {result.outcome.value}: `{rule.id}`", "", rule.says, ""]
    lines += [f"- {name}: {_cell(text)}" for name, text in told if text]
    return [*lines, "", "```sh", *result.curl, "```"] if result.curl else lines


def _cell(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ").replace("<", "&lt;")


def because(verdict: Verdict, decision: Decision) -> str:
    """What the gate decided and why, in a line."""
    count, waived = verdict.count(), len(decision.waived)
    violated = count[Outcome.VIOLATED] - waived
    reasons = [
        (violated, f"{_rules(violated)} violated"),
        (len(decision.missing), f"{_rules(len(decision.missing))} required, but not verifiable"),
        (len(decision.stale), f"{_number(len(decision.stale), 'waiver')} stale"),
    ]
    unreached = sum(map(len, verdict.not_reached().values()))
    if decision.exit_code == INTERRUPTED:
        known = f"{_rules(count[Outcome.VERIFIED])} verified, {violated} violated"
        return f"Interrupted: {known}, {unreached} not reached."
    if decision.exit_code == VIOLATED:
        return f"Failed: {', '.join(text for number, text in reasons if number)}."
    if decision.exit_code == BROKEN:
        broke = f"{_number(count[Outcome.ERROR] - unreached, 'proof')} broke, the suite's or the network's fault"
        return f"No verdict: {broke}{f', {_rules(unreached)} not reached' if unreached else ''}."
    known = f", {_number(waived, 'violation')} waived" if waived else ""
    return f"Passed: {_rules(count[Outcome.VERIFIED])} verified, {count[Outcome.NOT_VERIFIABLE]} not verifiable{known}."


def _rules(number: int) -> str:
    return f"{_number(number, 'rule')} {'is' if number == 1 else 'are'}"


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def told(decision: Decision) -> list[str]:
    """What the gate has to say besides the findings, a sentence each."""
    lines = [
        f"waived until {waiver.expires}: {waiver.rule} ({waiver.reason}{f', {waiver.ticket}' if waiver.ticket else ''})"
        for waiver in decision.waived
    ]
    lines += [f"waiver expired on {waiver.expires}: {waiver.rule}" for waiver in decision.expired]
    lines += [f"waiver is stale, the rule is kept: {waiver.rule}" for waiver in decision.stale]
    return lines + [f"required, but not verifiable: {rule}" for rule in decision.missing]
