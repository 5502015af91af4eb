"""What pytest learns of this package in any project: the option --target, which brings in the rest."""

from __future__ import annotations

import pytest

from contract_tests.profile import GATE, PROFILES


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract-tests", "contract tests of file-delivery APIs")
    group.addoption("--target", help="URL or TOML file of the implementation under test")
    group.addoption("--target-provider", action="append", default=[], metavar="NAME", help="only this provider")
    group.addoption("--target-rule", action="append", default=[], metavar="PATTERN", help="only rules that match")
    group.addoption(
        "--target-level",
        default="published",
        choices=["assumed", "standard", "published", "documented"],
        help="weakest level of a rule whose violation fails",
    )
    group.addoption("--target-profile", default=GATE, choices=list(PROFILES), help="how much is generated")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rule(id): the rule of the catalogue that a proof shows")
    config.addinivalue_line("markers", "spends: a proof that finds a quota used up")
    config.addinivalue_line("markers", "reopens: a proof that waits for a quota to come back")
    if config.getoption("--target"):
        config.pluginmanager.import_plugin("contract_tests.plugin")
