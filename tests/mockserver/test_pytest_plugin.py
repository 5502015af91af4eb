"""The fixtures that this package gives to the tests of others: the documentation's examples are run as such tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "pytest.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)

#: The fixture that settles how the mock of a whole run is started.
SETTINGS = "latchkey_settings"
FURTHER = """
import httpx
import pytest
from mockserver.tenant import ControlRefused


def test_what_a_test_changed_is_undone(fileflare):
    fileflare.freeze()


@pytest.mark.parametrize("turn", [1, 2])
def test_a_limit_of_addresses_is_fresh_in_every_test(dezerx, turn):
    licence = {**dezerx.headers(), "X-Domain": "acme.example", "X-Product-ID": "1"}
    statuses = [httpx.get(f"{dezerx.base_url}/api/license/verify", headers=licence).status_code for _ in range(60)]

    assert set(statuses) == {200}


def test_accounts_do_not_see_each_other(fileforge, mock):
    key = fileforge.key()
    fileforge.rotate(key)
    calls = [entry for entry in fileforge.requests]

    assert calls == []
    assert httpx.get(f"{mock.base_url}/_mock/clock").json()["frozen"] is False


def test_mistakes_say_what_to_do(dezerx, fileforge):
    with pytest.raises(ControlRefused, match="has no tiers"):
        dezerx.downgrade()
    with pytest.raises(ControlRefused, match="pass one that key"):
        fileforge.revoke("ff_live_of_somebody_else")
    with pytest.raises(ControlRefused, match="no tier"):
        fileforge.downgrade("bronze")
"""


def run(folder: Path, modules: list[str], *options: str) -> str:
    """What pytest prints about these modules in a project of their own. Asserts that it succeeds."""
    for number, text in enumerate(modules):
        (folder / f"test_{number}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_examples_of_the_documentation_pass(tmp_path: Path):
    """On two workers at once, each with a mock of its own."""
    pytest.importorskip("xdist")
    told = run(tmp_path, [*(text for text in EXAMPLES if SETTINGS not in text), FURTHER], "-n", "2", "-W", "error")

    assert "passed" in told and "skipped" not in told


def test_the_mock_can_be_started_otherwise(tmp_path: Path):
    """With the settings that a project's fixture answers."""
    run(tmp_path, [text for text in EXAMPLES if SETTINGS in text])


def test_nothing_is_loaded_for_projects_that_do_not_use_it(tmp_path: Path):
    """A run without these fixtures imports neither the framework nor the contract."""
    heavy = """
    import sys


    def test_nothing():
        assert {"connexion", "uvicorn", "latchkey.contract"} & set(sys.modules) == set()
    """
    run(tmp_path, ["\n".join(line.removeprefix("    ") for line in heavy.splitlines())])
