"""Proofs of the rules of Files.com: users and logs."""

from __future__ import annotations

import json
from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import keys, steps, users

# Users and logs: SDKs and recorded answers


@rule("filescom.users.list")
def test_users_list(lab: Lab) -> None:
    """The list is an array in which a member and an administrator stand as what they are."""
    answer = users.listed(lab, lab.key()).expect(200).conforms()
    shown = {row.get("id"): row.get("site_admin") for row in steps.rows(answer)}
    for situation, admin in (("member", False), ("admin_user", True)):
        user = steps.user_of(lab, lab.key(situation))
        check(shown.get(user) is admin, f"user {user} with site_admin {admin}", shown.get(user))


@rule("filescom.users.find")
def test_users_find(lab: Lab) -> None:
    """Two users are found, each by their own id."""
    first, second = (steps.user_of(lab, lab.key(situation)) for situation in ("member", "second_member"))
    for user, answer in ((first, users.member(lab, lab.key())), (second, users.second_member(lab)["found"])):
        shown = answer.expect(200).conforms().member("id")
        check(shown == user, f"user {user}", shown)


@rule("filescom.users.delete")
def test_users_delete(lab: Lab) -> None:
    """A deleted user is found no more; another still is."""
    lab.destroys()
    user, other = (steps.user_of(lab, lab.key(name)) for name in ("member", "second_member"))
    lab.call("delete_user", key=lab.key(), path={"id": user}).expect(204)
    lab.call("find_user", key=lab.key(), path={"id": user}).expect(404)
    lab.call("find_user", key=lab.key(), path={"id": other}).expect(200)


@rule("filescom.users.keys-end")
def test_users_keys_end(lab: Lab) -> None:
    """When a user is deleted, their key is refused and another user's is not."""
    lab.destroys()
    user = steps.user_of(lab, lab.key("member"))
    key = steps.create(lab, user_id=user)
    steps.works(lab, key.raw)
    lab.call("delete_user", key=lab.key(), path={"id": user}).given()
    steps.is_refused(lab, key.raw)
    steps.works(lab, lab.key("second_member"))


@rule("filescom.users.unknown")
def test_users_unknown(lab: Lab) -> None:
    """An id that no user has is answered with 404, to find and to delete."""
    for name in ("find_user", "delete_user"):
        answer = lab.call(name, key=lab.key(), path={"id": keys.NOTHING}).expect(404)
        type = str(answer.member("type"))
        check(type.split("/")[0] == "not-found", f"{answer.request} to answer with a type not-found", type)


@rule("filescom.users.no-password")
def test_users_no_password(lab: Lab) -> None:
    """A user's password, once known, stands neither in the list nor in what is found."""
    _, password, _ = steps.credentials(lab)
    for answer in (users.listed(lab, lab.key()).given(200), users.member(lab, lab.key()).given(200)):
        check(password not in json.dumps(answer.json()), f"{answer.request} not to show the password", "it does")


@rule("filescom.log.entry")
def test_log_entry(lab: Lab) -> None:
    """The entry of a request tells what was asked, with which key, and how it was answered."""
    key, entry = _logged(lab)
    told = {name: entry.get(name) for name in ("api_key_id", "request_method", "response_code")}
    wanted = {"api_key_id": key, "request_method": "PATCH", "response_code": 200}
    check(told == wanted, f"an entry with {wanted}", told)
    path = str(entry.get("request_path"))
    check(path.split("?")[0].endswith("/api_key"), "the path of the request in its entry", path)


@rule("filescom.log.site-wide")
def test_log_site_wide(lab: Lab) -> None:
    """The entry of a site-wide key's request names that key and no user."""
    key, entry = _logged(lab)
    told = (entry.get("api_key_id"), entry.get("user_id"))
    check(told[0] == key and steps.blank(told[1]), f"key {key} and no user", told)


def _logged(lab: Lab) -> tuple[int, dict[str, Any]]:
    """A site-wide key, and the entry about its change of itself."""
    life = keys.changed(lab)
    return steps.made(lab, life["created"]).id, users.log_entry(lab, life["renamed itself"].given(200))


@rule("filescom.log.refused")
def test_log_refused(lab: Lab) -> None:
    """Of a request that passed and one that was refused, the log tells which is which, and the type of the error."""
    member = lab.key("member")
    passed = users.log_entry(lab, steps.listing(lab, member, "").given(200))
    refused = users.listed(lab, member).given(401, 403, 404)
    entry = users.log_entry(lab, refused)
    check(passed.get("success") is True, "success true of the one that passed", passed.get("success"))
    check(entry.get("success") is False, "success false of the one that was refused", entry.get("success"))
    check(entry.get("error_type") == refused.member("type"), f"error_type {refused.member('type')}", entry)
