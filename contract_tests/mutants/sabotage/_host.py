"""Serves one mock after another without importing everything anew: run as `python -m contract_tests.mutants.sabotage._host`.

Each line on standard input is a JSON object. `{"sabotage": name or null, "arguments": […]}` forks a child that breaks the mock
as named and starts it; the answer is `{"first": the mock's first line}`, or `{"last": its last words}` where it did not start.
`{}` ends the child and is answered `{}`. One child at a time; the end of input ends it all.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from select import select
from typing import IO

from contract_tests.mutants.sabotage import SABOTAGES
from latchkey.source import FIXTURES, SPEC, read_once, read_yaml

#: How long a mock may take to start, seconds.
START = 60


def main() -> None:
    _preload()
    # What is there by now is nobody's garbage: a child need not search it.
    gc.freeze()
    child: Child | None = None
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            if child is not None:
                child.end()
                child = None
            reply: dict[str, str] = {}
            if asked:
                _preload_doors(asked["arguments"])
                child = Child(asked["sabotage"], asked["arguments"])
                reply = child.greeting()
            print(json.dumps(reply), flush=True)  # noqa: T201 - the answer
    except BrokenPipeError:
        # Who asked is gone; this is the interpreter's last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        if child is not None:
            child.end()


def _preload() -> None:
    """What the mock imports, at its start and for the control plane; a child has it by birth."""
    import mockserver

    # It comes first: it silences what connexion warns of when it is imported.
    assert mockserver
    import jsonpath_ng.ext.parser
    import oas_patch.overlay
    import uvicorn.lifespan.on
    import uvicorn.loops.auto
    import uvicorn.protocols.http.auto
    from connexion.spec import Specification

    import mockserver.app
    import mockserver.banner
    import mockserver.cli
    import mockserver.control.app
    import mockserver.dashboard.app

    # No mutant changes the control plane's document: its form need not be checked by each.
    Specification._validate_spec = lambda *_: None
    read_once()
    for file in [*SPEC.rglob("*.yaml"), *FIXTURES.rglob("*.yaml"), mockserver.control.DOCUMENT]:
        read_yaml(file)
    assert jsonpath_ng and oas_patch and uvicorn


def _preload_doors(arguments: list[str]) -> None:
    """What serving other protocols imports, from the first mock on that does."""
    for protocol in ("webdav", "ftp", "sftp"):
        if f"--{protocol}" in arguments:
            import_module(f"mockserver.protocols.{protocol}")


class Child:
    """A mock in a process of its own."""

    def __init__(self, sabotage: str | None, arguments: list[str]) -> None:
        out, into = os.pipe()
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the child lives
        self._id = os.fork()
        if self._id == 0:
            os.close(out)
            _become(into, self._errors, SABOTAGES[sabotage] if sabotage else lambda: None, arguments)
        os.close(into)
        #: What it says, open for as long as it may speak.
        self.words = os.fdopen(out)

    def greeting(self) -> dict[str, str]:
        """Its first line, or what it said of its end before there was one."""
        if not select([self.words], [], [], START)[0]:
            return {"last": f"it said nothing in {START} s"}
        first = self.words.readline()
        return {"first": first} if first else {"last": self.last_words()}

    def last_words(self) -> str:
        """What a child that has ended said of its end."""
        os.waitpid(self._id, 0)
        self._id = 0
        self._errors.seek(0)
        return self._errors.read().strip()

    def end(self) -> None:
        if self._id:
            os.kill(self._id, signal.SIGKILL)
            os.waitpid(self._id, 0)
        self.words.close()
        self._errors.close()


def _become(into: int, errors: IO[str], sabotage: Callable[[], None], arguments: list[str]) -> None:
    """The child's whole life. It must never get back into the loop of its parent."""
    code = 1
    try:
        os.dup2(into, 1)
        os.dup2(errors.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sabotage()
        from mockserver.cli import main as mockserver

        mockserver(arguments, standalone_mode=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as problem:
        sys.stderr.write(f"{type(problem).__name__}: {problem}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
