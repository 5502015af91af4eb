"""What an exploration tries when: all that there is to choose, equally often and in random order, so that few steps show much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

#: How far a step may stray from its stage: far enough that now and then a later one is taken first.
STRAY = 1.5


@dataclass(frozen=True, slots=True)
class Plan:
    """Repeatable from its seed."""

    seed: str

    def turn(self, what: str, time: int, options: int) -> int:
        """Which of so many options to choose the `time`-th time: each of them once before any comes again."""
        around, place = divmod(time, options)
        return self._random(what, around).sample(range(options), options)[place]

    def step(self, stages: Mapping[str, tuple[int, float]], number: int) -> tuple[str, int]:
        """The name of the step of this number, and how often it was planned before.

        In each round every step is taken as often as it is weighted and, roughly, in the order of the stages.
        """
        names = [name for name, (times, _) in stages.items() for _ in range(times)]
        around, place = divmod(number, len(names))
        random = self._random("steps", around)
        names.sort(key=lambda name: stages[name][1] + random.uniform(0, STRAY))
        name = names[place]
        return name, around * stages[name][0] + names[:place].count(name)

    def _random(self, what: str, around: int) -> Random:
        return Random(f"{self.seed} {what} {around}")  # noqa: S311 - no secret
