"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from contract_tests.outcome import Outcome
from latchkey.rules import Level

_OUTCOMES = [outcome.value for outcome in Outcome]
_QUIET = {Outcome.VERIFIED.value, Outcome.NOT_VERIFIABLE.value}
_REMEDY = re.compile(r"(?P<why>.*?); to [^;]*write under (?P<table>\[.+?\]): (?P<line>.+)", re.DOTALL)


def as_page(report: Mapping[str, Any]) -> str:
    """The JSON report as HTML. Whatever came from the target is escaped."""
    environment = Environment(
        loader=PackageLoader("contract_tests", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rules = sorted(report["rules"], key=lambda rule: _OUTCOMES.index(rule["outcome"]))
    levels = [level.name for level in sorted(Level, reverse=True)]
    return environment.get_template("page.html.j2").render(
        {
            **report,
            "configuration": list(_flat(report["configuration"])),
            "program": version("latchkey"),
            "findings": [rule for rule in rules if rule["outcome"] not in _QUIET],
            "unverified": _unverified(rules),
            "levels": levels,
            "outcomes": _OUTCOMES,
            "by_level": [(level, [_count(rules, outcome, level) for outcome in _OUTCOMES]) for level in levels],
            "providers": [_provider(name, rules, report["coverage"]) for name in _providers(report["rules"])],
        }
    )


def _providers(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(rule["provider"] for rule in rules))


def _count(rules: Sequence[Mapping[str, Any]], outcome: str, level: str | None = None) -> int:
    return sum(rule["outcome"] == outcome and level in {None, rule["level"]} for rule in rules)


def _provider(
    name: str, rules: Sequence[Mapping[str, Any]], coverage: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    mine = [rule for rule in rules if rule["provider"] == name]
    operations = [operation for operation in coverage if operation["provider"] == name]
    statuses = sorted({status for one in operations for status in (*one["described"], *one["seen"])})
    return {
        "name": name,
        "rules": mine,
        "requests": sum(rule["requests"] for rule in mine),
        "counts": [(outcome, number) for outcome in _OUTCOMES if (number := _count(mine, outcome))],
        "operations": [{**one, "cells": [_cell(one, status) for status in statuses]} for one in operations],
        "statuses": statuses,
        "described": sum(len(one["described"]) for one in operations),
        "seen": sum(_times(one["seen"], status) > 0 for one in operations for status in one["described"]),
    }


def _times(seen: Mapping[str, int], described: str) -> int:
    """How often an answer came that this status, or this class of statuses (2XX), describes."""
    return sum(number for status, number in seen.items() if described in {status, f"{status[0]}XX", "default"})


def _cell(operation: Mapping[str, Any], status: str) -> tuple[str, str]:
    """How an operation's cell looks, and what stands in it. A class of statuses has one only where none of it came."""
    seen, described = operation["seen"], operation["described"]
    if number := seen.get(status):
        told = {status, f"{status[0]}XX", "default"} & set(described)
        return ("seen" if told else "odd"), str(number)
    return ("unseen", "0") if status in described and not _times(seen, status) else ("none", "·")


def _unverified(rules: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Each reason, apart from the line of the target file that would change it, with its rules."""
    ids: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        if rule["outcome"] == Outcome.NOT_VERIFIABLE.value:
            ids[rule["reason"] or ""].append(rule["id"])
    return [(_told(reason), mine) for reason, mine in sorted(ids.items(), key=lambda item: -len(item[1]))]


def _told(reason: str) -> Mapping[str, Any]:
    remedy = _REMEDY.fullmatch(reason)
    return remedy.groupdict() if remedy else {"why": reason, "table": None, "line": None}


def _flat(value: Any, name: str = "") -> Any:
    """Name and value of each setting, nested names joined by dots."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    else:
        yield name, ", ".join(map(_word, value)) or "none" if isinstance(value, list | Mapping) else _word(value)


def _word(value: Any) -> str:
    return "without limit" if value is None else "yes" if value is True else "no" if value is False else str(value)
