"""How far a run is, shown in place of pytest's own output."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


def bar(console: Console) -> Bar:
    """A progress bar that leaves nothing behind, and is not drawn where the output is no terminal."""
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class Progress:
    """Draws how many proofs have run, as a plugin of pytest."""

    def __init__(self, console: Console) -> None:
        self._bar, self._console = bar(console), console

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._task = self._bar.add_task("proofs", total=len(session.items))
        self._bar.start()

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self._bar.advance(self._task)

    def pytest_keyboard_interrupt(self) -> None:
        self._bar.stop()
        self._console.print("Interrupted. What was made is removed; once more, and it stays.", soft_wrap=True)

    def pytest_sessionfinish(self) -> None:
        self._bar.stop()
