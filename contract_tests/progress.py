"""How far a run is, shown in place of pytest's own output."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from contract_tests.plugin import RUN
from contract_tests.run import Run


class Progress:
    """Hands the run to the proofs and, in a terminal, draws a bar; elsewhere it stays silent."""

    def __init__(self, run: Run, console: Console) -> None:
        self._run = run
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[RUN] = self._run

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        manager = session.config.pluginmanager
        manager.unregister(manager.getplugin("terminalreporter"))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._task = self._bar.add_task("proofs", total=len(session.items))
        self._bar.start()

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self._bar.advance(self._task)

    def pytest_sessionfinish(self) -> None:
        self._bar.stop()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            raise pytest.UsageError(f"a module of proofs cannot be read: {report.longrepr}")
