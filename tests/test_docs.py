"""What the documentation shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main as benchmarks
from contract_tests.cli import main as contract_tests
from contract_tests.gate import read_waivers
from contract_tests.target import read_target
from latchkey import load
from latchkey.rules import load_rules
from mockserver.cli import main as mockserver

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_target_of_the_docs_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every field that the page shows is known, every variable taken from the environment."""
    (text,) = blocks("docs/targets.md", "toml")
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(name, f"value-of-{name}")
    file = tmp_path / "staging.toml"
    file.write_text(text)
    target = read_target(str(file), load())

    assert target.permit.spend_window
    assert target.endpoints["fileforge"].keys["full"][0].key == "value-of-FORGE_KEY"
    assert target.endpoints["dezerx"].keys["full"][0].presents == {"domain": "shop.example", "product_id": 7}


def test_the_waiver_of_the_docs_is_read(tmp_path: Path):
    """Its rule is one of the catalogue."""
    (text,) = blocks("docs/gate.md", "toml")
    file = tmp_path / "waivers.toml"
    file.write_text(text)

    assert len(read_waivers(file, load_rules(load()))) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_that_a_page_names_exist(page: Path):
    """Every --option in the prose or the code of a page is one of a command's."""
    helps = [
        CliRunner().invoke(command, [*words, "--help"]).output
        for command, words in [
            (mockserver, []),
            (benchmarks, []),
            (contract_tests, []),
            *((contract_tests, [name]) for name in contract_tests.commands),
        ]
    ]
    known = set(re.findall(r"--[a-z][a-z-]+", " ".join(helps))) | {"--target", "--pyargs"}

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text())) <= known


def test_every_option_stands_on_a_page():
    """Whatever a command of the suite takes is named in the documentation, not in its --help alone."""
    pages = "\n".join(page.read_text() for page in [*PAGES, ROOT / "CONTRIBUTING.md"])
    missing = [
        f"{name} {option}"
        for name, command in contract_tests.commands.items()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if not re.search(rf"(?<![\w-]){option}(?![\w-])", pages)
    ]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    """Every relative link names a file that is there."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []
