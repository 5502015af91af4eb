"""How far a run is, shown in place of pytest's own output: drawn anew where somebody watches, in plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import pytest
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from contract_tests.agenda import rule_of
from contract_tests.forecast import Course, budgets, lasting
from contract_tests.run import Run

#: Seconds between two plain lines, and from which on a wait has one of its own.
PLAIN, LONG = 30.0, 10.0


def bar(console: Console) -> Bar:
    """A progress bar that leaves nothing behind, and is not drawn where nobody watches."""
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not watched(console),
    )


def watched(console: Console) -> bool:
    """Whether the output is a terminal that can draw a line anew. That somebody wants colours in a pipe does not make it one."""
    return console.is_terminal and console.file.isatty() and not console.is_dumb_terminal


class Progress:
    """Shows, as a plugin of pytest, how many proofs have run, what was sent and is left, how long it will take, and what is
    waited for. `live` is drawn anew; `now` are seconds that never go back.
    """

    def __init__(
        self, console: Console, run: Run, *, live: bool | None = None, now: Callable[[], float] = monotonic
    ) -> None:
        self._console = console
        self._run = run
        self._now = now
        self._course = Course()
        self._ran: set[str] = set()
        self._waits: tuple[float, str] | None = None
        self._began = self._said = now()
        # What limits and budgets leave is asked for between two requests, not while the screen is drawn.
        self._told: list[str] = []
        self._budgets: list[str] = []
        shown = watched(console) if live is None else live
        self._live = (
            Live(console=console, get_renderable=self._drawn, transient=True, auto_refresh=True) if shown else None
        )
        self._over = False
        run.waits = self._waiting

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._course.total.update(_provider(item) for item in session.items)
        self._look()
        if self._live:
            self._live.start()

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self._look()
        if not self._live and self._now() - self._said >= PLAIN:
            self._say(self._line())

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        # One that was postponed comes twice.
        self._course.done[_provider(item)] += item.nodeid not in self._ran
        self._ran.add(item.nodeid)

    def pytest_keyboard_interrupt(self) -> None:
        self._stop()
        self._say("Interrupted. What was made is removed; once more, and it stays.")

    def pytest_sessionfinish(self) -> None:
        self._stop()

    @contextmanager
    def _waiting(self, seconds: float, what: str) -> Iterator[None]:
        """While it lasts it is shown."""
        self._waits = self._now() + seconds, what
        self._look()
        if seconds >= LONG and (self._over or not self._live):
            self._say(f"{'removes what was made, ' if self._over else ''}waits {seconds:.0f} s for {what}")
        try:
            yield
        finally:
            self._waits = None

    def _look(self) -> None:
        left = self._course.seconds_left(self._run, self._now() - self._began)
        self._told = [f"about {lasting(left)} left"] if left is not None else []
        self._budgets = budgets(self._run)

    def _line(self) -> str:
        course, requests = self._course, self._run.client.total
        parts = [f"{course.over} of {course.total.total()} proofs", f"{requests} requests", *self._told]
        return ", ".join(parts)

    def _drawn(self) -> Group:
        lines = [self._line(), *self._budgets]
        if self._waits:
            until, what = self._waits
            lines.append(f"waits {max(0.0, until - self._now()):.0f} s for {what}")
        return Group(*(Text(line, overflow="ellipsis", no_wrap=True) for line in lines))

    def _say(self, line: str) -> None:
        self._said = self._now()
        self._console.print(line, soft_wrap=True, markup=False)

    def _stop(self) -> None:
        self._over = True
        if self._live:
            self._live.stop()


def _provider(item: pytest.Item) -> str:
    return rule_of(item).partition(".")[0]
