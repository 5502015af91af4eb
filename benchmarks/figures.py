"""What a measurement came to, and what it had to come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    value: float
    goal: float
    bound: Literal["at least", "at most"]
    more: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.bound == "at least" else self.value <= self.goal
