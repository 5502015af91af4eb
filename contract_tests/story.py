"""What a sequence of calls was answered, of which each of several rules judges its own part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Violation

#: Calls in their order, each told by a name with its answer. What the next ones build on is `given`.
Steps = Iterator[tuple[str, Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The answers by the names of their steps, as far as one could build on the other; `why` it went no further. `about` is
    the name of what was made.
    """

    about: str
    answers: Mapping[str, Answer]
    why: str

    def __getitem__(self, step: str) -> Answer:
        """What this step was answered, to be judged. Raises NotVerifiable where it did not come to that."""
        if step not in self.answers:
            raise NotVerifiable(self.why)
        return self.answers[step]


def told(lab: Lab, name: str, tell: Callable[[], Steps], *, about: str = "") -> Story:
    """The story of this name: told once for the proof or, where requests are dear, for all proofs of the provider. One that a
    lost request ended is told anew, about something else.
    """
    return lab.once(name, lambda: _told(tell, about))


def answered(lab: Lab, name: str, call: Callable[[], Answer]) -> Answer:
    """What one call was answered, made as often as a story is told."""

    def tell() -> Steps:
        yield name, call()

    return told(lab, name, tell)[name]


def _told(tell: Callable[[], Steps], about: str) -> Story:
    """No rule is blamed for where it ended: who judges a step before may have seen why."""
    answers: dict[str, Answer] = {}
    why = "nothing more was tried"
    try:
        answers.update(tell())
    except NotVerifiable as problem:
        why = str(problem)
    except Violation as problem:
        why = f"a step before it failed: {problem}"
    return Story(about=about, answers=answers, why=why)
