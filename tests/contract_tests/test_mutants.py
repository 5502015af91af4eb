"""The hunt for mutants: that the catalogue leaves no rule out, and that a hunt tells kills from everything else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from click.testing import Result as Done
from starlette.responses import PlainTextResponse

from contract_tests.cli import main
from contract_tests.mutants import hunt, session, survey
from contract_tests.mutants.alarm import time_limit
from contract_tests.mutants.catalogue import Mutant, load_mutants
from contract_tests.mutants.host import Host
from contract_tests.mutants.hunt import Fate, hunt_one
from contract_tests.mutants.survey import (
    Equivalence,
    Finding,
    Found,
    Missed,
    in_short,
    read_equivalences,
    stale,
    survey_one,
)
from contract_tests.mutants.systematic import perturbations
from contract_tests.outcome import Outcome, Result
from contract_tests.run import Run
from latchkey import Contract, ContractError, load
from latchkey.overlay import apply
from latchkey.rules import Level, Rule, load_rules

BEARER = "$['x-providers'].fileforge.credentials[?(@.name == 'bearer')]"


def mutant(rule: str | None, *actions: dict[str, Any], sabotage: str | None = None) -> Mutant:
    return Mutant(
        id=f"{rule or 'fileforge.harmless'}~test",
        provider="fileforge",
        says="A mutant of this test.",
        rule=rule,
        actions=actions,
        sabotage=sabotage,
    )


def shorter_prefix(rule: str | None) -> Mutant:
    """What the rule of the prefix's length notices, and no rule of credentials does."""
    return mutant(rule, {"target": "$['x-providers'].fileforge.keys.stored", "update": {"prefix": 8}})


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


@pytest.fixture(scope="module")
def rules(contract: Contract) -> dict[str, Rule]:
    return load_rules(contract)


@pytest.fixture(scope="module")
def catalogue(rules: dict[str, Rule]) -> list[Mutant]:
    return load_mutants(rules)


# The catalogue.


def test_every_promise_has_a_mutant(rules: dict[str, Rule], catalogue: list[Mutant]):
    """Each testable rule of the documents or of a published page is broken by at least one mutant."""
    broken = {item.rule for item in catalogue}

    promised = [rule for rule in rules.values() if rule.testable and rule.level >= Level.published]

    assert [rule.id for rule in promised if rule.id not in broken] == []


def test_there_are_many_mutants_and_many_harmless_variants(catalogue: list[Mutant]):
    """At least 150 mutants; at least 25 harmless variants that differ in what they do."""
    harmless = {item.sabotage or json.dumps(item.actions) for item in catalogue if item.rule is None}

    assert len([item for item in catalogue if item.rule]) >= 150
    assert len(harmless) >= 25


