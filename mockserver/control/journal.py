"""The journal: the last requests with what came in, what went out and why; each can be sent again."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from connexion.exceptions import ProblemException

from mockserver.control.app import current_world, data_plane
from mockserver.journal import Entry, Transcript
from mockserver.query import Query
from mockserver.redact import Redactor
from mockserver.replay import Incomplete, replay
from mockserver.world import World

_TOLD = tuple(field.name for field in fields(Entry) if field.name != "transcript")


def summary(entry: Entry) -> dict[str, Any]:
    """The entry without its exchange."""
    return {name: getattr(entry, name) for name in _TOLD}


def view(world: World, entry: Entry) -> dict[str, Any]:
    """The entry with the exchange, secrets hidden."""
    shown = Redactor(world.contract.providers.get(entry.provider or "")).show(entry)
    was: Transcript = entry.transcript
    request = {"query": shown.query, "headers": dict(shown.headers), "body": shown.body, "size": was.size}
    response = {"headers": dict(shown.answer_headers), "body": shown.answer, "size": was.answer_size}
    return {**summary(entry), "path": shown.path, "request": request, "response": response}


async def index(limit: int = 100, **asked: Any) -> list[dict[str, Any]]:
    world, query = current_world(), Query(**asked)
    found: list[dict[str, Any]] = []
    # From the newest back, so that no more are shown than are asked for.
    for entry in reversed(world.journal):
        if len(found) == limit:
            break
        # The exchange takes long to show; mostly the rest tells that it is not meant.
        if query.misses(summary(entry), exchange=False):
            continue
        shown = view(world, entry)
        if not query.misses(shown):
            found.append(shown)
    return found[::-1]


async def clear() -> tuple[None, int]:
    current_world().journal.clear()
    return None, 204


async def show(entry: str) -> dict[str, Any]:
    return view(current_world(), _find(entry))


async def repeat(entry: str) -> tuple[dict[str, Any], int]:
    try:
        await replay(_find(entry), data_plane())
    except Incomplete as problem:
        raise ProblemException(status=409, title="Conflict", detail=str(problem)) from None
    world = current_world()
    return view(world, list(world.journal)[-1]), 201


def _find(id: str) -> Entry:
    found = current_world().journal.find(id)
    if found is None:
        raise ProblemException(status=404, title="Not Found", detail=f"the journal has no entry {id!r} any more")
    return found
