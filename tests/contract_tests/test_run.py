"""The command `contract-tests run` on good, bad, silent and foreign targets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from latchkey import load
from latchkey.rules import load_rules
from mockserver import create_app
from tests.conftest import Served


def contract_tests(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "contract_tests", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run of the whole suite on a mock of its own, with both reports."""
    folder = tmp_path_factory.mktemp("report")
    done = contract_tests("run", "--mock", "--json", str(folder / "r.json"), "--junit", str(folder / "r.xml"))
    return done, folder


def test_the_mock_keeps_every_rule(whole_run: tuple[subprocess.CompletedProcess[str], Path]):
    """On the correct mock every testable rule is verified and the exit code is 0."""
    done, folder = whole_run
    report = json.loads((folder / "r.json").read_text())
    testable = {rule.id for rule in load_rules(load()).values() if rule.testable}

    assert (done.returncode, done.stderr) == (0, "")
    assert {item["id"] for item in report["rules"] if item["outcome"] == "verified"} == testable
    assert "0 violated" in done.stdout


def test_junit_has_a_case_per_rule(whole_run: tuple[subprocess.CompletedProcess[str], Path]):
    """A suite per provider, a case per rule."""
    _, folder = whole_run
    root = ElementTree.parse(folder / "r.xml").getroot()
    report = json.loads((folder / "r.json").read_text())

    assert {case.get("name") for case in root.iter("testcase")} == {item["id"] for item in report["rules"]}
    assert {suite.get("name") for suite in root.iter("testsuite")} == set(load().providers)


def test_no_report_holds_a_key(whole_run: tuple[subprocess.CompletedProcess[str], Path]):
    """Neither the terminal nor a file shows anything that looks like a key of the run."""
    done, folder = whole_run
    shown = done.stdout + (folder / "r.json").read_text() + (folder / "r.xml").read_text()

    for pattern in (r"ff_live_[a-z2-7]{32}", r"DEZERX_[A-Z0-9]{16}"):
        assert re.findall(pattern, shown) == []


def test_the_same_seed_gives_the_same_report(tmp_path: Path):
    """Outcomes and numbers of requests repeat."""
    reports = []
    for name in ("a", "b"):
        file = tmp_path / f"{name}.json"
        contract_tests("run", "--mock", "--provider", "fileforge", "--seed", "7", "--json", str(file))
        reports.append(
            [(item["id"], item["outcome"], item["requests"]) for item in json.loads(file.read_text())["rules"]]
        )
    assert reports[0] == reports[1]


def test_nothing_answers():
    """A closed port is one line and exit code 2."""
    done = contract_tests("run", "http://127.0.0.1:1")

    assert done.returncode == 2
    assert done.stderr.splitlines() == ["Error: http://127.0.0.1:1/: [Errno 111] Connection refused"]
    assert done.stdout == ""