EACH = """
import os
import sys
from contract_tests.mutants.sabotage import SABOTAGES
from contract_tests.mutants.sabotage._host import _preload
import mockserver.protocols.ftp, mockserver.protocols.sftp, mockserver.protocols.webdav
_preload()
for name, sabotage in SABOTAGES.items():
    child = os.fork()
    if child == 0:
        try:
            sabotage()
        except BaseException as problem:
            os.write(1, f"{name}: {problem!r}\\n".encode())
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each is tried in a process of its own, which takes fork")
def test_every_sabotage_finds_the_part_that_it_replaces():
    """What was renamed in the mock would leave a mutant that cannot be tried."""
    done = subprocess.run([sys.executable, "-c", EACH], capture_output=True, text=True, check=True)

    assert done.stdout == ""


def test_names_are_unique(catalogue: list[Mutant]):
    """An id names one mutant."""
    ids = [item.id for item in catalogue]

    assert len(ids) == len(set(ids))


def test_the_readme_counts_the_mutants(catalogue: list[Mutant]):
    """Its figure is the number of mutants, rounded down to hundreds."""
    count = sum(item.rule is not None for item in catalogue)

    assert f"Over {count // 100 * 100} broken mocks" in (Path(__file__).parents[2] / "README.md").read_text()


# What becomes of a mutant.


def test_a_mutant_is_killed_by_its_own_rule():
    """The rule that it names is found violated."""
    catch = hunt_one(shorter_prefix("fileforge.key.prefix-shown"))

    assert (catch.fate, catch.violated, catch.good) == (Fate.KILLED, ("fileforge.key.prefix-shown",), True)


def test_another_rule_does_not_kill():
    """A mutant whose own rule holds survives, whatever else is violated; that is told."""
    catch = hunt_one(shorter_prefix("fileforge.auth.bearer-wins"))

    assert (catch.fate, catch.good) == (Fate.SURVIVED, False)
    assert "fileforge.key.prefix-shown" in catch.violated


def test_a_variant_that_breaks_a_promise_is_refused():
    """What is called harmless and is not is told with the rule that it violates."""
    catch = hunt_one(shorter_prefix(None))

    assert (catch.fate, catch.good) == (Fate.REFUSED, False)
    assert "fileforge.key.prefix-shown" in catch.violated


def test_a_mock_that_does_not_start_is_no_kill():
    """A contract that the mock refuses proves nothing about the suite."""
    catch = hunt_one(
        mutant("fileforge.key.prefix-shown", {"target": "$['x-providers'].fileforge.keys.stored", "remove": True})
    )

    assert (catch.fate, catch.good) == (Fate.BROKEN, False)
    assert '"stored" is a required property' in str(catch.problem)


def test_a_mutant_without_its_control_plane_was_not_tried(monkeypatch: pytest.MonkeyPatch, serving: Any):
    """Where the control plane does not answer there are no keys to try it with: it is told as broken, not as a survivor."""
    deaf = serving(PlainTextResponse("busy", status_code=503))
    monkeypatch.setattr(hunt, "mutated_mock", lambda *_, **__: nullcontext(deaf.url))
    catch = hunt_one(shorter_prefix("fileforge.key.prefix-shown"))

    assert (catch.fate, catch.good) == (Fate.BROKEN, False)
    assert "does not answer as the control plane" in str(catch.problem)


# Its alarm can come between the opening of a socket and its keeping.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_mutant_that_hangs_is_given_up():
    """After its time it is told as broken, and the next one is tried as if nothing had been."""
    slow = hunt_one(shorter_prefix("fileforge.limit.sixty"), patience=0.05)

    assert (slow.fate, slow.problem) == (Fate.BROKEN, "not done after 0.05 s")
    assert hunt_one(shorter_prefix("fileforge.key.prefix-shown")).good


def test_a_host_that_is_left_takes_its_mock_along():
    """Who asked for a mock may be gone before it starts; then nothing is left running."""
    host = Host()
    arguments = ["--port", "0", "--seed", "0", "--provider", "fileforge"]
    address = host.ask({"sabotage": None, "arguments": arguments})["first"]
    with pytest.raises(TimeoutError), time_limit(0.01):
        host.ask({"sabotage": None, "arguments": arguments})
    url = re.search(r"http://[\d.:]+\d", address)

    assert url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url[0], trust_env=False)
    assert host.ask({}) == {}


def test_a_time_limit_ends_what_does_not_end():
    """Also where Exceptions are caught; an interrupt by hand stays one."""
    with pytest.raises(TimeoutError, match=r"not done after 0\.05 s"), time_limit(0.05):
        while True:
            with suppress(Exception):
                time.sleep(10)
    with pytest.raises(KeyboardInterrupt), time_limit(10):
        raise KeyboardInterrupt


# The command.


@pytest.fixture
def hunting(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command on a catalogue of the test's own."""

    def run(*mutants: Mutant, options: tuple[str, ...] = ()) -> Done:
        monkeypatch.setattr(session, "load_mutants", lambda rules: list(mutants))
        return CliRunner().invoke(main, ["mutants", "--workers", "1", *options])

    return run


