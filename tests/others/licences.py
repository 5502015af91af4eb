"""The example's licence server, described by its own target file."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from contract_tests.target import read_target
from contract_tests.verdict import Verdict
from latchkey import Contract
from tests import elsewhere
from tests.elsewhere import Clock, part

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "licences"


def keys() -> Mapping[str, str]:
    """The example's licences, by the variables in which its target file wants them."""
    lines = (EXAMPLE / "keys.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_licence_server", EXAMPLE / "server.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


server = _loaded()


@contextlib.contextmanager
def serving(clock: Clock, *changed: type) -> Iterator[str]:
    """Serves the example's licences on a free port; yields where."""
    shop = part(server.Shop, changed)(json.loads((EXAMPLE / "shop.json").read_text("utf-8")), clock.now)
    shop.limiter, shop.links = part(server.Limiter, changed)(clock.now), part(server.Links, changed)(clock.now)
    there = server.Server(shop, handler=part(server.Handler, changed))
    with elsewhere.serving(there):
        yield there.url


def judged(contract: Contract, patterns: Sequence[str] = (), *changed: type) -> Verdict:
    """What comes of the proofs of the rules that match; the keys are those of the example's own list."""
    clock = Clock()
    with serving(clock, *changed) as url:
        target = read_target(str(EXAMPLE / "target.toml"), contract)
        here = {name: replace(endpoint, base_url=url) for name, endpoint in target.endpoints.items()}
        return elsewhere.judged(contract, replace(target, endpoints=here), clock, patterns)
