"""Proofs of what the DezerX license API promises of many calls at the same time."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.proofs.races import ends, spare_key


@rule("dezerx.race.suspend")
def test_suspend(lab: Lab) -> None:
    """No call passes that begins when the suspension of its licence has been answered."""
    key = spare_key(lab)
    call = lab.prepare("verify", key=key)
    ends(lab, call, lambda: lab.admin.change_key(key, attributes={"active": False}), "the licence was suspended")