def test_a_survivor_fails_the_hunt(hunting: Any):
    """Exit code 1, a row of the table that names it, and the rule that was violated in its own rule's place."""
    done = hunting(shorter_prefix("fileforge.key.prefix-shown"), shorter_prefix("fileforge.auth.bearer-wins"))

    assert done.exit_code == 1
    assert "survived" in done.stdout
    # A narrow table breaks what it holds over lines.
    assert all(word in done.stdout for word in ("fileforge.auth", "fileforge.key"))
    assert "1 of 2 mutants killed by their own rule, 0 of 0 harmless variants accepted" in done.stdout


def test_the_data_tell_every_mutant(hunting: Any):
    """With --json standard output is JSON alone: totals, and what became of each."""
    done = hunting(shorter_prefix("fileforge.key.prefix-shown"), options=("--json",))
    data = json.loads(done.stdout)

    assert done.exit_code == 0
    assert {name: data[name] for name in ("version", "mutants", "killed", "harmless", "accepted")} == {
        "version": 1, "mutants": 1, "killed": 1, "harmless": 0, "accepted": 0,
    }  # fmt: skip
    assert data["catches"] == [
        {
            "id": "fileforge.key.prefix-shown~test",
            "rule": "fileforge.key.prefix-shown",
            "says": "A mutant of this test.",
            "by": "overlay",
            "fate": "killed",
            "good": True,
            "violated": ["fileforge.key.prefix-shown"],
            "problem": None,
        }
    ]


def test_what_cannot_be_tried_is_an_error(hunting: Any):
    """Exit code 3, for nothing is known of the suite."""
    removed = {"target": "$['x-providers'].fileforge.keys.stored", "remove": True}

    assert hunting(mutant("fileforge.key.prefix-shown", removed)).exit_code == 3


def test_a_pattern_chooses(hunting: Any):
    """--only leaves out what does not match; where nothing does, that is wrong usage."""
    both = shorter_prefix("fileforge.key.prefix-shown"), shorter_prefix("fileforge.auth.bearer-wins")

    assert hunting(*both, options=("--only", "*.key.*")).exit_code == 0
    done = hunting(*both, options=("--only", "nothing"))
    assert (done.exit_code, "no mutant matches" in done.stderr) == (2, True)


# The systematic operator.


@pytest.fixture(scope="module")
def systematic(contract: Contract) -> dict[str, Mutant]:
    return {item.id: item for provider in contract.providers for item in perturbations(contract, provider)}


def test_perturbations_are_many_and_named_apart(contract: Contract, systematic: dict[str, Mutant]):
    """Each leaf of each provider has its own, so that there are far more than were written by hand."""
    count = sum(len(list(perturbations(contract, provider))) for provider in contract.providers)

    assert len(systematic) == count > 1500
    assert {item.provider for item in systematic.values()} == contract.providers.keys()


@pytest.mark.parametrize(
    ("id", "place", "value"),
    [
        ("fileforge.x-provider.limits.requests.quota~plus-one", ("limits", "requests", "quota"), 61),
        ("fileforge.x-provider.limits.requests.window~doubled", ("limits", "requests", "window"), 120),
        ("dezerx.x-provider.tokens.download.uses~plus-one", ("tokens", "download", "uses"), 2),
        ("fileforge.x-provider.refusals.missing_key.status~other", ("refusals", "missing_key", "status"), 403),
        ("fileforge.x-provider.credentials.0~after-next", ("credentials", 0, "name"), "fileforge_key"),
    ],
)
def test_a_perturbation_is_an_overlay(
    contract: Contract, systematic: dict[str, Mutant], tmp_path: Path, id: str, place: tuple[str | int, ...], value: Any
):
    """Applied to the contract, it changes what its name says."""
    file = tmp_path / "overlay.yaml"
    info = {"title": "test", "version": "1"}
    file.write_text(json.dumps({"overlay": "1.0.0", "info": info, "actions": list(systematic[id].actions)}))
    changed: Any = apply(dict(contract.document), [file])["x-providers"][systematic[id].provider]
    for step in place:
        changed = changed[step]

    assert changed == value


