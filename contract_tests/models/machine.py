"""What the models share: steps in random order, each example on an account of its own, the shortest one that shows a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar
from unittest import SkipTest

from hypothesis import Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from contract_tests import trail
from contract_tests.lab import Lab
from contract_tests.models.plan import Plan
from contract_tests.outcome import NotVerifiable, Violation
from contract_tests.profile import Effort
from contract_tests.repeatable import SETTINGS, repeatable
from contract_tests.run import Run


class Stop(SkipTest):
    """Ends an exploration at once, unshrunk: hypothesis passes this exception on as it is."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(slots=True)
class Exploration:
    """What the examples of one model share: what to try when, in how many steps each; which steps this target cannot take,
    the last violation with its steps, and the target's time where it stands still while the target answers.
    """

    run: Run
    provider: str
    plan: Plan
    steps: int
    #: How many examples there were before this one.
    example: int = 0
    left_out: dict[str, NotVerifiable] = field(default_factory=dict)
    #: The shortest that was seen.
    seen: tuple[Violation, list[trail.Step]] | None = None
    #: Examples, and requests of the run, by then; and examples by now.
    seen_at: tuple[int, int] = (0, 0)
    tries: int = 0
    clock_stands: bool | None = None
    #: The target's time when nothing had been let pass yet.
    since: float = 0

    def sees(self, violation: Violation, steps: list[trail.Step]) -> None:
        if self.seen is None or len(steps) < len(self.seen[1]):
            self.seen, self.seen_at = (violation, steps), (self.tries, self.run.client.total)

    @property
    def patience_is_over(self) -> bool:
        examples, requests = self.tries - self.seen_at[0], self.run.client.total - self.seen_at[1]
        return self.seen is not None and (examples > PATIENCE[0] or requests > PATIENCE[1])


Step = Callable[..., None]
Option = TypeVar("Option")
#: One choice in so many is left to hypothesis, the others are those whose turn it is.
PLANNED = 60
SKIPPED = ""
#: So many examples, or requests, that show nothing shorter end the search for the shortest.
PATIENCE = 100, 1500


def step(*, times: int = 1, stage: float = 0) -> Callable[[Step], Step]:
    """Marks a method as a step of its model, to be taken as often, and not before most of those of lower stages."""

    def mark(function: Step) -> Step:
        function.stage = times, stage  # type: ignore[attr-defined]
        return function

    return mark


