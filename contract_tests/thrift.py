"""How a lab spends where requests are dear: at the target's pace, within a budget, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract_tests.evidence import Evidence
from contract_tests.outcome import NotVerifiable
from contract_tests.pace import Pacer

if TYPE_CHECKING:
    from contract_tests.leavings import Leavings
    from contract_tests.tidy import Removal


@dataclass
class Budget:
    """How many requests may be sent to one provider, and until when. `now` is in seconds of any clock."""

    requests: int
    until: float
    now: Callable[[], float]
    sent: int = 0
    kept: int = 0  #: Requests set aside for removing what was made.
    closing: bool = False  #: Now they are used for that, whatever time it is.

    @property
    def left(self) -> int:
        return self.requests - self.sent - (0 if self.closing else self.kept)

    def spend(self, count: int = 1) -> None:
        """Takes this many requests. Raises NotVerifiable where they are no longer there."""
        self.check(count)
        self.sent += count

    def check(self, count: int = 1) -> None:
        """Raises NotVerifiable where so many requests would be too many."""
        if self.left < count:
            raise NotVerifiable(
                f"it needs more than the {self.requests} requests that the run may send to the provider; "
                f"to permit more, write under [permit]: max_requests = {2 * self.requests}"
            )
        if self.now() >= self.until and not self.closing:
            raise NotVerifiable("the run's time is over; to permit more, write under [permit]: max_time = …")


@dataclass
class Thrift:
    """What the labs of one provider share."""

    pacer: Pacer
    budget: Budget
    evidence: Evidence = field(default_factory=Evidence)
    leavings: Leavings | None = (
        None  #: What is to be removed; None where accounts go as a whole, with all that is in them.
    )
    removals: list[Removal] = field(default_factory=list)  #: What became of it.
    unasked: int = 0  #: Refusals with 429 that no proof provoked.
    reserved: int = (
        0  #: Requests that proofs still to come are going to send, of those that matter to the gate and take few.
    )
    waited: float = 0.0  #: Seconds that proofs of the provider waited, for limits and for what they show.
