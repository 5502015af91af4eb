"""Starts mutated mocks, one after another: the suite's side of `sabotage._host`."""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from contract_tests.own_mock import MockFailed, doors, own_mock


class Host:
    """A process that has loaded what a mock needs and forks a child for each mutant, which is what takes time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "contract_tests.mutants.sabotage._host"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
        self._over = False
        atexit.register(self.end)

    def ask(self, question: Mapping[str, Any]) -> dict[str, str]:
        """The answer; an empty one of a host that was ended."""
        if self._over:
            return {}
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer: dict[str, str] = json.loads(self._process.stdout.readline())
        except BaseException:
            # Interrupted, it would take the answer to this question for that to the next.
            self.end()
            raise
        return answer

    def end(self) -> None:
        """Ends the process and its mock, which it does by itself when its input ends."""
        if not self._over:
            assert self._process.stdin and self._process.stdout
            self._over = True
            host.cache_clear()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()


@cache
def host() -> Host:
    """The host of this process."""
    return Host()


@contextmanager
def mutated_mock(
    provider: str,
    seed: int,
    *,
    actions: Sequence[Mapping[str, Any]] = (),
    sabotage: str | None = None,
    protocols: Iterable[str] = (),
) -> Iterator[str]:
    """The base URL of a mock of this provider, its contract edited by these overlay actions or itself sabotaged. It serves
    these protocols, too.

    Raises MockFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = doors(protocols)
        if actions:
            overlay = Path(folder) / "mutant.yaml"
            document = {"overlay": "1.0.0", "info": {"title": "mutant", "version": "1.0.0"}, "actions": list(actions)}
            # JSON is YAML.
            overlay.write_text(json.dumps(document))
            arguments += ["--overlay", str(overlay)]
        if not hasattr(os, "fork"):
            module = ["contract_tests.mutants.sabotage", sabotage] if sabotage else ["mockserver"]
            with own_mock([provider], seed, [sys.executable, "-m", *module], arguments) as url:
                yield url
            return
        arguments += ["--port", "0", "--seed", str(seed), "--provider", provider]
        asked = host()
        answer = asked.ask({"sabotage": sabotage, "arguments": arguments})
        hit = re.search(r"http://[\d.:]+\d", answer.get("first", ""))
        try:
            if hit is None:
                raise MockFailed(answer.get("last") or f"the mock said {answer}")
            yield hit[0]
        finally:
            asked.ask({})