class Model(RuleBasedStateMachine):
    """The model of one example. What the steps find out about the target stands in a subclass."""

    #: How often each step is taken in a round, and its stage.
    steps: Mapping[str, tuple[int, float]] = {}
    #: Steps without which nothing is tried: where the target cannot take one, the rule is not verifiable.
    vital: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.steps = {**cls.steps, **{name: own.stage for name, own in vars(cls).items() if hasattr(own, "stage")}}

    def __init__(self, exploration: Exploration, promised: Any) -> None:
        super().__init__()
        self.exploration = exploration
        self.promised = promised
        self._next = exploration.example * exploration.steps
        self._turn = "", 0
        exploration.tries += 1
        with stopping():
            self.lab = exploration.run.lab(exploration.provider)
            if exploration.clock_stands is None:
                now = self.lab.now()
                exploration.since = now - self.lab.client.passed
                self.lab.request("GET", "/")
                exploration.clock_stands = now == self.lab.now()
        # The lines of a finding are those of its own example.
        exploration.run.client.take_sent()

    def offer(self, **steps: object) -> None:
        """Leaves out the steps named here for which there is nothing."""
        self.steps = {name: stage for name, stage in self.steps.items() if steps.get(name, True)}

    def teardown(self) -> None:
        with stopping():
            self.lab.close()

    @rule(data=st.data())
    def take_a_step(self, data: Any) -> None:
        """The only rule: among several, hypothesis switches some off in each example, and what it draws for that stands in
        the way of shrinking. What this target cannot do is left out from then on; what breaks in the suite ends it all.
        """
        planned, time = self.exploration.plan.step(self.steps, self._next)
        self._next += 1
        name = _drawn(data, (SKIPPED, *self.steps), planned)
        if name == SKIPPED or name in self.exploration.left_out or self.exploration.patience_is_over:
            return
        self._turn = name, time if name == planned else self._next
        try:
            getattr(self, name)(data)
        except HypothesisException:
            raise
        except Violation as violation:
            self.exploration.sees(violation, self.lab.client.sent_since(0))
            raise
        except NotVerifiable as reason:
            if name in self.vital:
                raise Stop(reason) from None
            self.exploration.left_out[name] = reason
        except Exception as problem:
            raise Stop(problem) from None

    def pick(self, data: Any, what: str, options: Sequence[Option]) -> Option:
        """One of the options in this step, the simplest of which is the first."""
        name, time = self._turn
        return _drawn(data, options, options[self.exploration.plan.turn(f"{name} {what}", time, len(options))])

    def turns(self, what: str, options: Sequence[Option]) -> list[Option]:
        """The option for each example up to this one, another one in the next. No luck: nothing else is drawn instead."""
        turn, examples = self.exploration.plan.turn, range(self.exploration.example + 1)
        return [options[turn(what, example, len(options))] for example in examples]

    def plays(self, data: Any, planned: bool = True) -> bool:
        """Whether to do a part of a step where that is planned: almost always, unless a difference shows without it."""
        return _drawn(data, (False,), planned)

    def now(self) -> float:
        """The target's time: known where its clock stands still while it answers, else asked for."""
        if self.exploration.clock_stands:
            return self.exploration.since + self.lab.client.passed
        return self.lab.now()

    def pass_time(self, seconds: float) -> None:
        """Moves the target's clock. Raises NotVerifiable where that would mean to wait."""
        if not self.lab.turns_clock:
            raise NotVerifiable("it lets time pass again and again, which takes a target whose clock can be moved")
        self.lab.advance(seconds)


def _drawn(data: Any, options: Sequence[Option], planned: Option) -> Option:
    """Mostly what is planned, which stays the same however the steps before it shrink; itself it shrinks to the first."""
    number: int = data.draw(st.integers(0, PLANNED * len(options)))
    return options[number] if number < len(options) else planned


@contextmanager
def stopping() -> Iterator[None]:
    """Whatever goes wrong in here ends the exploration."""
    try:
        yield
    except Exception as problem:
        raise Stop(problem) from None


def explore(run: Run, lab: Lab, model: type[Model], promised: Any, effort: Effort) -> None:
    """Runs a model of what is promised beside the provider of this lab, repeatable from the run's seed.

    Raises the Violation of the shortest example that was found, whose lines are then the last that were sent, and
    NotVerifiable where the target cannot take the steps that matter.
    """
    plan = Plan(f"{run.seed} {lab.provider.name} {model.__name__}")
    exploration = Exploration(run, lab.provider.name, plan, effort.steps)
    with repeatable():
        for number in range(effort.examples):
            exploration.example = number
            _explore(exploration, seed(f"{plan.seed} {number}")(lambda: model(exploration, promised)))


def _explore(exploration: Exploration, begin: Callable[[], Model]) -> None:
    every = settings(
        SETTINGS,
        # The first one is always the simplest: nothing but steps that are skipped.
        max_examples=2,
        stateful_step_count=exploration.steps,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(begin, settings=every)  # type: ignore[arg-type]
    except Stop as stop:
        raise stop.reason from None
    except (Violation, HypothesisException):
        # The lines without those that tidied up. Where the search was ended, or the target did not answer the same again:
        # what it answered once, it answered.
        if exploration.seen is None:
            raise
        violation, sent = exploration.seen
        exploration.run.client.put_back(sent)
        raise violation from None
