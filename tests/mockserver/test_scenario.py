"""Scenarios: many actions of the control plane at once, all of them or none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from latchkey import ContractError
from mockserver import create_app
from mockserver.scenario import play_file
from tests.conftest import Served

PAGE = Path(__file__).parents[2] / "docs" / "control.md"
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def post(mock: Served, scenario: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"{mock.url}/_mock/scenarios", json=scenario)


def files(mock: Served, key: str) -> int:
    return httpx.get(f"{mock.url}/v1/files", headers={"X-API-Key": key}).status_code


def test_the_example_of_the_page_is_brought_about(mock: Served):
    """Its keys are shown in the answer, and are what they are called."""
    made = post(mock, yaml.safe_load(EXAMPLE))
    keys = {name: key["key"] for name, key in made.json()["keys"].items()}

    assert made.status_code == 201
    assert made.json()["accounts"]["shop"]["tier"] == "pro"
    assert [files(mock, keys["reader"]) for _ in range(2)] == [429, 200]
    assert files(mock, keys["gone"]) == 401
    assert httpx.get(f"{mock.url}/_mock/clock").json()["frozen"]


def test_rows_changes_and_revocations_are_steps(mock: Served):
    """A key is of a user that the scenario made; revoked, it opens nothing; a plan can go down."""
    made = post(
        mock,
        {
            "steps": [
                {"account": {"as": "site", "provider": "filescom"}},
                {
                    "row": {
                        "as": "ann",
                        "of": "site",
                        "table": "users",
                        "values": {"username": "ann", "site_admin": False},
                    }
                },
                {"key": {"as": "hers", "of": "site", "user": "ann"}},
                {"account": {"as": "shop", "provider": "fileforge", "tier": "pro"}},
                {"key": {"as": "spent", "of": "shop"}},
                {"revoke": {"key": "spent"}},
                {"change": {"of": "shop", "tier": "free"}},
                {"clock": {"advance": 60}},
            ]
        },
    ).json()

    assert made["keys"]["hers"]["user"] == made["rows"]["ann"]["id"]
    assert files(mock, made["keys"]["spent"]["key"]) == 401
    assert httpx.get(f"{mock.url}/_mock/accounts/{made['accounts']['shop']['id']}").json()["tier"] == "free"


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"key": {"of": "nobody"}}, "step 2: there is no account 'nobody'"),
        ({"account": {"provider": "fileforge", "tier": "bronze"}}, "has no tier 'bronze'"),
        ({"revoke": {"key": "none"}}, "no step made a key 'none'"),
        ({"account": {"as": "shop", "provider": "fileforge"}}, "the name 'shop' is taken by an earlier step"),
        ({"fault": {"refusal": "nonsense"}}, "step 2"),
    ],
)
def test_a_step_that_cannot_be_done_undoes_all(mock: Served, step: dict[str, Any], says: str):
    """The answer names it; the account of the first step is not there."""
    before = httpx.get(f"{mock.url}/_mock/accounts").json()
    answer = post(mock, {"steps": [{"account": {"as": "shop", "provider": "fileforge"}}, step]})

    assert (answer.status_code, says in answer.json()["detail"]) == (400, True), answer.text
    assert httpx.get(f"{mock.url}/_mock/accounts").json() == before


def test_a_file_that_is_wrong_is_told_with_its_line(tmp_path: Path):
    """Whether it is no scenario, or one that cannot be played."""
    file = tmp_path / "shop.yaml"
    world = create_app("fileforge", seed=1).world
    for text, says in (
        ("steps:\n  - acount: {provider: fileforge}\n", "shop.yaml:2: steps.0"),
        ("steps:\n  - account: {provider: nobody}\n", "shop.yaml:2: steps.0.account: no such provider here"),
    ):
        file.write_text(text)
        with pytest.raises(ContractError, match=re.escape(says)):
            play_file(world, file)


def test_the_command_begins_with_a_scenario(tmp_path: Path):
    """And prints the keys that it made, once."""
    file = tmp_path / "shop.yaml"
    file.write_text(EXAMPLE)
    command = [sys.executable, "-m", "mockserver", "--port", "0", "--scenario", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = _until_ready(process)
        url, reader = re.search(r"mock on (http://\S+?)\. ", printed), re.search(r"^  reader  (\S+)$", printed, re.M)
        assert url and reader, printed
        answers = [httpx.get(f"{url[1]}/v1/files", headers={"X-API-Key": reader[1]}).status_code for _ in range(2)]
        process.terminate()

    assert answers == [429, 200]


def _until_ready(process: subprocess.Popen[str]) -> str:
    printed = ""
    for line in process.stdout:
        printed += line
        if line.startswith("Control plane"):
            break
    return printed
