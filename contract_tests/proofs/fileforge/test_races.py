"""Proofs of what FileForge promises of many calls at the same time."""

from __future__ import annotations

from contract_tests.counting import rest
from contract_tests.lab import Lab, rule
from contract_tests.proofs.fileforge import steps
from contract_tests.proofs.races import admits, ends, spare_key


@rule("fileforge.race.conversions")
def test_conversions(lab: Lab) -> None:
    """Of 25 conversions asked for at once 5 are queued."""
    body = steps.order(lab, steps.picture(lab, lab.key()))
    call = lab.prepare("create_conversion", key=lab.key(), json=body)
    # If all 25 were queued, that would be a debt of five minutes.
    admits(lab, call, 5, more=20, pauses=(61, 305, 305))


@rule("fileforge.race.bulk")
def test_bulk(lab: Lab) -> None:
    """Of 10 bulks of 20 asked for at once one is taken on credit."""
    file = steps.picture(lab, lab.key())
    call = lab.prepare("create_bulk_conversion", key=lab.key(), json={"items": [steps.order(lab, file)] * 20})
    # Whatever the window: a bulk leaves a debt of minutes, so no minute's end excuses a second one.
    admits(lab, call, 1, more=9, pauses=(61,))


@rule("fileforge.race.downgrade")
def test_downgrade(lab: Lab) -> None:
    """No call passes that begins when the downgrade of its account has been answered."""
    call = lab.prepare("list_formats", key=spare_key(lab))
    ends(lab, call, lambda: lab.admin.change_account(tier="free"), "the account was downgraded")


@rule("fileforge.race.delete")
def test_delete_file(lab: Lab) -> None:
    """No conversion of a file is taken that is asked for when its deletion has been answered."""
    file = steps.own_picture(lab, lab.key())
    if lab.thrifty:
        # What the races before have left of the limit is waited out.
        steps.convert(lab, lab.key(), file).given()
        rest(lab)
    call = lab.prepare("create_conversion", key=lab.unlimited_key(), json=steps.order(lab, file))

    def delete() -> None:
        lab.call("delete_file", key=lab.key(), path={"id": file}).given()

    ends(lab, call, delete, "the file was deleted")
