"""A mock of our own in the place of a target: the same situations and permits, no control plane, and time that is moved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contract_tests.beside import found_beside
from contract_tests.provision import Admin, Control
from contract_tests.target import NEIGHBOUR, StaticKey, Target, Timeouts, Tls, as_there
from latchkey import Contract
from latchkey.records import Provider


def stand_in(target: Target, contract: Contract, url: str, control: Control) -> Target:
    """The target as the mock at this URL would be described, its keys made through the control plane."""
    served = control.doors()
    endpoints = {
        name: replace(
            endpoint,
            base_url=url,
            headers={},
            doors={item: door for item, door in served.get(name, {}).items() if item in endpoint.doors},
            keys=handed_over(
                contract.providers[name],
                endpoint.keys,
                control.open(contract.providers[name]),
                control.open(contract.providers[name]),
            ),
        )
        for name, endpoint in target.endpoints.items()
    }
    here = replace(target, endpoints=endpoints, control=None, control_token=None, provisioner=None)
    return replace(here, proxy=None, tls=Tls(), timeouts=Timeouts())


@contextmanager
def windows(target: Target, contract: Contract) -> Iterator[list[str]]:
    """The options that give a mock the target's windows of limits; none where they are as promised."""
    if all(endpoint.window is None for endpoint in target.endpoints.values()):
        yield []
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "windows.json"
        file.write_text(json.dumps(_overlay(target, contract)), "utf-8")
        yield ["--overlay", str(file)]


def _overlay(target: Target, contract: Contract) -> dict[str, Any]:
    actions = [
        {"target": f"$['x-providers']['{name}'].limits['{limit.name}']", "update": {"window": limit.window}}
        for name, endpoint in target.endpoints.items()
        for limit in as_there(contract.providers[name], endpoint).limits.values()
    ]
    return {"overlay": "1.0.0", "info": {"title": f"Windows of {target.name}", "version": "1"}, "actions": actions}


def handed_over(
    provider: Provider, wanted: Mapping[str, Sequence[StaticKey]], admin: Admin, other: Admin
) -> dict[str, tuple[StaticKey, ...]]:
    """As many keys for each of these situations, as somebody would write them into a target file, with what goes with them."""

    def made(situation: str, like: StaticKey) -> StaticKey:
        key = other.key() if situation == NEIGHBOUR else admin.key(situation)
        known = {} if situation == NEIGHBOUR else provider.situations[situation].beside
        named = known.keys() & like.presents.keys()
        more = found_beside(provider.name, admin, key) if named else {}
        return StaticKey(key=key.raw, presents={**key.presents, **{name: more[name] for name in named}})

    return {situation: tuple(made(situation, like) for like in keys) for situation, keys in wanted.items()}
