"""Mocks on real sockets, for tests of the mock, of the suite, and of both together."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from mockserver import Mock, create_app
from mockserver.server import running

Started = Callable[..., tuple[subprocess.Popen[str], str]]


@dataclass(frozen=True)
class Served:
    """An application behind a base URL; `app` is None where it is not a mock of ours."""

    url: str
    app: Any

    def key(self, provider: str, situation: str = "full") -> str:
        """The fixture key of a situation."""
        keys = self.app.world.ready_keys(provider)
        return next(key.key for key in keys if key.situation == situation)


@contextlib.contextmanager
def serve(app: Any, **changes: Any) -> Iterator[Served]:
    """Serves an ASGI application on a free loopback port, in a thread, until the block is left.

    `changes` are settings of the server.
    """
    with running(app, **changes) as served:
        yield Served(served.base_url, app)


@pytest.fixture
def serving() -> Iterator[Callable[[Any], Served]]:
    """Serves any number of applications for the length of a test."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(serve(app))


@pytest.fixture
def started() -> Iterator[Started]:
    """Starts the command on a free port; answers the process and all that it printed at the start."""
    with contextlib.ExitStack() as stack:

        def begin(*options: str) -> tuple[subprocess.Popen[str], str]:
            command = [sys.executable, "-m", "mockserver", "--port", "0", *options]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            stack.callback(process.communicate, timeout=20)
            stack.callback(process.kill)
            printed = ""
            while "Control plane" not in printed:
                line = process.stdout.readline()
                assert line, printed
                printed += line
            return process, printed

        yield begin


@pytest.fixture(scope="session")
def contract_mock() -> Mock:
    """A mock of all providers, seeded; its contract is read once for all tests."""
    return create_app(seed=1)


@pytest.fixture
def mock(contract_mock: Mock, serving: Callable[[Any], Served]) -> Served:
    """A fresh seeded mock of all providers on a real socket."""
    contract_mock.world.reset()
    return serving(contract_mock)


#: A browser that talks to nobody but the page's own server.
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Not for the whole session: its event loop stays in this thread, where other modules start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium as the system has it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium here; Debian's package is `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*_QUIET, "--no-first-run"])
        yield browser
        browser.close()
