"""Starts a mock of its own for a run, as a separate process: the suite never imports the mock."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

#: The libraries that a mock serves protocols with: where one is missing, that door stays closed.
_LIBRARIES = {"webdav": "wsgidav", "ftp": "pyftpdlib", "sftp": "asyncssh"}

MOCKSERVER = (sys.executable, "-m", "mockserver")


class MockFailed(Exception):
    """The mock did not start; the message is its last words."""


def doors(protocols: Iterable[str]) -> list[str]:
    """The options that let a mock serve these protocols, as far as it can here."""
    return [f"--{name}" for name in _LIBRARIES if name in set(protocols) and find_spec(_LIBRARIES[name])]


@contextmanager
def own_mock(
    providers: Sequence[str], seed: int, start: Sequence[str] = MOCKSERVER, arguments: Sequence[str] = ()
) -> Iterator[str]:
    """The base URL of a fresh mock of these providers (none named: of all) on a free port, ended on leaving.

    `start` is the command that starts it, `arguments` are further ones. Raises MockFailed.
    """
    command = [*start, *arguments, "--port", "0", "--seed", str(seed)]
    for provider in providers:
        command += ["--provider", provider]
    with tempfile.TemporaryFile("w+") as errors:
        # In a session of its own, for Ctrl-C is the run's, which ends it.
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
        assert process.stdout
        try:
            first = process.stdout.readline()
            hit = re.search(r"http://[\d.:]+\d", first)
            if hit is None:
                process.wait(timeout=10)
                errors.seek(0)
                raise MockFailed(errors.read().strip() or f"the mock said {first!r}")
            yield hit[0]
        finally:
            process.terminate()
            process.wait(timeout=10)
            process.stdout.close()
