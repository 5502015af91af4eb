"""The GitHub Action is no more than a call of the command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.cli import main

ACTION = Path(__file__).parent.parent / "action.yml"


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return yaml.safe_load(ACTION.read_text("utf-8"))


def test_every_input_is_used_and_every_used_one_declared(action: dict[str, Any]):
    """Inputs reach the command by the environment or a step's settings only, never pasted into a script."""
    used = set(re.findall(r"inputs\.(\w+)", ACTION.read_text("utf-8")))
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]

    assert used == action["inputs"].keys()
    assert [script for script in scripts if "${{" in script] == []


def test_it_names_options_of_the_command(action: dict[str, Any]):
    """Every option that the action passes to `contract-tests run` is one of its options."""
    (call,) = [step["run"] for step in action["runs"]["steps"] if "contract-tests" in step.get("run", "")]
    known = {word for option in main.commands["run"].params for word in option.opts}

    assert set(re.findall(r"--[a-z-]+", call)) <= known
    assert "contract-tests run" in call


def test_report_and_summary_are_kept_after_a_failure(action: dict[str, Any]):
    """The steps after the call run always."""
    steps = action["runs"]["steps"]
    (index,) = [number for number, step in enumerate(steps) if "contract-tests" in step.get("run", "")]

    assert action["runs"]["using"] == "composite"
    assert [step.get("if") for step in steps[index + 1 :]] == ["always()", "always()"]
    assert all("shell" in step for step in steps if "run" in step)
