"""The report that a person reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from contract_tests.outcome import Outcome, Result
from contract_tests.verdict import Verdict
from latchkey import Contract
from latchkey.rules import Rule

MARKS = {
    Outcome.VERIFIED: ("✓", "green"),
    Outcome.VIOLATED: ("✗", "bold red"),
    Outcome.WARNED: ("!", "yellow"),
    Outcome.NOTED: ("·", "cyan"),
    Outcome.NOT_VERIFIABLE: ("?", "magenta"),
    Outcome.ERROR: ("E", "bold red"),
}


def print_report(console: Console, contract: Contract, rules: dict[str, Rule], verdict: Verdict, facts: str) -> None:
    """Outcome of every rule by provider, then the findings, then what could not be verified and why, then totals."""
    for provider in contract.providers.values():
        mine = [result for id, result in verdict.results.items() if rules[id].provider == provider.name]
        if mine:
            console.print(f"\n[bold]{escape(provider.title)}[/]")
            for result in mine:
                mark, style = MARKS[result.outcome]
                rule = rules[result.rule]
                shown = f" (shown on {', '.join(result.shown)})" if result.shown else ""
                console.print(f"  [{style}]{mark}[/] {rule.id} [dim]{escape(rule.says)}[/]{shown}", soft_wrap=True)
    for result in verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.NOTED, Outcome.ERROR):
        if result.reached:
            _finding(console, rules[result.rule], result)
    _by_reason(console, "Not verifiable on this target", _unverified(verdict), Outcome.NOT_VERIFIABLE)
    _by_reason(console, "Not reached", verdict.not_reached(), Outcome.ERROR)
    _totals(console, verdict, facts)


def _finding(console: Console, rule: Rule, result: Result) -> None:
    mark, style = MARKS[result.outcome]
    console.print(
        f"\n[{style}]{mark} {result.outcome.value}[/] [bold]{rule.id}[/] [dim]{rule.level.name}[/]", soft_wrap=True
    )
    lines = [
        ("rule", rule.says),
        ("source", rule.source),
        ("expected", result.expected),
        ("actual", result.actual),
        ("reason", result.reason),
    ]
    for name, text in lines:
        if text:
            console.print(f"  {name:<9} {escape(text)}", soft_wrap=True)
    for line in result.curl:
        # Not as padding, which cuts at the width of the terminal what is there to be pasted.
        console.print(f"    [dim]{escape(line)}[/]", soft_wrap=True)


def _unverified(verdict: Verdict) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for result in verdict.having(Outcome.NOT_VERIFIABLE):
        reasons[result.reason or ""].append(result.rule)
    return reasons


def _by_reason(console: Console, title: str, reasons: Mapping[str, Sequence[str]], outcome: Outcome) -> None:
    if reasons:
        console.print(f"\n[bold]{title}[/]")
    mark, style = MARKS[outcome]
    for reason, ids in reasons.items():
        console.print(f"  [{style}]{mark}[/] {escape(reason)}", soft_wrap=True)
        for id in ids:
            console.print(f"      {id}", soft_wrap=True)


def _totals(console: Console, verdict: Verdict, facts: str) -> None:
    count = verdict.count()
    unreached = sum(map(len, verdict.not_reached().values()))
    count[Outcome.ERROR] -= unreached
    told = [
        f"[{MARKS[outcome][1]}]{count[outcome]} {outcome.value}[/]"
        for outcome in (
            Outcome.VERIFIED,
            Outcome.VIOLATED,
            Outcome.WARNED,
            Outcome.NOTED,
            Outcome.NOT_VERIFIABLE,
            Outcome.ERROR,
        )
        if count[outcome] or outcome in {Outcome.VERIFIED, Outcome.VIOLATED}
    ]
    told += [f"[{MARKS[Outcome.ERROR][1]}]{unreached} not reached[/]"] if unreached else []
    console.print(f"\n{len(verdict.results)} rules: {', '.join(told)}. {escape(facts)}", soft_wrap=True)
