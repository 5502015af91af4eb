"""Refusals: what a stage raises, and the one place where a refusal becomes an answer."""

from __future__ import annotations

from typing import Any

from latchkey import records
from latchkey.template import fill


class Refused(Exception):
    """A request is refused. `name` is a refusal of the provider's table; `reason` tells the developer why, plainly."""

    def __init__(self, name: str, reason: str, /, **values: Any) -> None:
        super().__init__(reason)
        self.name = name
        self.reason = reason
        self.values = values


def render(refusal: records.Refusal, values: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of a refusal, its templates filled."""
    headers = {name: str(value) for name, value in fill(dict(refusal.headers), values).items()}
    return refusal.status, fill(refusal.body, values), headers
