"""`contract-tests plan`: what a run would show and cost, found out without the target."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from contract_tests import cli
from contract_tests.own_mock import MockFailed
from contract_tests.profile import PROFILES
from contract_tests.target import read_target
from latchkey import load
from mockserver import create_app
from tests.conftest import Served
from tests.staging import Unattended

RULES = ("--rule", "fileforge.auth.*", "--rule", "fileforge.limit.sixty", "--rule", "dezerx.auth.*")


def plan(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["plan", *words])


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A target that nobody could reach, with a full key of two providers."""
    file = tmp_path / "t.toml"
    known = 'base_url = "http://127.0.0.1:1"\nkeys.full = "never-sent"\n'
    file.write_text(f"[permit]\nmax_requests = 50\n[providers.fileforge]\n{known}[providers.dezerx]\n{known}")
    return str(file)


def test_it_tells_what_costs_what_and_what_is_missing(nowhere: str):
    """A row for each provider, the line that each rule left out would take, requests and minutes; nothing was sent."""
    done = plan(nowhere, *RULES)

    assert done.exit_code == 0, done.output
    assert re.search(r"fileforge +\d+ +\d+ +\d+ +\d+ s", done.output)
    assert re.search(r"dezerx +\d+ +\d+ +\d+ +\d+ s", done.output)
    assert "write under [permit]: spend_window = true\n      fileforge.limit.sixty" in done.output
    assert re.search(r"\n\d+ requests, about \d+ s\. Nothing was sent to the target\.\n$", done.output)


def test_as_data_every_rule_is_told(nowhere: str):
    """Whether it would be verifiable, with how many requests, or why not."""
    data = json.loads(plan(nowhere, *RULES, "--json").output)
    rules = {item["id"]: item for item in data["rules"]}

    assert set(data["providers"]) == {"fileforge", "dezerx"}
    assert "spend_window" in rules["fileforge.limit.sixty"]["reason"]
    assert (rules["fileforge.auth.bearer"]["verifiable"], rules["fileforge.auth.bearer"]["reason"]) == (True, None)
    assert sum(item["requests"] for item in rules.values()) == sum(it["requests"] for it in data["providers"].values())
    for name, cost in data["providers"].items():
        mine = [item["verifiable"] for id, item in rules.items() if id.startswith(name)]
        assert (cost["verifiable"], cost["not_verifiable"]) == (mine.count(True), mine.count(False))


def test_shorter_windows_cost_less_time(nowhere: str, tmp_path: Path):
    """What the target file says of its windows holds for the mock that stands in for it."""
    file = Path(nowhere)
    file.write_text(f"{file.read_text()}".replace("max_requests = 50", "spend_window = true\nwait_up_to = 61"))
    limits = ("--rule", "dezerx.limit.window", "--json")
    minutes = json.loads(plan(nowhere, *limits).output)["providers"]["dezerx"]
    file.write_text(f"{file.read_text()}window = 3\n")
    seconds = json.loads(plan(nowhere, *limits).output)["providers"]["dezerx"]

    assert minutes["verifiable"] == seconds["verifiable"] == 1
    assert seconds["seconds"] < minutes["seconds"] / 3


def test_a_run_shows_what_was_planned(serving: Callable[[Any], Served], tmp_path: Path):
    """The same rules are verified on the target that the plan did not ask."""
    app = create_app(seed=2)
    file = tmp_path / "t.toml"
    file.write_text(
        f'[providers.fileforge]\nbase_url = "{serving(Unattended(app)).url}"\nkeys.full = "{Served("", app).key("fileforge")}"\n'
    )
    words = ("--rule", "fileforge.auth.*", "--json")
    planned = {item["id"]: item["verifiable"] for item in json.loads(plan(str(file), *words).output)["rules"]}
    done = CliRunner().invoke(cli.main, ["run", str(file), *words, str(tmp_path / "r.json")])
    seen = {
        item["id"]: item["outcome"] == "verified" for item in json.loads((tmp_path / "r.json").read_text())["rules"]
    }

    assert done.exit_code == 0, done.output
    assert planned == seen


def test_it_is_narrowed_to_a_provider(nowhere: str):
    data = json.loads(plan(nowhere, "--provider", "dezerx", "--rule", "*.auth.bearer", "--json").output)

    assert [item["id"] for item in data["rules"]] == ["dezerx.auth.bearer"]


def test_the_profile_is_the_run_s(nowhere: str, monkeypatch: pytest.MonkeyPatch):
    """--profile is handed on; an unknown one is wrong usage."""
    seen: list[Any] = []

    def noted(target: Any, contract: Any, profile: Any, patterns: Any) -> Any:
        seen.append(profile)
        raise MockFailed("enough")

    monkeypatch.setattr("contract_tests.plan.make_plan", noted)
    done = plan(nowhere, "--profile", "deep")

    assert (done.exit_code, "the mock did not start: enough" in done.output) == (1, True)
    assert seen == [PROFILES["deep"]]
    assert plan(nowhere, "--profile", "shallow").exit_code == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no-such.toml"], "neither a URL"),
        (["--provider", "nobody", "x.toml"], "no provider is called 'nobody'"),
        ([], "Missing argument 'TARGET'"),
    ],
)
def test_wrong_usage_is_told(words: list[str], told: str):
    """Exit code 2."""
    done = plan(*words)

    assert (done.exit_code, told in done.output) == (2, True), done.output


def test_the_target_of_a_plan_is_not_changed(nowhere: str):
    """Keys of the file do not reach the mock that stands in."""
    before = read_target(nowhere, load())
    plan(nowhere, "--rule", "dezerx.auth.bearer")

    assert read_target(nowhere, load()) == before
