"""Proofs of the rules of Files.com: users and logs."""

from __future__ import annotations

import json

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps

# Users and logs: SDKs and recorded answers


@rule("filescom.users.list")
def test_users_list(lab: Lab) -> None:
    """The list is an array in which a member and an administrator stand as what they are."""
    answer = lab.call("list_users", key=lab.key(), query={"per_page": 10000}).expect(200).conforms()
    shown = {row.get("id"): row.get("site_admin") for row in steps.rows(answer)}
    for situation, admin in (("member", False), ("admin_user", True)):
        user = steps.user_of(lab, lab.key(situation))
        check(shown.get(user) is admin, f"user {user} with site_admin {admin}", shown.get(user))


@rule("filescom.users.find")
def test_users_find(lab: Lab) -> None:
    """Two users are found, each by their own id."""
    for situation in ("member", "second_member"):
        user = steps.user_of(lab, lab.key(situation))
        shown = lab.call("find_user", key=lab.key(), path={"id": user}).expect(200).conforms().member("id")
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
        answer = lab.call(name, key=lab.key(), path={"id": 999_999_999}).expect(404)
        type = str(answer.member("type"))
        check(type.split("/")[0] == "not-found", f"{answer.request} to answer with a type not-found", type)


@rule("filescom.users.no-password")
def test_users_no_password(lab: Lab) -> None:
    """A user's password, once known, stands neither in the list nor in what is found."""
    _, password, user = steps.credentials(lab)
    listed = lab.call("list_users", key=lab.key(), query={"per_page": 10000}).given(200)
    found = lab.call("find_user", key=lab.key(), path={"id": user}).given(200)
    for answer in (listed, found):
        check(password not in json.dumps(answer.json()), f"{answer.request} not to show the password", "it does")


@rule("filescom.log.entry")
def test_log_entry(lab: Lab) -> None:
    """The entry of a request tells what was asked, with which key, and how it was answered."""
    with steps.new_key(lab) as new:
        answer = steps.current(lab, new.raw).given(200)
        entry = steps.log_entry(lab, answer)
        told = {name: entry.get(name) for name in ("api_key_id", "request_method", "response_code")}
        wanted = {"api_key_id": new.id, "request_method": "GET", "response_code": 200}
        check(told == wanted, f"an entry with {wanted}", told)
        path = str(entry.get("request_path"))
        check(path.split("?")[0].endswith("/api_key"), "the path of the request in its entry", path)


@rule("filescom.log.site-wide")
def test_log_site_wide(lab: Lab) -> None:
    """The entry of a site-wide key's request names that key and no user."""
    with steps.new_key(lab) as new:
        entry = steps.log_entry(lab, steps.current(lab, new.raw).given(200))
        told = (entry.get("api_key_id"), entry.get("user_id"))
        check(told[0] == new.id and steps.blank(told[1]), f"key {new.id} and no user", told)


@rule("filescom.log.refused")
def test_log_refused(lab: Lab) -> None:
    """Of a request that passed and one that was refused, the log tells which is which, and the type of the error."""
    member = lab.key("member")
    passed = steps.log_entry(lab, steps.list_folder(lab, member, "").given(200))
    refused = lab.call("list_users", key=member).given(401, 403, 404)
    entry = steps.log_entry(lab, refused)
    check(passed.get("success") is True, "success true of the one that passed", passed.get("success"))
    check(entry.get("success") is False, "success false of the one that was refused", entry.get("success"))
    check(entry.get("error_type") == refused.member("type"), f"error_type {refused.member('type')}", entry)
