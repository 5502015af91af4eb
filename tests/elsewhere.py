"""The example's licence server, which shares no code with the mock, and runs of the suite on it; nothing waits."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from contract_tests.run import Run, prove, thrifty_run
from contract_tests.target import Permit, read_target
from contract_tests.verdict import Verdict
from latchkey import Contract

EXAMPLE = Path(__file__).parent.parent / "examples" / "licences"
#: Whoever looks after a shop like this lets everything be tried, and can turn its clock by days.
PERMIT = Permit(destroy=True, spend_window=True, wait_up_to=100_000, max_requests=20_000, max_time=1e9)


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_licence_server", EXAMPLE / "server.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


server = _loaded()


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._time = 1_780_000_000.0

    def now(self) -> float:
        return self._time

    def advance(self, seconds: float) -> None:
        self._time += seconds


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the server is put together from."""

    shop: type[Any] = server.Shop
    limiter: type[Any] = server.Limiter
    links: type[Any] = server.Links
    handler: type[Any] = server.Handler


@contextlib.contextmanager
def open_shop(parts: Parts, clock: Clock) -> Iterator[str]:
    """Serves the example's licences on a free port; yields where."""
    shop = parts.shop(json.loads((EXAMPLE / "shop.json").read_text("utf-8")), clock.now)
    shop.limiter, shop.links = parts.limiter(clock.now), parts.links(clock.now)
    with server.Server(shop, handler=parts.handler) as there:
        serving = threading.Thread(target=there.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield there.url
        finally:
            there.shutdown()
            serving.join()


@contextlib.contextmanager
def standing(contract: Contract, parts: Parts = Parts()) -> Iterator[Run]:  # noqa: B008 - it is frozen
    """A run to come on the example, described by its own target file; the keys are those of its own list."""
    clock = Clock()
    with open_shop(parts, clock) as url:
        target = read_target(str(EXAMPLE / "target.toml"), contract)
        here = {name: replace(endpoint, base_url=url) for name, endpoint in target.endpoints.items()}
        target = replace(target, endpoints=here, permit=PERMIT)
        run = thrifty_run(target, contract, sleep=clock.advance, now=clock.now)
        try:
            yield run
        finally:
            run.close()


def judged(contract: Contract, patterns: Sequence[str] = (), parts: Parts = Parts()) -> Verdict:  # noqa: B008
    """What comes of the proofs of the rules that match."""
    with standing(contract, parts) as run:
        prove(run, patterns)
        return Verdict.of(run.rules, run.results)
