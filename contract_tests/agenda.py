"""In which order proofs run."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import pytest

from contract_tests.run import Run
from latchkey.rules import Level

#: Themes of proofs that send as much as one lets them, the cheapest first.
_THEMES = {"race": 1, "model": 2, "sweep": 3}
#: Requests that a proof is taken to send that uses up no quota.
FEW = 3


def rule_of(item: pytest.Item) -> str:
    """The id of the rule that a proof shows."""
    ids = [str(mark.args[0]) for mark in item.iter_markers("rule")]
    return next((id for id in ids if "*" not in id), ids[0])


def turn(run: Run, item: pytest.Item) -> tuple[int, ...]:
    """When a proof runs. Where requests are dear: what matters to the gate, what uses up a quota, the rest, what generates."""
    rule = run.rules[rule_of(item)]
    theme = rule.id.split(".")[1]
    if not run.thrift:
        # Last, for the order in which a target gets to the requests of a race is nobody's: what comes after may get other ids.
        return (theme == "race",)
    return _THEMES.get(theme, 0), rule.level < Level.published, need(item), theme != "limit"


def need(item: pytest.Item) -> int:
    """0: a quota that is not used up, 1: one that is, 2: one that comes back."""
    return 2 if item.get_closest_marker("reopens") else int(item.get_closest_marker("spends") is not None)


class Agenda:
    """What is left to run, each provider's in turn: while one provider's limits have to recover, another's proofs run."""

    def __init__(self, run: Run, items: Sequence[pytest.Item]) -> None:
        self._run = run
        self._queues: dict[str, deque[pytest.Item]] = {}
        for item in items:
            self._queues.setdefault(rule_of(item).split(".")[0], deque()).append(item)
        self._current = ""
        self._postponed: set[str] = set()

    def next(self) -> pytest.Item | None:
        """The proof to run now; None where all have run."""
        waiting = {name: queue for name, queue in self._queues.items() if queue}
        if not waiting:
            return None
        if self._current not in waiting or not self._stays(waiting[self._current][0]):
            self._current = max(waiting, key=self._room)
        item = self._taken(waiting[self._current])
        # Once is enough: the second time it takes what is left.
        few = 0 if item.nodeid in self._postponed else sum(map(self._takes_few, waiting[self._current]))
        self._run.thrift[self._current].reserved = FEW * few
        return item

    def postpone(self, item: pytest.Item) -> None:
        """Lets this one, the last that was taken, run again when all have run that matter to the gate and take few requests."""
        queue = self._queues[self._current]
        place = max((number for number, other in enumerate(queue, 1) if self._takes_few(other)), default=0)
        queue.insert(place, item)
        self._postponed.add(item.nodeid)

    def _takes_few(self, item: pytest.Item) -> bool:
        return turn(self._run, item)[:3] == (0, False, 0)

    def _stays(self, item: pytest.Item) -> bool:
        """Whether the provider's next proof can go on at once, or belongs to what has just been used up."""
        return need(item) > 0 or self._room(self._current) > 0

    def _room(self, name: str) -> int:
        return self._run.thrift[name].pacer.room()

    def _taken(self, queue: deque[pytest.Item]) -> pytest.Item:
        """The first, but what uses up a quota as soon as most of it is used up."""
        gate = [item for item in queue if turn(self._run, item)[:2] == (0, False)]
        if gate and need(queue[0]) == 0 and self._run.thrift[self._current].pacer.nearly_spent():
            for item in reversed([item for item in gate if need(item)]):
                queue.remove(item)
                queue.appendleft(item)
        return queue.popleft()
