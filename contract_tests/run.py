"""One run of the suite: the target, what provisions it, and what each proof came to."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from contract_tests.client import Client, Fault, Unreachable
from contract_tests.curl import lines
from contract_tests.evidence import Evidence
from contract_tests.lab import Lab
from contract_tests.leavings import Leavings, Tally
from contract_tests.logbook import Logbook
from contract_tests.outcome import NotReached, NotVerifiable, Outcome, Result, Violation
from contract_tests.pace import Pacer
from contract_tests.patience import GIVE_UP
from contract_tests.profile import GATE, PROFILES, Profile
from contract_tests.provision import Control, OwnProvisioner, Provisioner, Static, find_control, own
from contract_tests.sweep.sweeper import Sweep, sweep
from contract_tests.target import Endpoint, Permit, Target, Way, part
from contract_tests.thrift import Budget, Thrift
from contract_tests.tidy import Removal
from latchkey import Contract
from latchkey.records import Provider
from latchkey.rules import Level, Rule, load_rules

#: Requests that are enough to show what the gate is about on a target that allows 60 a minute, in less than 6 minutes.
DIRECTED = 250
PROOFS = Path(__file__).parent / "proofs"
#: Plugins of pytest that have nothing to do here; the last two search all memory for garbage, several times a run.
_UNUSED = ("cacheprovider", "threadexception", "unraisableexception")


@dataclass
class Run:
    """One run of the suite against one target. `results` are in the order in which the proofs ran, `counted` is how many
    requests they tell.
    """

    contract: Contract
    rules: dict[str, Rule]
    target: Target
    provisioner: Provisioner
    client: Client
    seed: int = 0
    gate: Level = Level.published
    profile: Profile = PROFILES[GATE]
    results: list[Result] = field(default_factory=list)
    counted: int = 0
    #: Why nothing more is asked at a base URL, and how many proofs in succession got lost there.
    dead: dict[str, str] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    #: The rules of the proofs that are to run, as often as they have proofs.
    wanted: list[str] = field(default_factory=list)
    #: Somebody ended the run; and was not to be kept waiting any more.
    interrupted: bool = False
    hurried: bool = False
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    thrift: dict[str, Thrift] = field(default_factory=dict)
    #: Where it is kept what is made; None: nowhere.
    logbook: Logbook | None = None
    #: Is told of each wait, how many seconds for what, and entered for as long as it lasts.
    waits: Callable[[float, str], AbstractContextManager[object]] = lambda seconds, what: nullcontext()
    #: Returns when nobody is making up what the sweep of a provider sends, which it then finds kept.
    made_up: Callable[[str], None] = lambda provider: None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    started: float = field(default_factory=time.monotonic)

    def lab(self, provider: str) -> Lab:
        thrift = self.thrift.get(provider)
        if thrift and self.target.provisioner:
            # Each proof has an account of its own: what one saw or made there is nothing to another.
            thrift = replace(thrift, evidence=Evidence(), leavings=self.watch(provider, thrift.budget))
        return Lab(self.contract, provider, self.target, self.client, self.provisioner, thrift=thrift)

    @property
    def numbers(self) -> dict[str, int]:
        """How much a sweep makes up, and from which seed."""
        return {"covering": self.profile.sweep, "random": max(1, self.profile.sweep // 3), "seeded": self.seed}

    def sweep(self, lab: Lab) -> Sweep:
        """The sweep of this lab's provider, made once."""
        name = lab.provider.name
        if name not in self.sweeps:
            self.made_up(name)
            self.sweeps[name] = sweep(lab, **self.numbers)
        return self.sweeps[name]

    def postponed(self) -> None:
        """Forgets what the last proof sent: it runs again."""
        self.client.take_sent()
        self.counted = self.client.total

    def check_alive(self, provider: str) -> None:
        """Raises NotReached where the provider's target was found dead."""
        if why := self.dead.get(self.target.endpoints[provider].base_url):
            raise NotReached(f"the target stopped answering ({why})")

    def heard(self, provider: str, problem: BaseException | None, requests: int) -> None:
        """Notes whether a proof that sent so many requests got its answers."""
        base = self.target.endpoints[provider].base_url
        if isinstance(problem, Fault):
            self.lost[base] += 1
            if isinstance(problem, Unreachable) or self.lost[base] >= GIVE_UP:
                self.dead[base] = self.client.redact(str(problem))
        elif requests:
            self.lost[base] = 0

    def not_reached(self) -> list[Result]:
        """A result for each proof that did not come to its end."""
        missing = Counter(self.wanted) - Counter(result.rule for result in self.results)
        why = "not reached: the run was interrupted"
        return [Result(rule, Outcome.ERROR, 0, reason=why, reached=False) for rule in missing.elements()]

    def watch(self, provider: str, budget: Budget, tally: Tally | None = None) -> Leavings:
        """Watches what is made at this provider, beside what is there already."""
        return Leavings(
            self.contract,
            provider,
            self.target.endpoints[provider].base_url,
            self.target.prefix,
            budget,
            secret=lambda text: self.client.redact(text) != text,
            keep=lambda event: self.logbook.keep(event) if self.logbook else None,
            numbers=self._numbers,
            tally=tally,
        )

    def tidy(self) -> None:
        """Removes what proofs made: that of a provider whose proofs share an account, after the last of them."""
        for provider, thrift in self.thrift.items():
            if thrift.leavings and thrift.leavings.tally.left():
                lab = self.lab(provider)
                lab.tidy()
                lab.close()

    def left(self) -> list[Removal]:
        """What was made and is still there, or may be, each with the reason."""
        told = [item for thrift in self.thrift.values() for item in thrift.removals if item.why]
        known = [item.left for item in told]
        watched = [thrift.leavings for thrift in self.thrift.values() if thrift.leavings]
        return told + [
            Removal(left=left, why="it was not tried")
            for leavings in watched
            for left in leavings.tally.left()
            if left not in known
        ]

    def close(self) -> None:
        """Ends its connections, and the book in which it is kept what is left."""
        for thrift in self.thrift.values():
            thrift.evidence.close()
        if self.logbook:
            self.logbook.close()
        self.client.close()
        self.provisioner.close()


