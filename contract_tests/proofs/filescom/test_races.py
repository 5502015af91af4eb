"""Proofs of what Files.com promises of many calls at the same time."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.proofs.filescom import steps
from contract_tests.proofs.races import ends


@rule("filescom.race.delete-key")
def test_delete_key(lab: Lab) -> None:
    """No call passes that begins when the deletion of its key has been answered."""
    key = steps.create(lab)
    call = lab.prepare("find_current_api_key", key=key.raw)
    ends(lab, call, lambda: steps.delete(lab, key.id).given(), "the key was deleted")


@rule("filescom.race.session")
def test_session(lab: Lab) -> None:
    """No call passes that begins when the end of its session has been answered."""
    session, by = steps.new_session(lab), steps.SESSION
    call = lab.prepare("list_folder", key=session.id, by=by, path={"path": ""})
    ends(lab, call, lambda: lab.call("delete_session", key=session.id, by=by).given(), "the session was ended")


@rule("filescom.race.delete")
def test_delete_folder(lab: Lab) -> None:
    """No call finds a folder that begins when its deletion has been answered."""
    with steps.scratch(lab) as path:
        call = lab.prepare("find_file", key=lab.key(), path={"path": path})
        ends(lab, call, lambda: steps.remove(lab, lab.key(), path).given(), "the folder was deleted")
