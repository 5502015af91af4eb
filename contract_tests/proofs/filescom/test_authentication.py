"""Proofs of the rules of Files.com: how a key is sent, and sessions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import errors, sessions, steps
from latchkey.records import Operation

# Authentication: SDKs and recorded answers


@rule("filescom.auth.required")
def test_auth_required(lab: Lab) -> None:
    """No operation that needs a credential answers without one."""
    for operation in _secured(lab):
        lab.call(operation).expect(401)


@rule("filescom.auth.required-type")
def test_auth_required_type(lab: Lab) -> None:
    """A request without a credential hears that authentication is required."""
    for operation in _secured(lab):
        errors.refuses(lab.call(operation), "not-authenticated/authentication-required", 401)


@rule("filescom.auth.invalid-key")
def test_auth_invalid_key(lab: Lab) -> None:
    """No operation accepts a key that was never issued."""
    for operation in _secured(lab):
        errors.refuses(lab.call(operation, key=lab.forged()), "not-authenticated/invalid-credentials", 401)


def _secured(lab: Lab) -> Sequence[Operation]:
    return lab.some(lab.secured(), 2, "methods")


@rule("filescom.auth.malformed")
def test_auth_malformed(lab: Lab) -> None:
    """A good key with another character in it is answered as an unknown one."""
    good = lab.key()
    steps.current(lab, good).given(200)
    for odd in (f"{good.raw[:-1]}-", f"{good.raw}!", "not a key"):
        lab.hide(odd, "MALFORMED_KEY")
        errors.refuses(steps.current(lab, odd), "not-authenticated/invalid-credentials", 401)


@rule("filescom.auth.other-headers")
def test_auth_other_headers(lab: Lab) -> None:
    """The key that is good in its own header is nothing in another."""
    raw = lab.key().raw
    steps.current(lab, raw).given(200)
    others = {"Authorization": f"Bearer {raw}", "X-API-Key": raw, "X-FilesAPI-Auth": raw, "X-Files-Key": raw}
    for header, value in others.items():
        lab.call("find_current_api_key", headers={header: value}).expect(401)


@rule("filescom.auth.key-first")
def test_auth_key_first(lab: Lab) -> None:
    """Beside a good session a good key is the one in use and a bad key is refused; a bad session does no harm."""
    good = lab.key("member")
    session = lab.credential(steps.session(lab).id, steps.SESSION)
    lab.call("find_current_api_key", key=good, headers=session).expect(200)
    lab.call("list_folder", key=lab.forged(), path={"path": ""}, headers=session).expect(401)
    lab.call("list_folder", key=good, path={"path": ""}, headers={"X-FilesAPI-Auth": "0" * 40}).expect(200)


# Sessions: SDKs and recorded answers


@rule("filescom.session.create")
def test_session_create(lab: Lab) -> None:
    """A user's name and password open a session; two sessions are two."""
    life, ids = sessions.two(lab), set()
    for step in ("first", "second"):
        id = lab.hide(str(life[step].expect(201).conforms().member("id")), "SESSION")
        check(re.fullmatch(r"[0-9a-f]{40}", id) is not None, "an id of 40 hexadecimal digits", f"{len(id)} characters")
        ids.add(id)
    check(len(ids) == 2, "two sessions", "the same id twice")


@rule("filescom.session.wrong-password")
def test_session_wrong_password(lab: Lab) -> None:
    """The name opens a session with its password and not with another, nor with none."""
    username, password, _ = steps.credentials(lab)
    steps.session(lab)
    for wrong in lab.some((f"{password}x", password.upper(), "")):
        lab.hide(wrong, "WRONG_PASSWORD") if wrong else None
        answer = steps.sign_in(lab, username, wrong)
        errors.refuses(answer, "not-authenticated/invalid-username-or-password", 401)


@rule("filescom.session.unknown-user")
def test_session_unknown_user(lab: Lab) -> None:
    """A name that nobody has is answered with what a wrong password is."""
    answer = steps.sign_in(lab, "nobody-has-this-name", "nor-this-password")
    errors.refuses(answer, "not-authenticated/invalid-username-or-password", 401)


@rule("filescom.session.beside-key")
def test_session_beside_key(lab: Lab) -> None:
    """A client with an API key opens a session all the same, and it is the user's."""
    username, password, _ = steps.credentials(lab)
    answer = steps.sign_in(lab, username, password, key=lab.key()).expect(201)
    session = lab.hide(str(answer.member("id")), "SESSION")
    for name, statuses in lab.some((("list_users", (401, 403)), ("list_folder", (200,)))):
        lab.call(name, key=session, by=steps.SESSION, path={"path": ""}).expect(*statuses)


@rule("filescom.session.acts-as-user")
def test_session_acts_as_user(lab: Lab) -> None:
    """An administrator's session lists users; a member's does not, and reaches the member's files and no other's."""
    sessions.two(lab)["second used"].given(200)
    admin, member = steps.session(lab, "admin_user").id, steps.session(lab).id
    own, other = steps.home(lab, lab.key("member")), steps.home(lab, lab.key("second_member"))
    for session, operation, folder, statuses in lab.some(
        (
            (admin, "list_users", "", (200,)),
            (member, "list_folder", own, (200,)),
            (member, "list_folder", other, (403, 404)),
            (admin, "list_folder", other, (200,)),
            (member, "list_users", "", (401, 403)),
        ),
        3,
    ):
        lab.call(operation, key=session, by=steps.SESSION, path={"path": folder}).expect(*statuses)


@rule("filescom.session.end")
def test_session_end(lab: Lab) -> None:
    """Of two sessions of a user, the one that is ended is refused from then on and the other is not."""
    life = sessions.two(lab)
    life["used"].expect(200)
    ended = life["ended"].expect(204)
    check(not ended.content, "a 204 without a body", ended)
    life["refused"].expect(401, 403)
    life["second used"].expect(200)


@rule("filescom.session.invalid")
def test_session_invalid(lab: Lab) -> None:
    """A session that never was and one that was ended hear the same."""
    life = sessions.two(lab)
    life["ended"].given(204)
    unknown = steps.list_folder(lab, "0" * 40, "", by=steps.SESSION)
    for answer in (unknown, life["refused"]):
        errors.refuses(answer, "not-authenticated/invalid-session", 401)


@rule("filescom.session.end-needs-session")
def test_session_end_needs_session(lab: Lab) -> None:
    """An API key ends no session, and goes on working."""
    lab.call("delete_session", key=lab.key()).expect(401, 403, 422)
    steps.works(lab, lab.key())
