"""Proofs of what Fileflare promises of many calls at the same time."""

from __future__ import annotations

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.proofs.fileflare import steps
from contract_tests.proofs.races import admits, ends


@rule("fileflare.race.send-email")
def test_send_email(lab: Lab) -> None:
    """Of 50 calls at once that would send an e-mail 30 are let through; there is no such order, so none is sent."""
    call = lab.prepare("send_email", key=lab.key(), path=steps.NOTHING)
    admits(lab, call, 30, more=20, as_passing=lambda answer: answer.status == 404 or answer.passed)


@rule("fileflare.race.delete")
def test_delete_asset(lab: Lab) -> None:
    """No list shows an asset that is asked for when its deletion has been answered."""
    asset = steps.made_link(lab)
    call = lab.prepare("list_assets", key=lab.unlimited_key(), query={"filename": asset["filename"]})

    def delete() -> None:
        lab.call("delete_asset", key=lab.key(), path={"asset": asset["id"]}).given()

    def shows(answer: Answer) -> bool:
        return answer.passed and asset["id"].encode() in answer.content

    ends(lab, call, delete, "the asset was deleted", as_passing=shows)
