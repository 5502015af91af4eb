"""Promises of once, at once and at most, tried by many at the same time.

What is judged is what the answers prove, whatever the order in which the target got to the calls: a call that left before
another was answered has no order, one that left afterwards has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.proofs import dezerx_steps, fileflare_steps, fileforge_steps, filescom_steps
from contract_tests.proofs.races import admits, ends, redeems_once, spare_key
from contract_tests.race import Call

#: How many calls a minute each provider lets pass.
QUOTAS = {"fileflare": 60, "fileforge": 60, "filescom": 600, "dezerx": 60}
#: How a call is made that can be made once.
ONE_TIME: Mapping[str, Callable[[Lab], Call]] = {"dezerx": dezerx_steps.download_call}


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


# Fileflare


@rule("fileflare.race.send-email")
def test_send_email(lab: Lab) -> None:
    """Of 50 calls at once that would send an e-mail 30 are let through; there is no such order, so none is sent."""
    call = lab.prepare("send_email", key=lab.key(), path=fileflare_steps.NOTHING)
    admits(lab, call, 30, more=20, as_passing=lambda answer: answer.status == 404 or answer.passed)


@rule("fileflare.race.delete")
def test_delete_asset(lab: Lab) -> None:
    """No list shows an asset that is asked for when its deletion has been answered."""
    asset = fileflare_steps.made_link(lab)
    call = lab.prepare("list_assets", key=lab.unlimited_key(), query={"filename": asset["filename"]})

    def delete() -> None:
        lab.call("delete_asset", key=lab.key(), path={"asset": asset["id"]}).given()

    def shows(answer: Answer) -> bool:
        return answer.passed and asset["id"].encode() in answer.content

    ends(lab, call, delete, "the asset was deleted", as_passing=shows)


# FileForge


@rule("fileforge.race.conversions")
def test_conversions(lab: Lab) -> None:
    """Of 25 conversions asked for at once 5 are queued."""
    body = fileforge_steps.order(fileforge_steps.picture(lab, lab.key()))
    call = lab.prepare("create_conversion", key=lab.key(), json=body)
    # If all 25 were queued, that would be a debt of five minutes.
    admits(lab, call, 5, more=20, pauses=(61, 305, 305))


@rule("fileforge.race.bulk")
def test_bulk(lab: Lab) -> None:
    """Of 10 bulks of 20 asked for at once one is taken on credit."""
    file = fileforge_steps.picture(lab, lab.key())
    call = lab.prepare("create_bulk_conversion", key=lab.key(), json={"items": [fileforge_steps.order(file)] * 20})
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
    file = fileforge_steps.picture(lab, lab.key())
    call = lab.prepare("create_conversion", key=lab.unlimited_key(), json=fileforge_steps.order(file))

    def delete() -> None:
        lab.call("delete_file", key=lab.key(), path={"id": file}).given()

    ends(lab, call, delete, "the file was deleted")


# Files.com


@rule("filescom.race.delete-key")
def test_delete_key(lab: Lab) -> None:
    """No call passes that begins when the deletion of its key has been answered."""
    key = filescom_steps.create(lab)
    call = lab.prepare("find_current_api_key", key=key.raw)
    ends(lab, call, lambda: filescom_steps.delete(lab, key.id).given(), "the key was deleted")


@rule("filescom.race.session")
def test_session(lab: Lab) -> None:
    """No call passes that begins when the end of its session has been answered."""
    session, by = filescom_steps.session(lab), filescom_steps.SESSION
    call = lab.prepare("list_folder", key=session.id, by=by, path={"path": ""})
    ends(lab, call, lambda: lab.call("delete_session", key=session.id, by=by).given(), "the session was ended")


@rule("filescom.race.delete")
def test_delete_folder(lab: Lab) -> None:
    """No call finds a folder that begins when its deletion has been answered."""
    with filescom_steps.scratch(lab) as path:
        call = lab.prepare("find_file", key=lab.key(), path={"path": path})
        ends(lab, call, lambda: filescom_steps.remove(lab, lab.key(), path).given(), "the folder was deleted")


# DezerX


@rule("dezerx.race.suspend")
def test_suspend(lab: Lab) -> None:
    """No call passes that begins when the suspension of its licence has been answered."""
    key = spare_key(lab)
    call = lab.prepare("verify", key=key)
    ends(lab, call, lambda: lab.admin.change_key(key, attributes={"active": False}), "the licence was suspended")
