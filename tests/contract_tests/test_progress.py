"""What is shown while a run goes on: drawn anew in a terminal, in plain lines elsewhere."""

from __future__ import annotations

import itertools
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from contract_tests.forecast import FEW, Course, budgets
from contract_tests.pace import Charge
from contract_tests.progress import Progress, watched
from contract_tests.run import Run, prove, thrifty_run
from contract_tests.target import Endpoint, Permit, StaticKey, Target
from latchkey import load
from tests.staging import standing

RULES = ["fileforge.auth.*", "fileforge.limit.sixty", "fileforge.limit.resets", "fileforge.scope.*", "dezerx.auth.*"]
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def shown(console: Console, *, live: bool, seconds: float) -> str:
    """What a run on staging shows; each look at the clock takes so many seconds."""
    clock = itertools.count(0, seconds)
    with standing(Permit(spend_window=True, wait_up_to=61), situations={"full"}) as stand:
        progress = Progress(console, stand.run, live=live, now=lambda: float(next(clock)))
        waits = stand.run.waits

        @contextmanager
        def looked_at(length: float, what: str) -> Iterator[None]:
            with waits(length, what):
                if progress._live:
                    progress._live.refresh()
                yield

        stand.run.waits = looked_at
        prove(stand.run, RULES, progress)
    output = console.file
    assert isinstance(output, StringIO)
    return output.getvalue()


def test_a_terminal_shows_what_is_done_left_and_waited_for():
    """Proofs, requests, the budget and window of each provider, the time left, and a wait under the provider's title."""
    text = shown(Console(file=StringIO(), force_terminal=True, width=120), live=True, seconds=0.01)

    assert re.search(r"\d+ of \d+ proofs, \d+ requests, about \d+ (s|min) left", text)
    assert re.search(r"FileForge \d+ requests left, \d+ of 60 in its window", text)
    assert re.search(r"DezerX license API \d+ requests left", text)
    assert re.search(r"waits \d+ s for FileForge's window", text)
    assert "\x1b[2K" in text


def test_a_narrow_terminal_cuts_lines_and_never_breaks_them():
    """A line that broke would be drawn over by the next."""
    text = shown(Console(file=StringIO(), force_terminal=True, width=30), live=True, seconds=0.01)
    drawn = [re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "", line) for line in text.splitlines()]

    assert "…" in text
    assert max(map(len, drawn)) <= 30


def test_elsewhere_there_is_a_line_now_and_then():
    """Without a control character: at most one in 30 seconds, and one for each long wait."""
    text = shown(Console(file=StringIO(), width=120), live=False, seconds=4)
    lines = text.splitlines()

    assert CONTROLS.findall(text.replace("\n", "")) == []
    assert any(re.fullmatch(r"\d+ of \d+ proofs, \d+ requests(, about \d+ (s|min) left)?", line) for line in lines)
    assert any(re.fullmatch(r"waits \d+ s for FileForge's window", line) for line in lines)


def test_a_short_run_says_nothing_elsewhere():
    """Its report comes soon enough."""
    console = Console(file=StringIO(), width=120)
    with standing(Permit(), situations={"full"}) as stand:
        prove(stand.run, ["dezerx.auth.*"], Progress(console, stand.run, live=False, now=lambda: 0.0))

    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_a_pipe_is_no_terminal_whatever_the_environment_wants(monkeypatch: pytest.MonkeyPatch):
    """FORCE_COLOR asks for colours; nothing is drawn anew for it."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as pipe:
        console = Console(file=pipe)
        assert (console.is_terminal, watched(console)) == (True, False)
    os.close(reader)


def in_a_terminal(**environment: str) -> str:
    """What a short run shows in a terminal of its own."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "contract_tests", "run", "--mock", "--rule", "dezerx.*", "--provider", "dezerx"]
    process = subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "100", **environment}
    )
    os.close(theirs)
    chunks = []
    try:
        while chunk := os.read(ours, 65_536):
            chunks.append(chunk)
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    assert process.wait(60) == 0
    return b"".join(chunks).decode()


@pytest.mark.parametrize(
    ("environment", "drawn", "coloured"),
    [
        ({"TERM": "xterm-256color"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, False, False),
    ],
    ids=["a terminal", "NO_COLOR", "a dumb terminal"],
)
def test_a_real_terminal(environment: dict[str, str], drawn: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch):
    """The lines are drawn anew where that can be, and are gone in the end; colours are left out where they are not wanted."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    text = in_a_terminal(**environment)

    assert ("proofs, " in text, "\x1b[2K" in text) == (drawn, drawn)
    assert bool(re.search(r"\x1b\[(\d+;)*3\d(;\d+)*m", text)) == coloured
    assert "0 violated" in text


# How long it will take.


def described(keys: int = 1, **permit: int) -> Run:
    endpoint = Endpoint(
        base_url="http://x", keys={"full": tuple(StaticKey(key=f"k{number}") for number in range(keys))}
    )
    return thrifty_run(
        Target(name="t", endpoints={"fileforge": endpoint}, permit=Permit(**permit)), load(), now=lambda: 0.0
    )


def course(done: int, total: int) -> Course:
    return Course(total=Counter(fileforge=total), done=Counter(fileforge=done))


def test_nothing_is_foretold_too_early():
    """Few proofs say little about the others."""
    run = described()

    assert course(FEW - 1, 100).seconds_left(run, 5) is None
    assert course(FEW, 100).seconds_left(run, 5) is not None
    run.close()


def test_on_a_mock_it_goes_on_as_it_began():
    run = described()
    run.thrift.clear()

    assert course(50, 150).seconds_left(run, 10) == 20
    run.close()


@pytest.mark.parametrize(("keys", "windows"), [(1, 3), (3, 1)])
def test_waits_for_the_window_are_foretold(keys: int, windows: int):
    """100 proofs of 2 requests each at 60 a minute, all of it used up: 3 windows more with 20 left over; fewer with more keys."""
    run = described(keys, max_requests=1000)
    thrift = run.thrift["fileforge"]
    limit = run.contract.providers["fileforge"].limits["requests"]
    thrift.pacer.take([Charge(limit=limit, partition="k0", units=60)])
    thrift.budget.sent = 160
    left = course(80, 170).seconds_left(run, 0.0)

    assert left == windows * 60
    run.close()


def test_no_more_is_foretold_than_the_budget_lets():
    """What the budget cannot pay is not waited for."""
    run = described(max_requests=250)
    run.thrift["fileforge"].budget.sent = 200
    run.client.total = 200

    assert course(100, 1000).seconds_left(run, 20.0) == pytest.approx(50 * 0.1, abs=61)
    assert budgets(run) == ["FileForge 50 requests left"]
    run.close()


def test_a_mock_has_no_budget():
    run = described()
    run.thrift = {}

    assert budgets(replace(run)) == []
    run.close()
