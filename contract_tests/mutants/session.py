"""One hunt from its options to its exit code: choose the mutants, try them, report."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, TypeVar

import click
from rich.console import Console

from contract_tests.mutants.catalogue import Mutant, load_mutants
from contract_tests.mutants.hunt import Fate, hunt
from contract_tests.mutants.survey import Finding, read_equivalences, stale, survey
from contract_tests.mutants.systematic import perturbations
from contract_tests.progress import bar
from contract_tests.report.mutants import (
    print_catches,
    print_findings,
    record_of_catches,
    record_of_findings,
)
from contract_tests.verdict import BROKEN, CONFORMING, VIOLATED
from latchkey import Contract
from latchkey.rules import load_rules

Report = TypeVar("Report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """Which mutants are wanted, how they are tried, and how what became of them is told."""

    contract: Contract
    patterns: tuple[str, ...]
    seed: int
    workers: int | None
    patience: float
    as_data: bool


def hunt_catalogue(wanted: Hunt) -> int:
    """Tries the mutants and harmless variants of the catalogue; answers the exit code."""
    chosen = _chosen(load_mutants(load_rules(wanted.contract)), wanted)
    started = time.monotonic()
    catches = _told(hunt(chosen, seed=wanted.seed, workers=wanted.workers, patience=wanted.patience), len(chosen))
    catches.sort(key=lambda catch: chosen.index(catch.mutant))
    seconds = time.monotonic() - started
    if wanted.as_data:
        _print_data(record_of_catches(catches, seconds))
    else:
        print_catches(Console(highlight=False), catches, seconds)
    if any(catch.fate is Fate.BROKEN for catch in catches):
        return BROKEN
    return CONFORMING if all(catch.good for catch in catches) else VIOLATED


def survey_contract(wanted: Hunt) -> int:
    """Perturbs every leaf of the policies in turn; answers the exit code."""
    every = [mutant for name in wanted.contract.providers for mutant in perturbations(wanted.contract, name)]
    chosen = _chosen(every, wanted)
    known = read_equivalences()
    started = time.monotonic()
    found = _told(
        survey(chosen, known, seed=wanted.seed, workers=wanted.workers, patience=wanted.patience), len(chosen)
    )
    found.sort(key=lambda item: chosen.index(item.mutant))
    seconds, idle = time.monotonic() - started, stale(known, found)
    if wanted.as_data:
        _print_data(record_of_findings(found, idle, seconds))
    else:
        print_findings(Console(highlight=False), found, idle, seconds)
    if any(item.finding is Finding.BROKEN for item in found):
        return BROKEN
    return CONFORMING if all(item.good for item in found) and not idle else VIOLATED


def _chosen(mutants: Sequence[Mutant], wanted: Hunt) -> list[Mutant]:
    patterns = wanted.patterns or ("*",)
    chosen = [mutant for mutant in mutants if any(fnmatch(mutant.id, pattern) for pattern in patterns)]
    if not chosen:
        raise click.UsageError("no mutant matches")
    return chosen


def _told(reports: Iterable[Report], total: int) -> list[Report]:
    """All reports, while a bar on standard error tells how many there are."""
    with bar(Console(stderr=True)) as progress:
        return list(progress.track(reports, total=total, description="mutants"))


def _print_data(record: dict[str, Any]) -> None:
    click.echo(json.dumps(record, indent=2, ensure_ascii=False))
