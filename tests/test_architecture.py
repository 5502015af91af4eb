"""What may import what, and where a provider may be named."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from latchkey import load

ROOT = Path(__file__).parent.parent
PACKAGES = {"latchkey", "mockserver", "contract_tests"}
MAY_IMPORT = {"latchkey": set(), "mockserver": {"latchkey"}, "contract_tests": {"latchkey"}}


def modules(package: str) -> Iterator[Path]:
    return (ROOT / package).rglob("*.py")


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_mock_and_suite_meet_only_in_the_contract(package: str):
    """The mock never imports the suite, nor the reverse; the reader imports neither."""
    allowed = MAY_IMPORT[package] | {package}
    # The sabotages run in the mock's process, where nothing of the suite runs.
    exempt = ROOT / "contract_tests" / "mutants" / "sabotage"
    wrong = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in modules(package)
        if exempt not in file.parents
        for name in imported(file)
        if name in PACKAGES - allowed
    }
    assert wrong == set()


def test_engine_code_names_no_provider():
    """What differs between providers stands in the contract, in handlers, in proofs and in what breaks handlers."""
    names = load().providers
    engine = [
        file
        for package in PACKAGES
        for file in modules(package)
        if not {"providers", "proofs", "sabotage"} & set(file.relative_to(ROOT).parts)
    ]
    wrong = {
        f"{file.relative_to(ROOT)} names {name}"
        for file in engine
        for name in names
        if name in file.read_text().lower()
    }
    assert wrong == set()


def test_no_error_body_is_written_in_handlers():
    """A handler refuses by name; statuses of 400 and above stand in the contract only."""
    wrong = {
        f"{file.name}:{node.lineno}"
        for file in (ROOT / "mockserver" / "providers").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Reply"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value >= 400
    }
    assert wrong == set()


def test_every_operation_has_its_handler_where_its_name_says():
    """operationId is the address of a function in mockserver.providers, one module or package per provider."""
    from mockserver.app import find_handler

    for operation in load().operations:
        assert callable(find_handler(operation))


@pytest.mark.parametrize("command", ["mockserver", "contract_tests"])
def test_help_imports_no_framework(command: str):
    """--help answers without loading connexion, schemathesis, hypothesis or pytest."""
    script = (
        f"import sys; sys.argv = ['x', '--help']\n"
        f"from {command}.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'connexion', 'schemathesis', 'hypothesis', 'pytest', 'uvicorn', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
