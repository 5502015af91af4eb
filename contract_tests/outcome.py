"""What a proof can come to, and the two ways it ends early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contract_tests.trail import Step


class Outcome(Enum):
    """Of a rule on a target, the gravest first. WARNED and NOTED are violations of rules below the gate's level."""

    VIOLATED = "violated"
    ERROR = "error"
    WARNED = "warned"
    NOTED = "noted"
    NOT_VERIFIABLE = "not verifiable"
    VERIFIED = "verified"


class Violation(AssertionError):
    """The target does not keep the rule: what was expected, what came instead.

    `about` is the part of the last answer that says so: `status`, `header NAME`, or None for any.
    """

    def __init__(self, expected: str, actual: str, about: str | None = None) -> None:
        super().__init__(f"expected {expected}; got {actual}")
        self.expected = expected
        self.actual = actual
        self.about = about


class NotReached(Exception):
    """The run ended, for this proof's target, before it came to the proof: why."""


class NotVerifiable(Exception):
    """This target cannot show whether the rule is kept: why, and what would change that."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one proof of a rule came to. `curl` is the request sequence, secrets replaced; `steps` is the same with its
    answers, nothing replaced, for findings only. `shown` is how much of the rule was tried, where that was not all; `reached`
    is False where the run ended before.
    """

    rule: str
    outcome: Outcome
    requests: int
    expected: str | None = None
    actual: str | None = None
    reason: str | None = None
    curl: Sequence[str] = ()
    steps: Sequence[Step] = field(default=(), repr=False)
    about: str | None = None
    reached: bool = True
    shown: Sequence[str] = ()


class Postponed(NotVerifiable):
    """The proof takes so many requests that what takes few is to run before it."""


def check(kept: bool, expected: str, actual: Any, about: str | None = None) -> None:
    """Raises Violation unless `kept`."""
    if not kept:
        raise Violation(expected, str(actual), about)
