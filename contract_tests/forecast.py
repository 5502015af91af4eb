"""How long a run will go on, by what it has taken so far and what the target's limits let pass."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from contract_tests.run import Run
from contract_tests.target import as_there

#: Requests that a proof is taken to send before any of the provider's has run.
A_PROOF = 4.0
#: Before so many proofs nothing is foretold.
FEW = 10


@dataclass(slots=True)
class Course:
    """How many proofs each provider has, and how many of them have run."""

    total: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    @property
    def over(self) -> int:
        return self.done.total()

    def seconds_left(self, run: Run, elapsed: float) -> float | None:
        """Seconds until the last proof has run, those spent waiting included; None where it is too early to say."""
        if self.over < FEW:
            return None
        if not run.thrift:
            return elapsed / self.over * (self.total.total() - self.over)
        needed = {name: self._requests(run, name) for name in run.thrift}
        waited = sum(thrift.waited for thrift in run.thrift.values())
        each = max(0.0, elapsed - waited) / max(1, run.client.total)
        # While one provider's window has to pass, another's proofs run.
        return max(_waits(run, name, needed[name]) for name in needed) + each * sum(needed.values())

    def _requests(self, run: Run, name: str) -> float:
        """How many requests the provider's proofs are going to send."""
        budget, done = run.thrift[name].budget, self.done[name]
        each = budget.sent / done if done else A_PROOF
        return min(each * (self.total[name] - done), max(0, budget.left)) + budget.kept


def _waits(run: Run, name: str, requests: float) -> float:
    """Seconds that so many requests have to wait for the provider's limit, spread over its keys."""
    provider = as_there(run.contract.providers[name], run.target.endpoints[name])
    limits = [provider.limits[limit] for limit in provider.default_limits]
    keys = max(1, len(run.target.endpoints[name].keys.get("full", ())))
    room = window[0] if (window := run.thrift[name].pacer.window()) else math.inf
    waits = (
        math.ceil(max(0.0, requests - min(room, limit.quota)) / (limit.quota * keys)) * limit.window for limit in limits
    )
    return max(waits, default=0.0)


def budgets(run: Run) -> list[str]:
    """What is left to each provider that has a budget: requests, and units of its window."""
    told = []
    for name, thrift in run.thrift.items():
        window = thrift.pacer.window()
        units = f", {window[0]} of {window[1]} in its window" if window else ""
        told.append(f"{run.contract.providers[name].title} {max(0, thrift.budget.left)} requests left{units}")
    return told


def lasting(seconds: float) -> str:
    """A length of time: 40 s, 6 min."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
