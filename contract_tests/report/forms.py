"""The forms of one report, each made when it is first asked for: most runs want none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contract_tests.curl import Redact
from contract_tests.gate import Decision
from contract_tests.report.machine import as_json, as_junit
from contract_tests.report.summary import as_markdown
from contract_tests.verdict import Verdict
from latchkey.rules import Rule


@dataclass(frozen=True)  # without slots: what was made is kept
class Forms:
    """What is told of a run; `line` is its end in a sentence."""

    rules: Mapping[str, Rule]
    verdict: Verdict
    decision: Decision
    facts: Mapping[str, Any]
    redact: Redact
    line: str

    @cached_property
    def data(self) -> dict[str, Any]:
        return as_json(self.rules, self.verdict, self.decision, self.facts, self.redact)

    @cached_property
    def junit(self) -> bytes:
        return as_junit(self.rules, self.verdict)

    @cached_property
    def summary(self) -> str:
        return as_markdown(self.rules, self.verdict, self.decision, str(self.facts["target"]), self.line)
