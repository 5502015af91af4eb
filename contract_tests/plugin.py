"""Runs the proofs under pytest: gives each a Lab, and turns what it came to into a Result."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest

from contract_tests.agenda import Agenda, need, rule_of, turn
from contract_tests.client import Unreachable
from contract_tests.lab import Lab
from contract_tests.logbook import Logbook, LogbookError
from contract_tests.outcome import Outcome, Postponed
from contract_tests.profile import PROFILES
from contract_tests.run import RUN, Run, check_reachable, judge, open_run
from contract_tests.target import TargetError, read_target
from latchkey import load
from latchkey.rules import Level

#: A run that this plugin opened.
OPENED = pytest.StashKey[Run]()
AGENDA = pytest.StashKey[Agenda]()


def pytest_configure(config: pytest.Config) -> None:
    if RUN in config.stash or not config.getoption("--target"):
        return
    try:
        contract = load()
        run = open_run(read_target(config.getoption("--target"), contract), contract)
        check_reachable(run)
        run.logbook = Logbook.beside(config.getoption("--target")) if run.thrift else None
    except (TargetError, LogbookError, Unreachable) as problem:
        raise pytest.UsageError(str(problem)) from None
    run.gate = Level[config.getoption("--target-level")]
    run.profile = PROFILES[config.getoption("--target-profile")]
    config.stash[RUN] = config.stash[OPENED] = run


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """The run that the proofs belong to."""
    if RUN not in request.config.stash:
        pytest.skip("no target: give one with --target")
    return request.config.stash[RUN]


@pytest.fixture
def lab(request: pytest.FixtureRequest, run: Run) -> Iterator[Lab]:
    """The provider of the rule that the proof shows."""
    provider = rule_of(request.node).split(".")[0]
    run.check_alive(provider)
    run.client.take_sent()
    lab = run.lab(provider)
    if need(request.node):
        lab.stay()
    yield lab
    lab.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A proof of a pattern, `*.theme.what` or `provider.*.what`, is a proof of each rule that matches."""
    for mark in metafunc.definition.iter_markers("rule"):
        family = str(mark.args[0])
        if "*" in family:
            run = metafunc.config.stash.get(RUN, None)
            ids = [id for id in (run.rules if run else ()) if fnmatch(id, family)]
            place = family.split(".").index("*")
            cases = [pytest.param(id, id=id.split(".")[place], marks=pytest.mark.rule(id)) for id in ids]
            metafunc.fixturenames.append("_rule")
            metafunc.parametrize("_rule", cases)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    run = config.stash.get(RUN, None)
    if run is None:
        return
    providers = config.getoption("--target-provider")
    patterns = config.getoption("--target-rule")

    def wanted(item: pytest.Item) -> bool:
        rule = run.rules.get(rule_of(item))
        return (
            rule is not None
            and (not providers or rule.provider in providers)
            and (not patterns or any(fnmatch(rule.id, pattern) for pattern in patterns))
        )

    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        (others if not item.get_closest_marker("rule") else kept if wanted(item) else dropped).append(item)
    # In the catalogue's order, whatever the modules are called, as far as nothing else decides.
    place = {id: number for number, id in enumerate(run.rules)}
    items[:] = others + sorted(kept, key=lambda item: (turn(run, item), place[rule_of(item)]))
    run.wanted = [rule_of(item) for item in kept]
    config.hook.pytest_deselected(items=dropped)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Where requests are dear, what runs next depends on what the limits leave."""
    run = session.config.stash.get(RUN, None)
    if run is None or not run.thrift or session.testsfailed or session.config.option.collectonly:
        return None
    session.config.stash[AGENDA] = agenda = Agenda(run, session.items)
    while item := agenda.next():
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    return True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of ours is tidied by whoever began it; under plain pytest that is nobody else."""
    run = session.config.stash.get(OPENED, None)
    if run:
        run.tidy()
        run.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    run = item.config.stash.get(RUN, None)
    if run is None or item.get_closest_marker("rule") is None:
        return report
    if call.excinfo is not None and call.excinfo.errisinstance(Postponed):
        item.config.stash[AGENDA].postpone(item)
        run.postponed()
        report.outcome = "passed"
        return report
    if call.when == "call" or (call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception)):
        lab = getattr(item, "funcargs", {}).get("lab")
        result = judge(run, rule_of(item), call.excinfo.value if call.excinfo else None, lab.shown if lab else ())
        run.results.append(result)
        if result.outcome in {Outcome.NOT_VERIFIABLE, Outcome.WARNED, Outcome.NOTED}:
            why = result.reason or f"expected {result.expected}; got {result.actual}"
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"{result.outcome.value}: {why}")
    return report