def test_a_perturbation_is_noticed_refused_or_explained(systematic: dict[str, Mutant]):
    """A rule notices it, or the contract does not load, or there is a reason why nothing notices it; else it survived."""
    noticed = systematic["fileforge.x-provider.keys.stored.prefix~plus-one"]
    refused = systematic["fileforge.x-provider.tiers.free~removed"]

    assert survey_one(noticed, because={}).finding is Finding.KILLED
    assert survey_one(refused, because={}).finding is Finding.REFUSED


def test_a_survivor_is_told_by_what_says_most_of_it():
    """A proof that broke comes before one that was not verifiable, and last what no mock without that protocol shows."""
    closed, failed, broke = (
        Missed(Result(f"a.{reason}", outcome, 0, reason=reason), closed=reason == "no ftp")
        for outcome, reason in (
            (Outcome.NOT_VERIFIABLE, "no ftp"),
            (Outcome.NOT_VERIFIABLE, "a step failed"),
            (Outcome.ERROR, "a traceback"),
        )
    )

    assert in_short([]) is None
    assert in_short([closed, closed]) == "a.no ftp: no ftp; 1 more like it"
    assert in_short([closed, failed, closed]) == "a.a step failed: a step failed"
    assert in_short([closed, failed, broke, broke]) == "a.a traceback: a traceback; 1 more like it"


def test_a_rule_of_a_protocol_that_is_not_served_is_told_last(monkeypatch: pytest.MonkeyPatch):
    """Of a mutant without doors a step that failed is told, though rules about doors come before it."""
    run = Run.__new__(Run)
    run.rules = load_rules(load().only("filescom"))
    door = next(rule.id for rule in run.rules.values() if rule.protocols)
    other = next(rule.id for rule in run.rules.values() if not rule.protocols)
    run.results = [Result(id, Outcome.NOT_VERIFIABLE, 0, reason=f"of {id}") for id in (door, other)]
    monkeypatch.setattr(survey, "tried", lambda *_: run)
    found = survey_one(mutant("filescom.harmless"), because={})

    assert (found.finding, found.note) == (Finding.SURVIVED, f"{other}: of {other}; 1 more like it")


def test_an_entry_that_covers_no_survivor_is_stale(systematic: dict[str, Mutant]):
    """Its mutants were tried, and each was noticed. One whose mutants were not tried is not judged."""
    first, second, *_ = systematic.values()
    found = [Found(first, Finding.KILLED, "a.rule"), Found(second, Finding.EQUIVALENT)]
    entries = [
        Equivalence(first.id, "no more"),
        Equivalence(second.id, "still so"),
        Equivalence("elsewhere.*", "unknown"),
    ]

    assert stale(entries, found) == [first.id]


def test_every_entry_of_the_list_covers_a_mutant(systematic: dict[str, Mutant]):
    """A pattern that matches nothing would explain nothing."""
    every = systematic.values()

    assert [entry.pattern for entry in read_equivalences() if not any(map(entry.covers, every))] == []


def test_a_malformed_list_is_told(tmp_path: Path):
    """An entry without a reason is a mistake, told with its place."""
    file = tmp_path / "equivalent.yaml"
    file.write_text("- mutants: ['*']\n")

    with pytest.raises(ContractError, match="because"):
        read_equivalences(file)


def test_a_survey_is_told_as_data():
    """One perturbation, its rule, and the totals; exit code 0 where nothing is left to explain."""
    options = ["--systematic", "--only", "fileforge.x-provider.keys.stored.prefix~plus-one", "--workers", "1", "--json"]
    done = CliRunner().invoke(main, ["mutants", *options])
    data = json.loads(done.stdout)

    assert done.exit_code == 0
    assert (data["mutants"], data["killed"], data["survived"], data["stale"]) == (1, 1, 0, [])
    assert data["findings"][0]["rule"].startswith("fileforge.")


def test_a_mutant_that_takes_too_long_is_given_up(hunting: Any):
    """--time-limit is in seconds; what was not done by then was not tried: exit code 3. None at all is wrong usage."""
    slow = shorter_prefix("fileforge.limit.sixty")

    assert hunting(slow, options=("--time-limit", "0.05")).exit_code == 3
    assert hunting(slow, options=("--time-limit", "0")).exit_code == 2
