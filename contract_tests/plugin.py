"""Runs the proofs under pytest: gives each a Lab, and turns what it came to into a Result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from contract_tests.client import Client, Unreachable
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Outcome, Result, Violation
from contract_tests.provision import Control, Provisioner, Static, find_control
from contract_tests.sweep import Sweep, sweep
from contract_tests.target import Permit, Target, TargetError, read_target
from latchkey import Contract, load
from latchkey.rules import Level, Rule, load_rules

PROOFS = Path(__file__).parent / "proofs"


@dataclass
class Run:
    """One run of the suite against one target. `results` are in the order in which the proofs ran."""

    contract: Contract
    rules: dict[str, Rule]
    target: Target
    provisioner: Provisioner
    client: Client
    seed: int = 0
    gate: Level = Level.published
    examples: int = 10
    results: list[Result] = field(default_factory=list)
    dead: Unreachable | None = None
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def lab(self, provider: str) -> Lab:
        return Lab(self.contract, provider, self.target, self.client, self.provisioner)

    def sweep(self, lab: Lab) -> Sweep:
        """The sweep of this lab's provider, made once."""
        name = lab.provider.name
        if name not in self.sweeps:
            self.sweeps[name] = sweep(lab, examples=self.examples, seeded=self.seed)
        return self.sweeps[name]


RUN = pytest.StashKey[Run]()


def open_run(target: Target, contract: Contract, *, seed: int = 0) -> Run:
    """A run against this target. On a mock everything is permitted. Raises Unreachable."""
    control = find_control(target)
    provisioner: Provisioner = Static(target)
    if control:
        provisioner = Control(control, token=target.control_token)
        target = Target(
            name=target.name,
            endpoints=target.endpoints,
            control=control,
            control_token=target.control_token,
            permit=Permit(destroy=True, spend_window=True, wait_up_to=float("inf")),
        )
    client = Client()
    contract = contract.only(*(name for name in contract.providers if name in target.endpoints))
    return Run(contract, load_rules(contract), target, provisioner, client, seed)


def check_reachable(run: Run) -> None:
    """Raises Unreachable for the first base URL where nothing answers."""
    for base in sorted({endpoint.base_url for endpoint in run.target.endpoints.values()}):
        run.client.send("GET", base + "/")
    run.client.take_sent()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract-tests")
    group.addoption("--target", help="URL or TOML file of the implementation under test")
    group.addoption("--provider", action="append", default=[], help="only this provider; repeat for more")
    group.addoption(
        "--level", default="published", choices=[level.name for level in Level], help="weakest level that fails"
    )
    group.addoption("--rule", action="append", default=[], help="only rules that match this pattern, e.g. '*.auth.*'")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rule(id): the rule of the catalogue that a proof shows")
    if RUN in config.stash or not config.getoption("--target"):
        return
    try:
        contract = load()
        run = open_run(read_target(config.getoption("--target"), contract), contract)
        check_reachable(run)
    except (TargetError, Unreachable) as problem:
        raise pytest.UsageError(str(problem)) from None
    run.gate = Level[config.getoption("--level")]
    config.stash[RUN] = run


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """The run that the proofs belong to."""
    if RUN not in request.config.stash:
        pytest.skip("no target: give one with --target")
    return request.config.stash[RUN]


@pytest.fixture
def lab(request: pytest.FixtureRequest, run: Run) -> Iterator[Lab]:
    """The provider of the rule that the proof shows."""
    if run.dead:
        raise run.dead
    run.client.take_sent()
    lab = run.lab(rule_of(request.node).split(".")[0])
    yield lab
    lab.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A proof of `*.theme.what` is a proof of that rule for each provider that has it."""
    for mark in metafunc.definition.iter_markers("rule"):
        family = str(mark.args[0])
        if family.startswith("*."):
            run = metafunc.config.stash.get(RUN, None)
            ids = [id for id in (run.rules if run else ()) if fnmatch(id, family)]
            cases = [pytest.param(id, id=id.split(".")[0], marks=pytest.mark.rule(id)) for id in ids]
            metafunc.fixturenames.append("_rule")
            metafunc.parametrize("_rule", cases)


def rule_of(item: pytest.Item) -> str:
    """The id of the rule that a proof shows."""
    ids = [str(mark.args[0]) for mark in item.iter_markers("rule")]
    return next((id for id in ids if not id.startswith("*.")), ids[0])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    run = config.stash.get(RUN, None)
    if run is None:
        return
    ours = [item for item in items if item.get_closest_marker("rule")]
    providers = config.getoption("--provider")
    patterns = config.getoption("--rule")

    def wanted(item: pytest.Item) -> bool:
        rule = run.rules.get(rule_of(item))
        return (
            rule is not None
            and (not providers or rule.provider in providers)
            and (not patterns or any(fnmatch(rule.id, pattern) for pattern in patterns))
        )

    dropped = [item for item in ours if not wanted(item)]
    items[:] = [item for item in items if item not in dropped]
    config.hook.pytest_deselected(items=dropped)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    run = item.config.stash.get(RUN, None)
    if run is None or item.get_closest_marker("rule") is None:
        return report
    if call.when == "call" or (call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception)):
        result = judge(run, rule_of(item), call.excinfo.value if call.excinfo else None)
        run.results.append(result)
        if result.outcome is Outcome.NOT_VERIFIABLE:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"not verifiable: {result.reason}")
    return report


def judge(run: Run, rule: str, problem: BaseException | None) -> Result:
    """The result of a proof that ended with this problem, or with none."""
    count, curl = run.client.sent, tuple(run.client.take_sent())
    if problem is None:
        return Result(rule, Outcome.VERIFIED, count)
    if isinstance(problem, Violation):
        outcome = weight(run.rules[rule].level, run.gate)
        hidden = run.client.redact
        return Result(rule, outcome, count, expected=hidden(problem.expected), actual=hidden(problem.actual), curl=curl)
    if isinstance(problem, NotVerifiable):
        return Result(rule, Outcome.NOT_VERIFIABLE, count, reason=run.client.redact(str(problem)), curl=curl)
    if isinstance(problem, Unreachable):
        run.dead = problem
    reason = run.client.redact(f"{type(problem).__name__}: {problem}")
    return Result(rule, Outcome.ERROR, count, reason=reason, curl=curl)


def weight(level: Level, gate: Level) -> Outcome:
    """What a violation of a rule of this level counts as, where `gate` is the weakest level that fails."""
    if level >= gate:
        return Outcome.VIOLATED
    return Outcome.NOTED if level is Level.assumed else Outcome.WARNED
