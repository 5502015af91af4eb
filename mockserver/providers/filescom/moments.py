"""Dates as Files.com writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime

from mockserver.clock import iso
from mockserver.exchange import Exchange


def parse(text: str) -> float:
    """Whole Unix seconds of a date or moment in ISO 8601, UTC where it names no zone. Raises ValueError."""
    moment = datetime.fromisoformat(text.upper()).replace(microsecond=0)
    try:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is out of range") from None
    if moment.year < 1000:
        raise ValueError(f"{text} is out of range")
    return moment.timestamp()


def given(call: Exchange, member: str) -> float | None:
    """The moment that a member of the body names; None where it names none. Refuses what is no moment."""
    text = call.payload.get(member)
    try:
        return None if text is None else parse(text)
    except ValueError as problem:
        call.refuse("datetime_parse", str(problem), field=member)


def told(seconds: float | None) -> str | None:
    """2026-04-01T12:34:56Z; None as it is."""
    return None if seconds is None else iso(seconds)
