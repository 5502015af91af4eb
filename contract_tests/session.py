"""One run from its options to its exit code: open the target, prove, decide, report."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, NoReturn

import click
from rich.console import Console

from contract_tests.cleaning import left_over
from contract_tests.client import Unreachable
from contract_tests.gate import Decision, Gate, Waiver, WaiverError, read_waivers
from contract_tests.logbook import Logbook, LogbookError, folder_of
from contract_tests.profile import PROFILES
from contract_tests.progress import Progress
from contract_tests.report.coverage import configuration, coverage
from contract_tests.report.folder import as_text, sent_for, write_folder
from contract_tests.report.forms import Forms
from contract_tests.report.summary import told
from contract_tests.report.terminal import print_report
from contract_tests.run import Run, check_reachable, open_run, prove
from contract_tests.sweep.ahead import ahead
from contract_tests.target import TargetError, read_target
from contract_tests.verdict import INTERRUPTED, USAGE, Verdict
from latchkey import Contract
from latchkey.rules import Level, load_rules

#: How many exchanges are kept where all are asked for, the last ones.
KEPT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run is to try, what it has to come to, and where its reports go."""

    patterns: tuple[str, ...]
    level: str
    seed: int
    profile: str
    waiver_file: Path | None
    strict_waivers: bool
    require: tuple[str, ...]
    strict: bool
    json: Path | None
    junit: Path | None
    summary: Path | None
    report: Path | None
    all_exchanges: bool
    state: Path | None = None


def run_suite(where: str, contract: Contract, wanted: Wanted) -> int:
    """Runs the suite on the target that `where` names and answers the exit code; a mistake of usage is told in a line."""
    try:
        waivers = read_waivers(wanted.waiver_file, load_rules(contract)) if wanted.waiver_file else []
        run = open_run(read_target(where, contract), contract, seed=wanted.seed)
    except (TargetError, WaiverError, Unreachable) as problem:
        click.echo(f"Error: {problem}", err=True)
        return USAGE
    console = Console(highlight=False)
    try:
        check_reachable(run)
        _keep_book(console, run, where, wanted.state)
    except (LogbookError, Unreachable) as problem:
        run.close()
        click.echo(f"Error: {problem}", err=True)
        return USAGE
    run.gate, run.profile = Level[wanted.level], PROFILES[wanted.profile]
    if wanted.all_exchanges:
        run.client.kept = deque(maxlen=KEPT)
    with interruptible(run), ahead(run.contract, _swept(run, wanted.patterns), run.numbers) as beside:
        run.made_up = beside.wait if beside else run.made_up
        try:
            return _proven(console, run, where, wanted, waivers)
        except KeyboardInterrupt:
            _tell_left(console, run, where)
            return INTERRUPTED
        finally:
            run.close()


def _swept(run: Run, patterns: Sequence[str]) -> list[str]:
    """The providers that will be swept whole; where requests are dear, none is."""
    chosen = [rule for rule in run.rules.values() if not patterns or any(fnmatch(rule.id, each) for each in patterns)]
    swept = dict.fromkeys(rule.provider for rule in chosen if rule.id.split(".")[1] == "sweep")
    return [] if run.thrift else list(swept)


def _proven(console: Console, run: Run, where: str, wanted: Wanted, waivers: Sequence[Waiver]) -> int:
    """Proves, decides, reports; answers the exit code. Raises KeyboardInterrupt where somebody is in a hurry."""
    try:
        prove(run, wanted.patterns, Progress(console, run))
    except KeyboardInterrupt:
        if run.hurried:
            raise
    if run.hurried:
        raise KeyboardInterrupt
    verdict = Verdict.of(run.rules, run.results)
    if not verdict.results and not run.interrupted:
        click.echo("Error: no rule matches; see contract-tests rules", err=True)
        return USAGE
    gate = Gate(waivers=waivers, require=wanted.require, strict=wanted.strict, strict_waivers=wanted.strict_waivers)
    decision = gate.decide(verdict, run.target.name, datetime.now(UTC).date())
    if run.interrupted:
        decision = replace(decision, exit_code=INTERRUPTED)
    _report(console, run, verdict, decision, wanted)
    _tell_left(console, run, where)
    return decision.exit_code


@contextmanager
def interruptible(run: Run) -> Iterator[None]:
    """The first SIGINT or SIGTERM in here ends what the run is at, a second one whatever it does then."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        run.hurried |= run.interrupted
        run.interrupted = True
        raise KeyboardInterrupt

    if current_thread() is not main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep_book(console: Console, run: Run, where: str, state: Path | None) -> None:
    """Has it kept in a file what the run makes, where it has given keys; tells what earlier runs left. Raises LogbookError."""
    if not run.thrift or not Path(where).is_file():
        return
    if count := left_over(folder_of(where, state), Path(where).stem):
        console.print(f"Earlier runs left {_things(count)}; contract-tests clean {where} removes them.", soft_wrap=True)
    run.logbook = Logbook.beside(where, state)


def _tell_left(console: Console, run: Run, where: str) -> None:
    """What could not be removed, and what would."""
    left = run.left()
    for item in left:
        console.print(f"is left: {item.left}: {item.why}", soft_wrap=True, markup=False)
    if left and run.logbook:
        told = f"{_things(len(left))} left; contract-tests clean {where} tries again to remove them."
        console.print(told, soft_wrap=True, markup=False)


def _things(count: int) -> str:
    return "1 thing" if count == 1 else f"{count} things"


def _report(console: Console, run: Run, verdict: Verdict, decision: Decision, wanted: Wanted) -> None:
    facts = _facts(run, verdict, wanted)
    line = f"{facts['requests']} requests in {facts['seconds']} s, seed {run.seed}."
    print_report(console, run.contract, run.rules, verdict, line)
    for sentence in told(decision):
        console.print(sentence, soft_wrap=True, markup=False)
    forms = Forms(run.rules, verdict, decision, facts, run.client.redact, line)
    if wanted.json:
        wanted.json.write_text(as_text(forms.data), "utf-8")
    if wanted.junit:
        wanted.junit.write_bytes(forms.junit)
    if wanted.summary:
        wanted.summary.write_text(forms.summary, "utf-8")
    if wanted.report:
        kept = run.client.kept
        write_folder(wanted.report, forms, sent_for(verdict) if kept is None else [("", each) for each in kept])
        console.print(f"The report is in {wanted.report / 'report.html'}.", soft_wrap=True, markup=False)


def _facts(run: Run, verdict: Verdict, wanted: Wanted) -> Mapping[str, Any]:
    seconds = time.monotonic() - run.started
    return {
        "target": run.target.name,
        "started": (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds"),
        "seed": wanted.seed,
        "gate": wanted.level,
        "profile": wanted.profile,
        "seconds": round(seconds, 1),
        "requests": sum(result.requests for result in verdict.results.values()),
        "configuration": configuration(run, wanted.patterns, require=wanted.require, strict=wanted.strict),
        "coverage": coverage(run),
    }
