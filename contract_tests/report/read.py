"""Reads JSON reports back."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs

from contract_tests.report.machine import VERSION


class ReportError(Exception):
    """A file is no report that can be read: the message says which and why."""


@cache
def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report, which travels with the package."""
    text = (files("contract_tests.report") / "report.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def read_report(file: Path) -> dict[str, Any]:
    """The report in this file. Raises ReportError."""
    try:
        report = json.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as problem:
        raise ReportError(f"{file}: {problem}") from None
    if not isinstance(report, dict) or "rules" not in report or "version" not in report:
        raise ReportError(f"{file} is no report; write one with contract-tests run TARGET --report DIR")
    if report["version"] != VERSION:
        raise ReportError(f"{file} has version {report['version']} of the report, this program reads {VERSION}")
    for error in jsonschema_rs.Draft202012Validator(report_schema()).iter_errors(report):
        raise ReportError(f"{file}: {'.'.join(map(str, error.instance_path)) or 'file'}: {error.message}")
    return report
