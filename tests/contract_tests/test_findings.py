"""A finding as a person reads it in a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from contract_tests.outcome import Outcome, Result
from contract_tests.report.terminal import print_report
from contract_tests.verdict import Verdict
from latchkey import load
from latchkey.rules import load_rules


def test_a_narrow_terminal_cuts_no_curl_line():
    """A line that is there to be pasted is printed whole, however narrow the terminal."""
    contract, line, out = load(), f"curl -i http://127.0.0.1/{'a' * 200}", io.StringIO()
    rules = load_rules(contract)
    result = Result("fileflare.orders.list", Outcome.VIOLATED, 1, expected="x", actual="y", curl=(line,))
    print_report(Console(file=out, width=40), contract, rules, Verdict.of(rules, [result]), "")

    assert f"    {line}\n" in out.getvalue()
