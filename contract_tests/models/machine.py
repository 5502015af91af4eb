"""What the models share: steps at random, each example on an account of its own, the shortest one that shows a difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, cast
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

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
    """What the examples of one model share: steps that this target cannot take, and the last violation with its lines."""

    run: Run
    provider: str
    left_out: dict[str, NotVerifiable] = field(default_factory=dict)
    seen: tuple[Violation, list[str]] | None = None
    clock_stands: bool | None = None


class Model(RuleBasedStateMachine):
    """The model of one example. What the steps find out about the target stands in a subclass."""

    #: Steps without which nothing is tried: where the target cannot take one, the rule is not verifiable.
    vital: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, exploration: Exploration, promised: Any) -> None:
        super().__init__()
        self.exploration = exploration
        self.promised = promised
        with stopping():
            self.lab = exploration.run.lab(exploration.provider)
            self._now = self.lab.now()
            if exploration.clock_stands is None:
                self.lab.request("GET", "/")
                exploration.clock_stands = self._now == self.lab.now()
        # The lines of a finding are those of its own example.
        exploration.run.client.take_sent()

    def teardown(self) -> None:
        with stopping():
            self.lab.close()

    def now(self) -> float:
        """The target's time: known where its clock stands still while it answers, else asked for."""
        return self._now if self.exploration.clock_stands else self.lab.now()

    def pass_time(self, seconds: float) -> None:
        """Moves the target's clock. Raises NotVerifiable where that would mean to wait."""
        if self.lab.target.permit.wait_up_to < math.inf:
            raise NotVerifiable("it lets time pass again and again, which takes a target whose clock can be moved")
        self.lab.advance(seconds)
        self._now += seconds


@contextmanager
def stopping() -> Iterator[None]:
    """Whatever goes wrong in here ends the exploration."""
    try:
        yield
    except Exception as problem:
        raise Stop(problem) from None


def step(**arguments: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule of the machine. What this target cannot do is left out from then on; what breaks in the suite ends it all."""

    def decorate(function: Callable[..., None]) -> Any:
        name = function.__name__

        @wraps(function)
        def take(model: Model, **drawn: Any) -> None:
            if name in model.exploration.left_out:
                return
            try:
                function(model, **drawn)
            except HypothesisException:
                raise
            except Violation as violation:
                model.exploration.seen = (violation, model.lab.client.sent_since(0))
                raise
            except NotVerifiable as reason:
                if name in model.vital:
                    raise Stop(reason) from None
                model.exploration.left_out[name] = reason
            except Exception as problem:
                raise Stop(problem) from None

        return cast(Any, rule)(**arguments)(take)

    return decorate


def explore(run: Run, lab: Lab, model: type[Model], promised: Any, effort: Effort) -> None:
    """Runs a model of what is promised beside the provider of this lab, repeatable from the run's seed.

    Raises the Violation of the shortest example that was found, whose lines are then the last that were sent, and
    NotVerifiable where the target cannot take the steps that matter.
    """
    exploration = Exploration(run, lab.provider.name)
    every = settings(
        max_examples=effort.examples,
        stateful_step_count=effort.steps,
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
    begin = seed(f"{run.seed} {exploration.provider} {model.__name__}")(lambda: model(exploration, promised))
    try:
        run_state_machine_as_test(begin, settings=every)  # type: ignore[arg-type]
    except Stop as stop:
        raise stop.reason from None
    except Violation:
        raise
    except HypothesisException:
        # The target did not answer the same again; what it answered once, it answered.
        if exploration.seen is None:
            raise
        violation, lines = exploration.seen
        run.client.put_back(lines)
        raise violation from None
