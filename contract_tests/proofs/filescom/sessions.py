"""The life of a session of Files.com, of which each rule judges its own part."""

from __future__ import annotations

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.proofs.filescom import steps
from contract_tests.story import Steps, Story, told


def two(lab: Lab) -> Story:
    """Two sessions of a user (first, second); the first is used, ended, refused; then the second is used."""
    return told(lab, "two sessions", lambda: _two(lab))


def _two(lab: Lab) -> Steps:
    username, password, _ = steps.credentials(lab)
    yield "first", (first := steps.sign_in(lab, username, password))
    id = lab.hide(str(first.given(200, 201).member("id")), "ENDED_SESSION")
    second = steps.session(lab)
    yield "second", second.answer
    yield "used", _used(lab, id)
    yield "ended", lab.call("delete_session", key=id, by=steps.SESSION)
    yield "refused", _used(lab, id)
    yield "second used", _used(lab, second.id)


def _used(lab: Lab, id: str) -> Answer:
    return steps.list_folder(lab, id, "", by=steps.SESSION)
