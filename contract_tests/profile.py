"""How much a run generates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How often a model starts anew, and how many steps it then takes at most."""

    examples: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`sweep`: generated requests for each operation, valid ones and as many invalid ones. A step of a limiter's model
    costs up to a quota of requests, so it has an effort of its own.
    """

    sweep: int
    models: Effort
    limiters: Effort


PROFILES: Mapping[str, Profile] = {
    "gate": Profile(sweep=10, models=Effort(examples=5, steps=12), limiters=Effort(examples=3, steps=10)),
    "deep": Profile(sweep=100, models=Effort(examples=60, steps=30), limiters=Effort(examples=30, steps=15)),
}
GATE = "gate"
