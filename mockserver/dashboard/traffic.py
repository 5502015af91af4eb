"""The traffic page: the last requests, filtered, and one of them whole with the checks it passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from latchkey.records import Provider
from latchkey.rules import Rule
from mockserver.curl import curl
from mockserver.journal import Entry
from mockserver.redact import Redactor
from mockserver.world import World

#: Requests on the page.
SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A stage of a request's way: passed, refused (here it ended) or unreached."""

    name: str
    state: str


def traffic(world: World, rules: Mapping[str, Rule], query: Mapping[str, str]) -> dict[str, Any]:
    entries = list(islice((entry for entry in reversed(list(world.journal)) if _matches(entry, query)), SHOWN))
    opened = world.journal.find(query.get("open", ""))
    return {
        "entries": entries,
        "total": len(world.journal),
        "keys": sorted({entry.key for entry in world.journal if entry.key}),
        "filter": {name: query.get(name, "") for name in ("provider", "key", "status", "text")},
        "opened": _opened(world, rules, opened) if opened else None,
    }


def _matches(entry: Entry, query: Mapping[str, str]) -> bool:
    text = query.get("text", "").lower()
    said = (
        entry.method,
        entry.path,
        entry.operation,
        entry.key,
        entry.refusal,
        entry.rule,
        entry.reason,
        entry.fault,
        entry.client,
    )
    return (
        query.get("provider", "") in {"", entry.provider}
        and query.get("key", "") in {"", entry.key}
        and str(entry.status).startswith(query.get("status", "")[:1])
        and text in " ".join(filter(None, said)).lower()
    )


def _opened(world: World, rules: Mapping[str, Rule], entry: Entry) -> dict[str, Any]:
    provider = world.contract.providers.get(entry.provider or "")
    return {
        "entry": entry,
        "shown": Redactor(provider).show(entry),
        "operation": world.contract.operations.get(entry.operation or ""),
        "checks": list(_checks(entry, provider)),
        "rule": rules.get(entry.rule or ""),
        "curl": curl(entry, provider),
    }


def _checks(entry: Entry, provider: Provider | None) -> Iterator[Check]:
    """The stages it came to, in order, then those it did not come to."""
    for stage in entry.stages[:-1]:
        yield Check(name=stage, state="passed")
    for stage in entry.stages[-1:]:
        yield Check(name=stage, state="refused" if entry.refusal else "passed")
    for stage in (*provider.order, "handler") if provider else ():
        if stage not in entry.stages:
            yield Check(name=stage, state="unreached")
