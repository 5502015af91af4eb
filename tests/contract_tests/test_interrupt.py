"""Ctrl-C: the run tidies, reports what it knows, and says what is left; a second one ends it at once."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from starlette.types import ASGIApp, Receive, Scope, Send

from contract_tests.cli import main
from contract_tests.report.read import report_schema
from mockserver import Mock, create_app
from tests.conftest import Served, serve
from tests.staging import Unattended


@dataclass
class Held:
    """Holds back the answer to the first request of this method and path from the `number`th on, until let go."""

    app: ASGIApp
    method: str
    path: str
    number: int = 1
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mine = scope["type"] == "http" and (scope["method"], scope["path"][: len(self.path)]) == (
            self.method,
            self.path,
        )
        self.number -= mine

        async def holding(message: Any) -> None:
            if mine and self.number == 0:
                self.reached.set()
                while not self.go.is_set():
                    await asyncio.sleep(0.01)
            await send(message)

        await self.app(scope, receive, holding)


@dataclass(frozen=True)
class Place:
    mock: Mock
    storing: Held
    deleting: Held
    file: Path

    def begin(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "contract_tests", "run", str(self.file), "--rule", "fileflare.a*", *more]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def assets(self) -> set[str]:
        return {id for account in self.mock.world.accounts.values() for id in account.rows.get("assets", {})}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A target that holds back the answer to the third asset, and to the first deletion of one if it is told to."""
    mock = create_app(seed=1)
    storing = Held(Unattended(mock), "POST", "/api/v1/assets/store", 3)
    deleting = Held(storing, "DELETE", "/api/v1/assets/", 0)
    with serve(deleting) as served:
        file = tmp_path / "staging.toml"
        key = Served(served.url, mock).key("fileflare")
        file.write_text(f'[providers.fileflare]\nbase_url = "{served.url}"\nkeys.full = "{key}"\n')
        yield Place(mock, storing, deleting, file)
        storing.go.set()
        deleting.go.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_tidies_and_reports(place: Place, tmp_path: Path, number: signal.Signals):
    """Exit code 130, every report of what is known, the rest told as not reached; what it cannot remove is told."""
    before, folder = place.assets(), tmp_path / "out"
    process = place.begin("--report", str(folder))
    assert place.storing.reached.wait(60)
    process.send_signal(number)
    shown, errors = process.communicate(timeout=60)
    report = json.loads((folder / "report.json").read_text())

    assert (process.returncode, report["exit_code"]) == (130, 130), errors
    assert report["because"].startswith("Interrupted: ")
    assert report["because"].endswith(" not reached.")
    jsonschema_rs.validate(report_schema(), report)
    assert len(place.assets() - before) == 1
    assert "Interrupted. What was made is removed; once more, and it stays." in shown
    assert "is left: what fileflare.store_asset may have made, named latchkey-link-" in shown
    assert f"1 thing left; contract-tests clean {place.file} tries again" in shown
    assert "Not reached" in shown
    assert "Traceback" not in shown + errors
    reasons = {rule["reason"] for rule in report["rules"] if rule["outcome"] == "error"}
    assert reasons == {"not reached: the run was interrupted"}


def test_a_second_interrupt_ends_at_once(place: Place, tmp_path: Path):
    """Amid the tidying: no report, but what is left is told, kept, and removed by clean."""
    before, folder = place.assets(), tmp_path / "out"
    process = place.begin("--report", str(folder))
    assert place.storing.reached.wait(60)
    place.deleting.number = 1
    process.send_signal(signal.SIGINT)
    assert place.deleting.reached.wait(60)
    process.send_signal(signal.SIGINT)
    shown, errors = process.communicate(timeout=60)

    assert (process.returncode, folder.exists()) == (130, False), errors
    assert "left; contract-tests clean" in shown
    assert "Traceback" not in shown + errors
    place.deleting.go.set()
    done = CliRunner().invoke(main, ["clean", str(place.file)])
    assert done.output.splitlines()[-1].endswith(" removed, 1 left."), done.output
    assert len(place.assets() - before) == 1
