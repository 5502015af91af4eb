"""The header Prefer (RFC 7240), by which a client names the answer that it wants to see: `code=429`, `example=rate_limited`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from latchkey.records import Operation
from mockserver.exchange import Exchange, Reply
from mockserver.refusals import unprovoked

_WISH = re.compile(r"\b(code|example)\s*=\s*\"?([\w-]+)")


def preferred(exchange: Exchange) -> Reply | None:
    """An answer that says what could be preferred, where the wish cannot be met; None where nothing is wished for, or a
    success, which is answered as ever. Raises Refused for the refusal that is wished for. Nothing is counted.
    """
    wish = _WISH.search(exchange.headers["prefer"])
    if wish is None or exchange.operation is None:
        return None
    exchange.stages.append("prefer")
    answers = exchange.world.contract.answers[exchange.operation.id]
    name = _refusal(answers, *wish.groups())
    if name:
        raise unprovoked(exchange, name, f"the client asked for it: Prefer: {wish[0]}")
    return None if _succeeds(exchange.operation, *wish.groups()) else Reply(400, _choices(wish[0], answers))


def _refusal(answers: Mapping[str, Mapping[str, object]], kind: str, wanted: str) -> str | None:
    """The first refusal with this status, or the one with this name."""
    names = {status: list(_examples(answer)) for status, answer in answers.items()}
    if kind == "code":
        return next(iter(names.get(wanted, ())), None)
    return wanted if any(wanted in known for known in names.values()) else None


def _examples(answer: Mapping[str, object]) -> Mapping[str, object]:
    content = answer.get("content", {})
    assert isinstance(content, Mapping)
    return {name: value for media in content.values() for name, value in media.get("examples", {}).items()}


def _succeeds(operation: Operation, kind: str, wanted: str) -> bool:
    return kind == "code" and wanted in operation.responses


def _choices(wish: str, answers: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    named = [name for answer in answers.values() for name in _examples(answer)]
    return {"error": f"this operation has no answer for Prefer: {wish}", "code": sorted(answers), "example": named}
