"""How a lab spends where requests are dear: at the target's pace, within a budget, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from contract_tests.evidence import Evidence
from contract_tests.outcome import NotVerifiable
from contract_tests.pace import Pacer


@dataclass
class Budget:
    """What may still be sent to one provider, and for how long. `now` is in seconds of any clock that does not go back."""

    requests: float
    until: float
    now: Callable[[], float]

    def spend(self, count: int = 1) -> None:
        """Takes this many requests. Raises NotVerifiable where they are no longer there."""
        self.check(count)
        self.requests -= count

    def check(self, count: int = 1) -> None:
        """Raises NotVerifiable where so many requests would be too many."""
        if self.requests < count:
            raise NotVerifiable(
                f"it needs {count} more of the requests that the run may send, and {self.requests:.0f} are left; "
                "to permit more, write under [permit]: max_requests = …"
            )
        if self.now() >= self.until:
            raise NotVerifiable("the run's time is over; to permit more, write under [permit]: max_time = …")


@dataclass
class Thrift:
    """What the labs of one provider share."""

    pacer: Pacer
    budget: Budget
    evidence: Evidence = field(default_factory=Evidence)
