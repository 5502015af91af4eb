"""Every form of the report in one folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from contract_tests.report.forms import Forms
from contract_tests.report.har import as_har
from contract_tests.report.page import as_page
from contract_tests.trail import Sent, exchanges
from contract_tests.verdict import Verdict


def write_folder(folder: Path, forms: Forms, sent: Iterable[tuple[str, Sent]]) -> None:
    """Writes report.html, report.json, junit.xml, summary.md and exchanges.har; makes the folder where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(as_page(forms.data), "utf-8")
    (folder / "report.json").write_text(as_text(forms.data), "utf-8")
    (folder / "junit.xml").write_bytes(forms.junit)
    (folder / "summary.md").write_text(forms.summary, "utf-8")
    (folder / "exchanges.har").write_text(as_text(as_har(sent, forms.redact)), "utf-8")


def as_text(data: Mapping[str, Any]) -> str:
    """JSON as it is written to files. A lone surrogate, which no file can hold, is escaped."""
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def sent_for(verdict: Verdict) -> list[tuple[str, Sent]]:
    """The exchanges of the findings, each with its rule."""
    return [(result.rule, sent) for result in verdict.results.values() for sent in exchanges(result.steps)]
