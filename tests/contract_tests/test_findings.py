"""A finding as a person reads it in a terminal."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from contract_tests.outcome import Outcome, Result
from contract_tests.report.terminal import print_report
from contract_tests.verdict import Verdict
from latchkey import load
from latchkey.rules import load_rules
from mockserver import create_app
from tests.conftest import Served
from tests.contract_tests.test_run import contract_tests

PAGE = (Path(__file__).parents[2] / "docs" / "findings.md").read_text("utf-8")
OVERLAYS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
FINDINGS = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)


def test_a_narrow_terminal_cuts_no_curl_line():
    """A line that is there to be pasted is printed whole, however narrow the terminal."""
    contract, line, out = load(), f"curl -i http://127.0.0.1/{'a' * 200}", io.StringIO()
    rules = load_rules(contract)
    result = Result("fileflare.orders.list", Outcome.VIOLATED, 1, expected="x", actual="y", curl=(line,))
    print_report(Console(file=out, width=40), contract, rules, Verdict.of(rules, [result]), "")

    assert f"    {line}\n" in out.getvalue()


@pytest.fixture(params=[0, 1], ids=["the limit is 61", "a token works twice"])
def shown(request: pytest.FixtureRequest, tmp_path: Path, serving: Callable[[Any], Served]) -> tuple[Served, str]:
    """A finding of the page, and a fresh mock that is broken in the way that the page says."""
    file = tmp_path / "edit.yaml"
    file.write_text(OVERLAYS[request.param])
    return serving(create_app("dezerx", overlays=[file], seed=1)), FINDINGS[request.param]


def test_the_page_shows_findings_as_they_are_printed(shown: tuple[Served, str]):
    """Made anew, a finding reads as the page has it, but for the port."""
    mock, finding = shown
    rule = finding.split()[2]
    done = contract_tests("run", mock.url, "--provider", "dezerx", "--rule", rule)

    assert done.returncode == 1
    assert finding in done.stdout.replace(mock.url, "http://127.0.0.1:8080")


def test_the_lines_of_the_page_can_be_pasted(shown: tuple[Served, str]):
    """With the variables exported, a shell shows what the finding says: the 61st call passes, the second download too."""
    mock, finding = shown
    environment = {**os.environ, "DEZERX_FULL_KEY": mock.key("dezerx")}
    statuses = []
    for line in re.findall(r"^    (\S.*)$", finding, re.M):
        command = line.replace("http://127.0.0.1:8080", mock.url)
        done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, check=True)
        told = done.stdout.decode("latin-1")
        statuses.append(re.findall(r"HTTP/1\.1 (\d+) ", told))
        url = re.search(r'"download_url":("[^"]+")', told)
        if url:
            environment["DOWNLOAD_TOKEN"] = json.loads(url[1]).rpartition("/")[2]

    assert statuses in ([["200"] * 61], [["200"], ["200", "200"]])


def test_the_terminal_says_on_how_much_a_rule_was_shown():
    """Beside the rule stands on how much of it it was tried."""
    contract = load()
    rules = load_rules(contract)
    result = Result("fileflare.auth.key-required", Outcome.VERIFIED, 4, shown=("4 of 16 operations",))
    out = io.StringIO()

    print_report(Console(file=out, width=40), contract, rules, Verdict.of(rules, [result]), "")

    assert "(shown on 4 of 16 operations)" in out.getvalue()
