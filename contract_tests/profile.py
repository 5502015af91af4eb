"""How much a run generates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`sweep`: generated requests for each operation, valid ones and as many invalid ones. `examples` of each model,
    each of at most `steps`; those of a limiter cost up to a whole quota a step, so they have a number of their own.
    """

    sweep: int
    examples: int
    steps: int
    limiter_examples: int


PROFILES: Mapping[str, Profile] = {
    "gate": Profile(sweep=10, examples=20, steps=10, limiter_examples=4),
    "deep": Profile(sweep=100, examples=300, steps=25, limiter_examples=60),
}
GATE = "gate"
