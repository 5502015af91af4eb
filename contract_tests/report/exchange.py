"""Exchanges as data that can be shown to anybody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contract_tests.curl import Redact, readable
from contract_tests.redaction import HIDDEN
from contract_tests.trail import Reply, Sent

#: How much of a body is shown, in characters.
SHOWN = 20_000
#: Headers that carry nothing but secrets. A scheme before the secret stays.
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})


def as_record(sent: Sent, redact: Redact) -> dict[str, Any]:
    """The exchange as JSON data, secrets replaced. A body that is no text is told by its size only."""
    request = sent.request
    return {
        "at": sent.at.isoformat(timespec="milliseconds"),
        "milliseconds": round(sent.took * 1000, 1),
        "method": request.method,
        "url": redact(str(request.url)),
        "request_headers": headers(request.headers.multi_items(), redact),
        "request_body": body(request.content, redact),
        "response": sent.reply and _response(sent.reply, redact),
    }


def _response(reply: Reply, redact: Redact) -> dict[str, Any]:
    return {
        "status": reply.status,
        "reason": redact(reply.reason),
        "version": reply.version,
        "headers": headers(reply.headers, redact),
        "body": body(reply.content, redact),
        "bytes": reply.size,
    }


def headers(pairs: Iterable[tuple[str, str]], redact: Redact) -> list[list[str]]:
    """Name and value of each header."""
    return [[name, _value(name, redact(value))] for name, value in pairs]


def _value(name: str, value: str) -> str:
    if name.lower() not in _SECRET or "$" in value:
        return value
    scheme, _, rest = value.partition(" ")
    return f"{scheme} {HIDDEN}" if rest else HIDDEN


def body(content: bytes, redact: Redact) -> str:
    """The body as text, cut where it is long."""
    text = readable(content)
    if text is None:
        return f"({len(content)} bytes that are no text)"
    hidden = redact(text)
    return hidden if len(hidden) <= SHOWN else f"{hidden[:SHOWN]} … ({len(hidden) - SHOWN} more characters)"
