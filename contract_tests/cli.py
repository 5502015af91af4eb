"""The command `contract-tests`."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract_tests.commands.clean import STATE, clean
from contract_tests.commands.diff import diff
from contract_tests.commands.doctor import doctor
from contract_tests.commands.init import init
from contract_tests.commands.replay import replay
from contract_tests.profile import GATE, PROFILES

if TYPE_CHECKING:
    from latchkey import Contract
    from latchkey.rules import Rule

LEVELS = ("assumed", "standard", "published", "documented")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="latchkey")
def main() -> None:
    """Check an implementation of the file-delivery APIs against their contract."""


def _narrowing(command: Any) -> Any:
    command = click.option(
        "--rule", "patterns", multiple=True, metavar="PATTERN", help="Only rules that match, e.g. '*.auth.*'."
    )(command)
    return click.option(
        "--provider", "providers", multiple=True, metavar="NAME", help="Only this provider; repeat for more."
    )(command)


_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIR = click.Path(file_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)


@main.command()
@click.argument("target", required=False)
@click.option("--mock", is_flag=True, help="Start a mock on a free port and run against it.")
@_narrowing
@click.option(
    "--level",
    "--fail-on",
    type=click.Choice(LEVELS),
    default="published",
    show_default=True,
    help="Weakest level whose violation fails.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Repeats generated requests, and the mock's ids and time."
)
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default=GATE,
    show_default=True,
    help="How much is generated: gate suits every change, deep takes minutes.",
)
@click.option("--waivers", "waiver_file", type=_IN, help="TOML file of known violations that may pass for a while.")
@click.option("--strict-waivers", is_flag=True, help="Fail on a waiver whose rule is kept.")
@click.option("--require", multiple=True, metavar="PATTERN", help="Fail when such a rule is not verifiable.")
@click.option("--strict", is_flag=True, help="Fail when any rule is not verifiable.")
@click.option("--json", type=_OUT, help="Write the report as JSON.")
@click.option("--junit", type=_OUT, help="Write the report as JUnit XML.")
@click.option("--summary", type=_OUT, help="Write the report as Markdown, for the page of a CI job.")
@click.option("--report", type=_DIR, help="Write all forms of the report, an HTML page among them, into this folder.")
@click.option(
    "--all-exchanges",
    is_flag=True,
    help="With --report: write every exchange of the run to exchanges.har, not the findings' only.",
)
@STATE
def run(target: str | None, mock: bool, providers: tuple[str, ...], seed: int, **wanted: Any) -> None:
    """Try every rule on TARGET: a URL, or a TOML file that describes an environment.

    Exit codes: 0 conforming, 1 a rule is violated, 2 wrong usage or nothing answers, 3 the suite itself broke, or the target
    died halfway, 130 interrupted.
    """
    if wanted["all_exchanges"] and not wanted["report"]:
        raise click.UsageError("--all-exchanges goes with --report")
    if mock == bool(target):
        raise click.UsageError("name a target (a URL or a TOML file), or say --mock")
    for file in (wanted["json"], wanted["junit"], wanted["summary"]):
        if file and not file.parent.is_dir():
            raise click.UsageError(f"{file.parent} is not a folder; create it first")
    from contract_tests.own_mock import MockFailed, doors, own_mock
    from contract_tests.session import Wanted, run_suite

    contract = _contract(providers)
    try:
        served = doors(_protocols(contract, wanted["patterns"])) if mock else []
        with own_mock(providers, seed, arguments=served) if mock else nullcontext(target) as where:
            code = run_suite(str(where), contract, Wanted(seed=seed, **wanted))
    except MockFailed as problem:
        raise click.ClickException(f"the mock did not start: {problem}") from None
    sys.exit(code)


def _protocols(contract: Contract, patterns: tuple[str, ...]) -> set[str]:
    """What it takes, beside the API, to show the rules that match."""
    from latchkey.rules import load_rules

    return {name for rule in load_rules(contract).values() if _matches(rule, patterns) for name in rule.protocols}


def _matches(rule: Rule, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatch(rule.id, pattern) for pattern in patterns)


@main.command()
@click.argument("where", metavar="TARGET")
@_narrowing
@click.option("--profile", type=click.Choice(list(PROFILES)), default=GATE, show_default=True, help="As for run.")
@click.option("--json", "as_data", is_flag=True, help="As JSON, with every rule.")
def plan(where: str, providers: tuple[str, ...], patterns: tuple[str, ...], profile: str, as_data: bool) -> None:
    """Tell what a run on TARGET would show and cost. Nothing is sent to it: a mock stands in for it.

    Exit codes: 0 the plan is made, 2 wrong usage.
    """
    from rich.console import Console

    from contract_tests.own_mock import MockFailed
    from contract_tests.plan import as_record, make_plan
    from contract_tests.report.plan import print_plan
    from contract_tests.target import TargetError, read_target

    contract = _contract(providers)
    try:
        made = make_plan(read_target(where, contract), contract, PROFILES[profile], patterns)
    except TargetError as problem:
        raise click.UsageError(str(problem)) from None
    except MockFailed as problem:
        raise click.ClickException(f"the mock did not start: {problem}") from None
    if as_data:
        click.echo(json.dumps(as_record(made), indent=2, ensure_ascii=False))
    else:
        print_plan(Console(highlight=False), made)


def _contract(providers: tuple[str, ...]) -> Contract:
    from latchkey import ContractError, load

    try:
        contract = load()
        return contract.only(*providers) if providers else contract
    except ContractError as problem:
        raise click.ClickException(str(problem)) from None
    except KeyError as unknown:
        raise click.UsageError(f"no provider is called {unknown}; see contract-tests rules") from None


@main.command()
@_narrowing
@click.option("--level", type=click.Choice(LEVELS), default="assumed", show_default=True, help="Weakest level to list.")
@click.option("--json", "as_data", is_flag=True, help="As JSON, with sources and proofs.")
def rules(providers: tuple[str, ...], patterns: tuple[str, ...], level: str, as_data: bool) -> None:
    """List the catalogue: every promise, how strong it is, and what shows it."""
    from contract_tests.catalogue import proofs_by_rule
    from contract_tests.report.machine import rule_record
    from latchkey.rules import Level, load_rules

    contract = _contract(providers)
    catalogue = load_rules(contract)
    chosen = [rule for rule in catalogue.values() if rule.level >= Level[level] and _matches(rule, patterns)]
    if as_data:
        shown_by = proofs_by_rule(catalogue)
        click.echo(
            json.dumps(
                [{**rule_record(rule), "proofs": shown_by.get(rule.id, [])} for rule in chosen],
                indent=2,
                ensure_ascii=False,
            )
        )
        return
    _print_rules(chosen)


def _print_rules(chosen: list[Rule]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for rule in chosen:
        reason = f" [magenta](not testable: {escape(rule.because)})[/]" if rule.because else ""
        console.print(f"[bold]{rule.id}[/] [cyan]{rule.level.name}[/] {escape(rule.says)}{reason}", soft_wrap=True)
    console.print(f"\n{len(chosen)} rules, {sum(rule.testable for rule in chosen)} of them testable.")


@main.command()
@click.option(
    "--only", "patterns", multiple=True, metavar="PATTERN", help="Only mutants whose id matches, e.g. '*limit*'."
)
@click.option("--provider", "providers", multiple=True, metavar="NAME", help="Only this provider's; repeat for more.")
@click.option("--seed", type=int, default=0, show_default=True, help="Repeats generated requests.")
@click.option("--workers", type=click.IntRange(1), help="Processes; as many as there are cores where absent.")
@click.option(
    "--time-limit",
    "patience",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="Seconds after which a mutant is given up.",
)
@click.option(
    "--systematic", is_flag=True, help="Instead of the catalogue: perturb every policy of the contract in turn."
)
@click.option("--json", "as_data", is_flag=True, help="As JSON: every mutant and what became of it.")
def mutants(providers: tuple[str, ...], systematic: bool, **wanted: Any) -> None:
    """Let the suite hunt broken mocks: each must be killed by its own rule, and no harmless variant may be.

    Exit codes: 0 all as it should be, 1 a mutant survived or a harmless variant was refused, 3 one could not be tried.
    """
    from contract_tests.mutants.session import Hunt, hunt_catalogue, survey_contract

    hunting = Hunt(contract=_contract(providers), **wanted)
    sys.exit(survey_contract(hunting) if systematic else hunt_catalogue(hunting))


for command in (init, doctor, clean, replay, diff):
    main.add_command(command)
