"""Questions to the journal: which requests were such, and how those that were not differ."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from latchkey.template import differences

#: An entry as the control plane shows it, secrets hidden: nothing that a question tells can reveal one.
Shown = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for; None asks for nothing.

    `key` is a key's name or id; `path` may hold `*`; `status` is a number or a class such as 4xx; `since` is Unix seconds;
    `text` is sought everywhere. `query`, `headers` and `body` are of the request, and need only be part of it.
    """

    provider: str | None = None
    account: str | None = None
    key: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    status: str | None = None
    refusal: str | None = None
    since: float | None = None
    text: str | None = None
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    body: Any = None

    def misses(self, entry: Shown, *, exchange: bool = True) -> list[str]:
        """How the entry is not what is asked for, a sentence each; none where it is. Without its `exchange`, as far as the
        rest of an entry tells.
        """
        return [
            problem
            for name, check in CHECKS.items()
            if exchange or name not in OF_EXCHANGE
            if (wanted := getattr(self, name)) is not None
            for problem in check(entry, name, wanted)
        ]


Check = Callable[[Shown, str, Any], list[str]]


def _same(entry: Shown, name: str, wanted: Any) -> list[str]:
    return [] if entry[name] == wanted else [f"{name}: {entry[name]!r} is not {wanted!r}"]


def _method(entry: Shown, name: str, wanted: str) -> list[str]:
    return _same(entry, name, wanted.upper())


def _key(entry: Shown, name: str, wanted: str) -> list[str]:
    held = (entry["key"], str(entry["key_id"]))
    return [] if entry["key_id"] is not None and wanted in held else [f"key: {entry['key']!r} is not {wanted!r}"]


def _path(entry: Shown, name: str, wanted: str) -> list[str]:
    return [] if fnmatchcase(entry["path"], _literal(wanted)) else [f"path: {entry['path']!r} is not {wanted!r}"]


def _literal(pattern: str) -> str:
    """Only `*` means more than itself."""
    return re.sub(r"[\[?]", lambda hit: f"[{hit[0]}]", pattern)


def _status(entry: Shown, name: str, wanted: str) -> list[str]:
    told = str(entry["status"])
    return [] if re.fullmatch(wanted.lower().replace("x", r"\d"), told) else [f"status: {told} is not {wanted}"]


def _since(entry: Shown, name: str, wanted: float) -> list[str]:
    return [] if entry["at"] >= wanted else [f"at: {entry['at']} is before {wanted}"]


def _text(entry: Shown, name: str, wanted: str) -> list[str]:
    told = json.dumps(entry, ensure_ascii=False).lower()
    # A body is a string in the entry, its quotes escaped there.
    bodies = [str(entry[part]["body"]).lower() for part in ("request", "response")]
    return [] if any(wanted.lower() in place for place in (told, *bodies)) else [f"text: {wanted!r} is nowhere in it"]


def _query(entry: Shown, name: str, wanted: Mapping[str, str]) -> list[str]:
    return _members("query", dict(parse_qsl(entry["request"]["query"], keep_blank_values=True)), wanted)


def _headers(entry: Shown, name: str, wanted: Mapping[str, str]) -> list[str]:
    told = entry["request"]["headers"]
    # The journal has names in lower case; what is told keeps the asker's letters.
    return _members("header", {key: told[key.lower()] for key in wanted if key.lower() in told}, wanted)


def _members(what: str, told: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [
        f"{what} {name}: {told[name]!r} is not {value!r}" if name in told else f"{what} {name}: is missing"
        for name, value in wanted.items()
        if told.get(name) != value
    ]


def _body(entry: Shown, name: str, wanted: Any) -> list[str]:
    text = entry["request"]["body"] or ""
    try:
        return differences(wanted, json.loads(text))
    except ValueError:
        return [] if wanted == text else ["body: is no JSON" if text else "body: is missing"]


CHECKS: Mapping[str, Check] = {
    "provider": _same,
    "account": _same,
    "key": _key,
    "operation": _same,
    "method": _method,
    "path": _path,
    "status": _status,
    "refusal": _same,
    "since": _since,
    "query": _query,
    "headers": _headers,
    "body": _body,
    "text": _text,
}
#: What is asked of the exchange itself.
OF_EXCHANGE = frozenset({"query", "headers", "body", "text"})
