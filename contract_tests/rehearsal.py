"""A mock of our own in the place of a target: the same situations and permits, no control plane, and time that is moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contract_tests.beside import found_beside
from contract_tests.provision import Admin, Control
from contract_tests.target import NEIGHBOUR, StaticKey, Target, Timeouts, Tls
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
