"""Calls at the same time: what was asked, what came back, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from contract_tests.answer import Answer
from latchkey.records import Operation


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an operation that is not sent yet."""

    request: httpx.Request
    operation: Operation


@dataclass(frozen=True, slots=True)
class Attempt:
    """One of many calls: its answer, None where the connection broke, and when it left and was answered (seconds)."""

    answer: Answer | None
    left: float
    came: float


@dataclass(frozen=True, slots=True)
class Race:
    """Calls around something that had not begun before `began` and was over at `done` (seconds)."""

    attempts: Sequence[Attempt]
    began: float
    done: float

    @property
    def before(self) -> list[Answer]:
        """Answers that were complete before it began."""
        return [item.answer for item in self.attempts if item.answer and item.came < self.began]

    @property
    def after(self) -> list[Answer]:
        """Answers to calls that left when it was over, so that nothing excuses what they say."""
        return [item.answer for item in self.attempts if item.answer and item.left > self.done]