RUN = pytest.StashKey[Run]()


def open_run(target: Target, contract: Contract, *, seed: int = 0) -> Run:
    """A run against this target. On a mock everything is permitted.

    Raises Unreachable, and TargetError where the target's provisioner cannot be made.
    """
    control = None if target.provisioner else find_control(target)
    if control is None:
        return thrifty_run(target, contract, seed=seed)
    contract = contract.only(*(name for name in contract.providers if name in target.endpoints))
    everything = Permit(destroy=True, spend_window=True, wait_up_to=float("inf"))
    provisioner = Control(control, token=target.control_token, tls=target.tls)
    try:
        target = replace(target, control=control, permit=everything, endpoints=_with_doors(target, provisioner))
    except BaseException:
        provisioner.close()
        raise
    client = Client(contract, way=_way(target), seed=seed)
    return Run(contract, load_rules(contract), target, provisioner, client, seed)


def _with_doors(target: Target, control: Control) -> dict[str, Endpoint]:
    """The target's endpoints with the protocols that the mock serves, where the target does not name them itself."""
    served = control.doors()
    return {
        name: replace(endpoint, doors={**served.get(name, {}), **endpoint.doors})
        for name, endpoint in target.endpoints.items()
    }


def thrifty_run(
    target: Target,
    contract: Contract,
    *,
    seed: int = 0,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Run:
    """A run with given keys, or what the target's own provisioner gives, within limits and a budget. The target's time is
    `now` and passes while `sleep` waits. Raises TargetError where the provisioner cannot be made.
    """
    contract = contract.only(*(name for name in contract.providers if name in target.endpoints))

    def wait(seconds: float) -> None:
        with run.waits(seconds, "what a proof shows"):
            sleep(seconds)

    given = Static(target, sleep=wait, now=now)
    provisioner = own(target, given) if target.provisioner else given
    run = Run(contract, load_rules(contract), target, provisioner, Client(contract, way=_way(target)), seed)
    for provider in contract.providers.values():
        run.thrift[provider.name] = _thrift(run, provider, sleep, now)
    return run


def _thrift(run: Run, provider: Provider, sleep: Callable[[float], None], now: Callable[[], float]) -> Thrift:
    theirs = run.provisioner if isinstance(run.provisioner, OwnProvisioner) else None

    def rest(seconds: float) -> None:
        with run.waits(seconds, f"{provider.title}'s window"):
            if not (theirs and theirs.turns(seconds)):
                sleep(seconds)
        run.client.passed += seconds
        thrift.waited += seconds

    def there() -> float:
        return now() + (theirs.turned if theirs else 0)

    permit = run.target.permit
    quota = max((provider.limits[name].quota for name in provider.default_limits), default=60)
    # Minutes are what is dear: where more passes in one, more is sent.
    suitable = round(DIRECTED * quota / 60 / part(provider, run.target.endpoints[provider.name]))
    budget = Budget(permit.max_requests or suitable, now() + permit.max_time, now)
    thrift = Thrift(Pacer(provider.rate_headers, there, rest), budget)
    if not run.target.provisioner:
        thrift.leavings = run.watch(provider.name, budget)
    return thrift


def _way(target: Target) -> Way:
    return Way(timeouts=target.timeouts, tls=target.tls, proxy=target.proxy)


def check_reachable(run: Run) -> None:
    """Raises Unreachable for the first base URL where nothing answers."""
    for base in sorted({endpoint.base_url for endpoint in run.target.endpoints.values()}):
        run.client.send(run.client.prepare("GET", base + "/"))
    run.client.take_sent()
    run.counted = run.client.total


def prove(run: Run, patterns: Sequence[str] = (), *plugins: object) -> None:
    """Runs the proofs of the rules that match (none named: of all), untouched by whatever configures pytest around it, and
    removes what they made. An interrupted run has results that say so.
    """
    arguments = [
        "-c",
        str(PROOFS / "pytest.ini"),
        "--rootdir",
        str(PROOFS),
        "--tb=no",
        "-qq",
        "--no-header",
        "--no-summary",
    ]
    arguments += [f"-pno:{name}" for name in _UNUSED]
    arguments += ["-p", "contract_tests.options", "-p", "contract_tests.plugin"]
    arguments += [f"--target-rule={pattern}" for pattern in patterns]
    outside = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        code = pytest.main([*arguments, str(PROOFS)], plugins=[Proving(run), *plugins])
        run.interrupted |= code == pytest.ExitCode.INTERRUPTED
    except Exception:
        # What is closed for an interrupted proof may have been interrupted, too.
        if not run.interrupted:
            raise
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(outside)
    if run.interrupted:
        run.results += run.not_reached()
    if not run.hurried:
        run.tidy()


class Proving:
    """Hands the run to the proofs, and keeps pytest from talking over our report."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[RUN] = self._run

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        manager = session.config.pluginmanager
        manager.unregister(manager.getplugin("terminalreporter"))

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Proofs of a provider that the run does not have need not be read."""
        contract = self._run.contract
        absent = contract.document["x-providers"].keys() - contract.providers.keys()
        return True if collection_path.is_dir() and collection_path.name in absent else None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            raise pytest.UsageError(f"a module of proofs cannot be read: {report.longrepr}")


def judge(run: Run, rule: str, problem: BaseException | None, shown: Sequence[str] = ()) -> Result:
    """The result of a proof that ended with this problem, or with none and then showed so much."""
    count, steps = run.client.total - run.counted, tuple(run.client.take_sent())
    run.counted, hidden = run.client.total, run.client.redact
    run.heard(run.rules[rule].provider, problem, count)
    if problem is None:
        return Result(rule, Outcome.VERIFIED, count, shown=tuple(dict.fromkeys(shown)))
    result = Result(rule, Outcome.ERROR, count, curl=tuple(lines(steps, hidden)), steps=steps)
    if isinstance(problem, Violation):
        return replace(
            result,
            outcome=weight(run.rules[rule].level, run.gate),
            expected=hidden(problem.expected),
            actual=hidden(problem.actual),
            about=problem.about,
        )
    if isinstance(problem, NotVerifiable):
        return replace(result, outcome=Outcome.NOT_VERIFIABLE, reason=hidden(str(problem)), steps=())
    if isinstance(problem, NotReached):
        return replace(result, reason=f"not reached: {problem}", curl=(), steps=(), reached=False)
    return replace(result, reason=hidden(f"{type(problem).__name__}: {problem}"))


def weight(level: Level, gate: Level) -> Outcome:
    """What a violation of a rule of this level counts as, where `gate` is the weakest level that fails."""
    if level >= gate:
        return Outcome.VIOLATED
    return Outcome.NOTED if level is Level.assumed else Outcome.WARNED