async def html_for_everything(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await HTMLResponse("<h1>It works!</h1>")(scope, receive, send)


def test_a_server_of_something_else_is_refused(serving: Callable[[Any], Served], tmp_path: Path):
    """A server that answers HTML to everything violates rules, with exit code 1 and without a traceback."""
    file = tmp_path / "r.json"
    done = contract_tests("run", serving(html_for_everything).url, "--json", str(file))
    totals = json.loads(file.read_text())["totals"]

    assert done.returncode == 1
    assert (totals["error"], totals["verified"] < totals["violated"]) == (0, True)
    assert "Traceback" not in done.stdout + done.stderr


class WithoutControl:
    """The mock as a staging server has it: without its control plane."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/_mock"):
            scope = {**scope, "path": "/nothing-here"}
        await self.app(scope, receive, send)


@pytest.fixture
def staging(serving: Callable[[Any], Served], tmp_path: Path) -> Path:
    """A target file for a server that offers nothing but static keys."""
    app = create_app("fileforge", seed=3)
    url = serving(WithoutControl(app)).url
    keys = {key.situation: key.key for key in app.world.ready_keys("fileforge")}
    lines = [f'{situation} = "{key}"' for situation, key in keys.items() if situation != "full"]
    file = tmp_path / "staging.toml"
    file.write_text(
        f'[providers.fileforge]\nbase_url = "{url}"\n\n[providers.fileforge.keys]\nfull = "${{FORGE_KEY}}"\n'
        + "\n".join(lines)
    )
    os.environ["FORGE_KEY"] = keys["full"]
    return file


def test_static_keys_verify_what_they_can(staging: Path, tmp_path: Path):
    """Without an administrator rules are verified or not verifiable, each with what it would take; none is violated."""
    report = tmp_path / "r.json"
    done = contract_tests("run", str(staging), "--rule", "*.auth.*", "--rule", "*.scope.*", "--json", str(report))
    rules = json.loads(report.read_text())["rules"]

    assert done.returncode == 0, done.stdout
    assert {item["outcome"] for item in rules} == {"verified", "not verifiable"}
    assert sum(item["outcome"] == "verified" for item in rules) > len(rules) / 2
    assert all(item["reason"] for item in rules if item["outcome"] == "not verifiable")


def test_spending_a_window_needs_permission(staging: Path, tmp_path: Path):
    """A rule about a limit says which line of the target file would permit it."""
    done = contract_tests("run", str(staging), "--rule", "fileforge.limit.*")

    assert done.returncode == 0
    assert "spend_window = true" in done.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("providers = 3", "t.toml:1: providers: write a table"),
        ("[providers", "t.toml:1: "),
    ],
)
def test_a_wrong_target_file_is_told(tmp_path: Path, text: str, told: str):
    """The mistake is one line that names file and place; exit code 2."""
    file = tmp_path / "t.toml"
    file.write_text(text)
    done = contract_tests("run", str(file))

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name a target"),
        (["--mock", "http://127.0.0.1:1"], "name a target"),
        (["no-such-file.toml"], "neither a URL"),
        (["--mock", "--provider", "nobody"], "no provider is called 'nobody'"),
        (["--mock", "--json", "no/such/folder/r.json"], "is not a folder"),
        (["--mock", "--provider", "fileforge", "--rule", "nothing.*"], "no rule matches"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], told: str):
    """Exit code 2, and no traceback."""
    done = contract_tests("run", *arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_plain_pytest_runs_the_proofs(mock: Served, tmp_path: Path):
    """`pytest --pyargs contract_tests --target URL` passes on the mock."""
    command = [sys.executable, "-m", "pytest", "--pyargs", "contract_tests", "--target", mock.url, "-q"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--target-rule", "fileforge.auth.*"],
        capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


@pytest.fixture
def without_challenge(serving: Callable[[Any], Served]) -> str:
    """A mock whose 401 lost its challenge, which a standard asks for."""
    app = create_app("fileforge", seed=1)
    app.world.contract.providers["fileforge"].refusals["missing_key"].headers.clear()
    return serving(app).url


def test_a_waiver_lets_a_known_violation_pass(without_challenge: str, tmp_path: Path):
    """Reports and exit code say that it is waived; after its day it fails again."""
    waivers, summary = tmp_path / "waivers.toml", tmp_path / "summary.md"
    arguments = ["run", without_challenge, "--provider", "fileforge", "--rule", "fileforge.standard.challenge"]
    arguments += ["--fail-on", "standard", "--waivers", str(waivers), "--summary", str(summary)]
    codes = []
    for day in ("2999-01-01", "2000-01-01"):
        waivers.write_text(
            f'[[waiver]]\nrule = "fileforge.standard.challenge"\ntarget = "{without_challenge}"\n'
            f'reason = "the framework sends none"\nexpires = {day}\n'
        )
        codes.append(contract_tests(*arguments).returncode)

    assert codes == [0, 1]
    assert "waiver expired on 2000-01-01: fileforge.standard.challenge" in summary.read_text()


def test_a_required_rule_may_not_stay_unverified(staging: Path):
    """Without permission to spend a window the limit cannot be tried; where it is required, that fails."""
    arguments = ["run", str(staging), "--rule", "fileforge.limit.sixty"]

    assert contract_tests(*arguments).returncode == 0
    done = contract_tests(*arguments, "--require", "fileforge.limit.*")
    assert done.returncode == 1
    assert "required, but not verifiable: fileforge.limit.sixty" in done.stdout


def test_levels_decide_what_fails(without_challenge: str):
    """A violated standard is a warning, and a failure where the gate is moved."""
    arguments = ["run", without_challenge, "--provider", "fileforge", "--rule", "fileforge.standard.challenge"]

    assert "1 warned" in (lenient := contract_tests(*arguments)).stdout
    assert lenient.returncode == 0
    assert contract_tests(*arguments, "--level", "standard").returncode == 1


def test_a_stale_waiver_fails_where_that_is_wanted(mock: Served, tmp_path: Path):
    """A waiver of a rule that is kept is told; with --strict-waivers it fails."""
    waivers = tmp_path / "waivers.toml"
    waivers.write_text(
        f'[[waiver]]\nrule = "fileforge.standard.challenge"\ntarget = "{mock.url}"\nreason = "was broken once"\nexpires = 2999-01-01\n'
    )
    arguments = ["run", mock.url, "--rule", "fileforge.standard.challenge", "--waivers", str(waivers)]

    assert "waiver is stale" in (lenient := contract_tests(*arguments)).stdout
    assert lenient.returncode == 0
    assert contract_tests(*arguments, "--strict-waivers").returncode == 1


def test_strict_wants_every_rule_verified(staging: Path):
    """What is not verifiable fails, whatever its level."""
    arguments = ["run", str(staging), "--rule", "fileforge.limit.sixty"]

    assert contract_tests(*arguments).returncode == 0
    assert contract_tests(*arguments, "--strict").returncode == 1


def test_the_deep_profile_sends_more(tmp_path: Path):
    """The same rules, with more generated requests; the report says which profile it was."""
    sent = {}
    for profile in ("gate", "deep"):
        file = tmp_path / f"{profile}.json"
        wanted = ["--provider", "dezerx", "--rule", "dezerx.model.token", "--profile", profile, "--json", str(file)]
        assert contract_tests("run", "--mock", *wanted).returncode == 0
        report = json.loads(file.read_text())
        sent[report["profile"]] = report["requests"]

    assert sent["deep"] > 3 * sent["gate"]


def test_plain_pytest_has_the_run_s_options(without_challenge: str, tmp_path: Path):
    """Provider, rule, level and profile choose what runs, how much is made up, and what fails."""
    command = [sys.executable, "-m", "pytest", "--pyargs", "contract_tests", "--target", without_challenge, "-q"]
    command += ["-p", "no:cacheprovider", "--target-rule", "*.standard.challenge", "--target-provider", "fileforge"]
    runs = [
        subprocess.run([*command, *more], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
        for more in (["--target-profile", "deep"], ["--target-level", "standard"], ["--target-profile", "shallow"])
    ]

    assert [done.returncode for done in runs] == [0, 1, 4]
    assert "1 skipped" in runs[0].stdout
    assert "1 failed" in runs[1].stdout


def test_a_plain_pytest_run_leaves_nothing(serving: Callable[[Any], Served], tmp_path: Path):
    """What its proofs make is removed, as by the command; it is kept in a file as long as it is there."""
    app = create_app("fileforge", seed=3)
    kept: list[bool] = []

    async def looked_at(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "DELETE":
            kept.append(any((tmp_path / ".latchkey").glob("t.*.jsonl")))
        await WithoutControl(app)(scope, receive, send)

    def files() -> list[Any]:
        return [id for account in app.world.accounts.values() for id in account.rows.get("files", {})]

    before, file = files(), tmp_path / "t.toml"
    key = Served("", app).key("fileforge")
    file.write_text(f'[providers.fileforge]\nbase_url = "{serving(looked_at).url}"\nkeys.full = "{key}"\n')
    command = [sys.executable, "-m", "pytest", "--pyargs", "contract_tests", "--target", str(file), "-q"]
    wanted = ["-p", "no:cacheprovider", "--target-rule", "fileforge.finalize.created"]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)

    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert (files(), kept) == (before, [True])
    assert list((tmp_path / ".latchkey").glob("*.jsonl")) == []


@pytest.mark.parametrize(
    ("token", "code", "told"), [("the-token", 0, "1 verified"), ("another", 2, "does not answer as the control plane")]
)
def test_a_control_plane_that_asks_for_a_token(
    serving: Callable[[Any], Served], tmp_path: Path, token: str, code: int, told: str
):
    """`control` and `control_token` of a target file open it; with a wrong token nothing is run."""
    url = serving(create_app("fileforge", seed=1, token="the-token")).url
    file = tmp_path / "t.toml"
    file.write_text(f'control = "{url}/_mock"\ncontrol_token = "{token}"\n[providers.fileforge]\nbase_url = "{url}"\n')
    done = contract_tests("run", str(file), "--rule", "fileforge.key.revoked-at-once")

    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert token not in done.stdout + done.stderr


def test_a_run_s_time_is_over(staging: Path):
    """After `max_time` nothing more begins; each rule left out says which line would change that."""
    staging.write_text("permit = { max_time = 0.001 }\n" + staging.read_text())
    done = contract_tests("run", str(staging), "--rule", "fileforge.auth.*")

    assert done.returncode == 0
    assert "the run's time is over; to permit more, write under [permit]: max_time" in done.stdout
    assert re.search(r"0 verified, 0 violated, \d+ not verifiable\. \d requests", done.stdout)
