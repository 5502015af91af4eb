"""How the pages write times, sizes, statuses and names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def moment(seconds: float | None) -> str:
    """Date and time to the second, in UTC; a dash for None."""
    return "–" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def clock(seconds: float) -> str:
    """The time of day with milliseconds."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S.%f}"[:-3]


def span(seconds: float) -> str:
    """A duration in its largest whole unit: 43 s, 12 min, 24 h, 30 d."""
    size = abs(seconds)
    for unit, length in _UNITS:
        if size >= (2 * length if unit == "d" else length):
            return f"{size // length:.0f} {unit}"
    return "0 s"


def ago(then: float | None, now: float) -> str:
    """How long ago, or how far ahead, a moment lies."""
    if then is None:
        return "never"
    if abs(now - then) < 2:
        return "just now"
    return f"{span(now - then)} ago" if then < now else f"in {span(then - now)}"


def size(bytes: int) -> str:
    """Bytes in decimal units."""
    for unit, length in (("MB", 1_000_000), ("kB", 1000)):
        if bytes >= length:
            return f"{bytes / length:.1f} {unit}"
    return f"{bytes} B"


def phrase(status: int) -> str:
    """The reason phrase of a status, empty for one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def label(name: str) -> str:
    """A name of the contract as words: `users_can_create_api_keys` as `Users can create api keys`."""
    text = name.replace("_", " ").replace("api ", "API ")
    return text[:1].upper() + text[1:]


def pretty(text: str) -> str:
    """JSON with line breaks; other text, or JSON that was cut off, as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def user(row: Mapping[str, Any]) -> str:
    """What a user is called: by name, or login, or number."""
    return str(row.get("name") or row.get("username") or f"User {row['id']}")


FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "clock": clock,
    "span": span,
    "ago": ago,
    "size": size,
    "phrase": phrase,
    "label": label,
    "pretty": pretty,
    "user": user,
}
