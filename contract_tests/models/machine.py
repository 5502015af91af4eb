"""What the models share: steps at random, each example on an account of its own, the shortest one that shows a difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from contract_tests import trail
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Violation
from contract_tests.profile import Effort
from contract_tests.run import Run


class Stop(SkipTest):
    """Ends an exploration at once, unshrunk: hypothesis passes this exception on as it is."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(slots=True)
class Exploration:
    """What the examples of one model share: steps that this target cannot take, and the last violation with its steps."""

    run: Run
    provider: str
    left_out: dict[str, NotVerifiable] = field(default_factory=dict)
    seen: tuple[Violation, list[trail.Step]] | None = None
    clock_stands: bool | None = None


Step = Callable[..., None]
#: After this many examples hypothesis mostly varies the ones that it has, which shows little: a new seed shows more.
ROUND = 10


def step(function: Step) -> Step:
    """Marks a method as a step of its model: it draws what it needs from `data`."""
    function.weight = 1  # type: ignore[attr-defined]
    return function


def often(function: Step) -> Step:
    """Marks a step that is taken as often as two others: it is cheap, or shows what the others have done."""
    function.weight = 2  # type: ignore[attr-defined]
    return function


class Model(RuleBasedStateMachine):
    """The model of one example. What the steps find out about the target stands in a subclass."""

    #: In the order in which they are written, the simplest first, each as often as it weighs.
    steps: tuple[str, ...] = ()
    #: Steps without which nothing is tried: where the target cannot take one, the rule is not verifiable.
    vital: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.steps += tuple(name for name, own in vars(cls).items() for _ in range(getattr(own, "weight", 0)))

    def __init__(self, exploration: Exploration, promised: Any) -> None:
        super().__init__()
        self.exploration = exploration
        self.promised = promised
        with stopping():
            self.lab = exploration.run.lab(exploration.provider)
            now = self.lab.now()
            self._began = now - self.lab.client.passed
            if exploration.clock_stands is None:
                self.lab.request("GET", "/")
                exploration.clock_stands = now == self.lab.now()
        # The lines of a finding are those of its own example.
        exploration.run.client.take_sent()

    def teardown(self) -> None:
        with stopping():
            self.lab.close()

    @rule(data=st.data())
    def take_a_step(self, data: Any) -> None:
        """The only rule: among several, hypothesis switches some off in each example, and what it draws for that stands in
        the way of shrinking. What this target cannot do is left out from then on; what breaks in the suite ends it all.
        """
        name = data.draw(st.sampled_from(self.steps))
        if name in self.exploration.left_out:
            return
        try:
            getattr(self, name)(data)
        except HypothesisException:
            raise
        except Violation as violation:
            self.exploration.seen = (violation, self.lab.client.sent_since(0))
            raise
        except NotVerifiable as reason:
            if name in self.vital:
                raise Stop(reason) from None
            self.exploration.left_out[name] = reason
        except Exception as problem:
            raise Stop(problem) from None

    def now(self) -> float:
        """The target's time: known where its clock stands still while it answers, else asked for."""
        return self._began + self.lab.client.passed if self.exploration.clock_stands else self.lab.now()

    def pass_time(self, seconds: float) -> None:
        """Moves the target's clock. Raises NotVerifiable where that would mean to wait."""
        if self.lab.target.permit.wait_up_to < math.inf:
            raise NotVerifiable("it lets time pass again and again, which takes a target whose clock can be moved")
        self.lab.advance(seconds)


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
    exploration = Exploration(run, lab.provider.name)
    for begun in range(0, effort.examples, ROUND):
        name = f"{run.seed} {exploration.provider} {model.__name__} {begun}"
        begin = seed(name)(lambda: model(exploration, promised))
        _explore(exploration, begin, min(ROUND, effort.examples - begun), effort.steps)


def _explore(exploration: Exploration, begin: Callable[[], Model], examples: int, steps: int) -> None:
    every = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=[Phase.generate, Phase.shrink],
        # Everything that a profile of the environment (CI) could change is said here.
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(begin, settings=every)  # type: ignore[arg-type]
    except Stop as stop:
        raise stop.reason from None
    except (Violation, HypothesisException):
        # The lines without those that tidied up. Where the target did not answer the same again: what it answered
        # once, it answered.
        if exploration.seen is None:
            raise
        violation, sent = exploration.seen
        exploration.run.client.put_back(sent)
        raise violation from None
