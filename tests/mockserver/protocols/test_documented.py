"""docs/protocols.md shows what is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from latchkey import load

PAGE = (Path(__file__).parents[3] / "docs" / "protocols.md").read_text()


def test_the_example_for_tests_is_one(tmp_path: Path):
    """It passes in a project of its own."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "test_example.py").write_text(example)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_refusal_of_a_sign_in_stands_in_the_table():
    """By the name that the journal tells."""
    for provider in load().providers.values():
        if provider.protocols:
            assert {name for name in provider.protocols.refusals.values() if f"`{name}`" not in PAGE} == set()
