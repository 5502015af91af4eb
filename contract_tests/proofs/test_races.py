"""Promises of once, at once and at most, tried by many at the same time.

What is judged is what the answers prove, whatever the order in which the target got to the calls: a call that left before
another was answered has no order, one that left afterwards has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract_tests.lab import Lab, rule
from contract_tests.proofs.dezerx.steps import download_call
from contract_tests.proofs.races import admits, ends, redeems_once, spare_key
from contract_tests.race import Call

#: How many calls a minute each provider lets pass.
QUOTAS = {"fileflare": 60, "fileforge": 60, "filescom": 600, "dezerx": 60}
#: How a call is made that can be made once.
ONE_TIME: Mapping[str, Callable[[Lab], Call]] = {"dezerx": download_call}


@rule("*.race.limit")
def test_limit(lab: Lab) -> None:
    """Of 100 calls at once 60 pass (of 640, 600)."""
    call = lab.prepare(lab.contract.operations[lab.provider.example], key=lab.key())
    admits(lab, call, QUOTAS[lab.provider.name])


@rule("*.race.token")
def test_token(lab: Lab) -> None:
    """Of 40 calls at once with one token one passes."""
    redeems_once(lab, ONE_TIME[lab.provider.name](lab))


@rule("*.race.revoke")
def test_revoke(lab: Lab) -> None:
    """No call passes that begins when the revocation of its key has been answered."""
    key = spare_key(lab)
    call = lab.prepare(lab.contract.operations[lab.provider.example], key=key)
    ends(lab, call, lambda: lab.admin.revoke(key), "the key was revoked")


@rule("*.race.rotate")
def test_rotate(lab: Lab) -> None:
    """No call passes with the old key that begins when its rotation has been answered."""
    key = spare_key(lab)
    call = lab.prepare(lab.contract.operations[lab.provider.example], key=key)
    ends(lab, call, lambda: lab.rotate(key), "the key was rotated")
