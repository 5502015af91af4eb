"""Proofs of Files.com's rules, in the catalogue's order."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from contract_tests.answer import Answer
from contract_tests.counting import RETRY_AFTER
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import check
from contract_tests.proofs import filescom_steps as steps
from contract_tests.provision import Key

MINUTE, HOUR, DAY = 60, 3600, 86400

# document 002, introduction


@rule("filescom.auth.key")
def test_auth_key(lab: Lab) -> None:
    """With a key a request passes; without one the same request does not."""
    for name in ("find_current_api_key", "list_folder"):
        lab.call(name, key=lab.key(), path={"path": ""}).passes()
        refused = lab.call(name, path={"path": ""})
        check(not refused.passed, f"{refused.request} without a key to be refused", refused)


@rule("filescom.key.independent")
def test_key_independent(lab: Lab) -> None:
    """Of three keys, two of them one user's, the others work on when one is deleted, and so does the site's."""
    user = steps.user_of(lab, lab.key("member"))
    with steps.new_key(lab, user_id=user) as sibling, steps.new_key(lab) as site_wide:
        doomed = steps.create(lab, user_id=user)
        steps.current(lab, doomed.raw).given(200)
        steps.delete(lab, doomed.id).given()
        for other in (sibling.raw, site_wide.raw, lab.key(), lab.key("member")):
            steps.works(lab, other)


@rule("filescom.key.disposable")
def test_key_disposable(lab: Lab) -> None:
    """A key is created, deleted and created again, and the second is another one."""
    first = steps.create(lab, name="disposable")
    steps.delete(lab, first.id).passes()
    with steps.new_key(lab, name="disposable") as second:
        check(second.id != first.id and second.raw != first.raw, "another id and value than the first key's", second.id)
        steps.works(lab, second.raw)


@rule("filescom.key.two-types")
def test_key_two_types(lab: Lab) -> None:
    """A key created for a user belongs to that user, one created for nobody belongs to no user."""
    user = steps.user_of(lab, lab.key("member"))
    with steps.new_key(lab, user_id=user) as owned, steps.new_key(lab) as site_wide:
        shown = steps.find(lab, owned.id).given(200).member("user_id")
        check(shown == user, f"the user key to belong to user {user}", shown)
        shown = steps.find(lab, site_wide.id).given(200).json().get("user_id")
        check(steps.blank(shown), "the site-wide key to belong to no user", shown)


@rule("filescom.access.site-wide")
def test_access_site_wide(lab: Lab) -> None:
    """A site-wide key reaches keys, users, logs and the files of everyone."""
    _has_full_access(lab, lab.key())


@rule("filescom.access.admin-user")
def test_access_admin_user(lab: Lab) -> None:
    """An administrator's key reaches keys, users, logs and the files of everyone."""
    _has_full_access(lab, lab.key("admin_user"))


def _has_full_access(lab: Lab, key: Key) -> None:
    member = lab.key("member")
    folder = steps.home(lab, member)
    for name in ("list_api_keys", "list_users", "list_api_request_logs"):
        lab.call(name, key=key).passes()
    with steps.new_key(lab, key, name="by one with full access"), steps.scratch(lab, folder, member) as mine:
        steps.upload(lab, member, f"{mine}/a.txt", b"a member's").given()
        steps.list_folder(lab, key, mine).passes()
        steps.download(lab, key, f"{mine}/a.txt").passes()
        steps.uploads(lab, key, f"{mine}/b.txt", b"another's")
        steps.remove(lab, key, f"{mine}/a.txt").passes()


@rule("filescom.access.follows-user")
def test_access_follows_user(lab: Lab) -> None:
    """Of two users' files, a key of the one user reaches the one and a key of the other the other."""
    keys = (lab.key("member"), lab.key("second_member"))
    homes = [steps.home(lab, key) for key in keys]
    users = [steps.user_of(lab, key) for key in keys]
    with (
        steps.scratch(lab, homes[0]) as first,
        steps.scratch(lab, homes[1]) as second,
        steps.new_key(lab, user_id=users[0]) as of_first,
        steps.new_key(lab, user_id=users[1]) as of_second,
    ):
        for path in (first, second):
            steps.upload(lab, lab.key(), f"{path}/it.txt", b"it").given()
        for key, own, other in ((of_first, first, second), (of_second, second, first)):
            steps.list_folder(lab, key.raw, own).passes()
            steps.download(lab, key.raw, f"{own}/it.txt").passes()
            steps.list_folder(lab, key.raw, other).expect(403, 404)
            steps.download(lab, key.raw, f"{other}/it.txt").expect(403, 404)


@rule("filescom.access.member-files")
def test_access_member_files(lab: Lab) -> None:
    """A member works with their own files; another's they can neither list, find, download, write nor delete."""
    member, other = lab.key("member"), steps.home(lab, lab.key("second_member"))
    with steps.scratch(lab, steps.home(lab, member)) as mine, steps.scratch(lab, other) as theirs:
        path = f"{theirs}/secret.txt"
        steps.upload(lab, lab.key(), path, b"not yours").given()
        steps.uploads(lab, member, f"{mine}/own.txt", b"mine")
        steps.download(lab, member, f"{mine}/own.txt").passes()
        steps.remove(lab, member, f"{mine}/own.txt").passes()
        steps.stat(lab, member, path).expect(403, 404)
        steps.download(lab, member, path).expect(403, 404)
        steps.begin(lab, member, f"{theirs}/mine.txt", 1).expect(403, 404)
        steps.remove(lab, member, path).expect(403, 404)
        _shows_nothing_of(lab, member, theirs)
        steps.stat(lab, lab.key(), path).expect(200)


def _shows_nothing_of(lab: Lab, key: Key, folder: str) -> None:
    """No listing on the way down to the folder names it or anything in it."""
    names = folder.split("/")
    for depth in range(len(names) + 1):
        answer = steps.list_folder(lab, key, "/".join(names[:depth]))
        if answer.passed:
            seen = [path for path in steps.paths(answer) if f"{path}/".startswith(f"{folder}/")]
            check(not seen, f"{answer.request} not to show {folder}", seen)
        else:
            answer.expect(403, 404)


@rule("filescom.access.member-no-administration")
def test_access_member_no_administration(lab: Lab) -> None:
    """What an administrator may ask of users and logs, a member may not, not even about themselves."""
    for answer in _administration(lab, lab.key()):
        answer.given()
    for answer in _administration(lab, lab.key("member")):
        answer.expect(401, 403, 404)
    victim = steps.user_of(lab, lab.key("second_member"))
    lab.call("delete_user", key=lab.key("member"), path={"id": victim}).expect(401, 403, 404)
    lab.call("find_user", key=lab.key(), path={"id": victim}).expect(200)


@rule("filescom.access.member-refusal-type")
def test_access_member_refusal_type(lab: Lab) -> None:
    """The refusal of administration says that a site administrator is required."""
    for answer in _administration(lab, lab.key("member")):
        steps.refuses(answer, "not-authorized/site-admin-required", 403)


def _administration(lab: Lab, key: Key) -> list[Answer]:
    user = steps.user_of(lab, lab.key("member"))
    return [
        lab.call("list_users", key=key),
        lab.call("find_user", key=key, path={"id": user}),
        lab.call("list_api_request_logs", key=key),
    ]


@rule("filescom.log.user")
def test_log_user(lab: Lab) -> None:
    """The requests of two users' keys stand in the log, each under its own user."""
    for situation in ("member", "admin_user"):
        key = lab.key(situation)
        user = steps.user_of(lab, key)
        entry = steps.log_entry(lab, steps.list_folder(lab, key, "").given(200))
        check(entry.get("user_id") == user, f"the entry to name user {user}", entry)


@rule("filescom.access.delete-all-files")
@pytest.mark.parametrize("situation", ["full", "admin_user"])
def test_access_delete_all_files(lab: Lab, situation: str) -> None:
    """A site-wide key and an administrator's each empty the site of files."""
    lab.destroys()
    key = lab.key(situation)
    found = steps.paths(steps.list_folder(lab, key, "").given(200))
    for path in found or ["nothing to delete"]:
        steps.remove(lab, key, path, recursive=True).passes()
    left = steps.paths(steps.list_folder(lab, lab.key(), "").expect(200))
    check(not left, "nothing left in the root", left)


@rule("filescom.access.delete-all-users")
@pytest.mark.parametrize("situation", ["full", "admin_user"])
def test_access_delete_all_users(lab: Lab, situation: str) -> None:
    """A site-wide key and an administrator's each delete every user, the latter itself last."""
    lab.destroys()
    key = lab.key(situation)
    itself = None if situation == "full" else steps.user_of(lab, key)
    users = steps.ids(lab.call("list_users", key=key).given(200))
    for user in sorted(users, key=lambda user: user == itself):
        lab.call("delete_user", key=key, path={"id": user}).passes()
    left = steps.ids(lab.call("list_users", key=lab.key()).expect(200))
    check(not left, "no user left", left)


# document 002, Creating API Keys


@rule("filescom.site-keys.admin-creates")
def test_site_keys_admin_creates(lab: Lab) -> None:
    """An administrator's key creates a site-wide key, and that works."""
    answer = lab.call("create_api_key", key=lab.key("admin_user"), json={"name": "site-wide"}).passes()
    new = steps.made(lab, answer)
    check(steps.blank(answer.json().get("user_id")), "the new key to belong to no user", answer.json().get("user_id"))
    steps.works(lab, new.raw)
    steps.delete(lab, new.id)


@rule("filescom.site-keys.only-admin-creates")
def test_site_keys_only_admin_creates(lab: Lab) -> None:
    """The same request that an administrator creates a site-wide key with brings a member none."""
    answer = lab.call("create_api_key", key=lab.key("member"), json={"name": "site-wide"})
    if answer.passed:
        new = steps.made(lab, answer)
        steps.delete(lab, new.id)
    answer.expect(401, 403, 422)
    with steps.new_key(lab, lab.key("admin_user"), name="site-wide"):
        pass


@rule("filescom.site-keys.admin-sees-all")
def test_site_keys_admin_sees_all(lab: Lab) -> None:
    """An administrator is shown a site-wide key and the keys of two users."""
    users = [steps.user_of(lab, lab.key(name)) for name in ("member", "second_member")]
    with (
        steps.new_key(lab) as site_wide,
        steps.new_key(lab, user_id=users[0]) as first,
        steps.new_key(lab, user_id=users[1]) as second,
    ):
        wanted = {site_wide.id, first.id, second.id}
        for key in (lab.key(), lab.key("admin_user")):
            seen = set(steps.ids(lab.call("list_api_keys", key=key, query={"per_page": 10000}).expect(200)))
            check(wanted <= seen, f"the keys {wanted} in the list", wanted & seen)


@rule("filescom.site-keys.admin-deletes-any")
def test_site_keys_admin_deletes_any(lab: Lab) -> None:
    """An administrator's key deletes a site-wide key and a member's, and neither works any more."""
    owners: tuple[dict[str, Any], ...] = ({}, {"user_id": steps.user_of(lab, lab.key("member"))})
    for body in owners:
        new = steps.create(lab, **body)
        steps.current(lab, new.raw).given(200)
        steps.delete(lab, new.id, lab.key("admin_user")).passes()
        steps.is_refused(lab, new.raw)


@rule("filescom.user-keys.own")
def test_user_keys_own(lab: Lab) -> None:
    """A member creates a key, and it is theirs and works."""
    member = lab.key("member")
    user = steps.user_of(lab, member)
    answer = lab.call("create_api_key", key=member, json={"name": "my own", "user_id": user}).passes()
    new = steps.made(lab, answer)
    shown = steps.current(lab, new.raw).expect(200).member("user_id")
    check(shown == user, f"the new key to belong to user {user}", shown)
    steps.delete(lab, new.id)


@rule("filescom.user-keys.admin-for-any")
def test_user_keys_admin_for_any(lab: Lab) -> None:
    """Keys that an administrator creates for two users have those users' access, no more and no less."""
    for situation in ("member", "second_member"):
        key = lab.key(situation)
        user, folder = steps.user_of(lab, key), steps.home(lab, key)
        body = {"name": "for a user", "user_id": user}
        answer = lab.call("create_api_key", key=lab.key("admin_user"), json=body).passes()
        new = steps.made(lab, answer)
        shown = steps.current(lab, new.raw).expect(200).member("user_id")
        check(shown == user, f"the new key to belong to user {user}", shown)
        steps.list_folder(lab, new.raw, folder).expect(200)
        lab.call("list_users", key=new.raw).expect(401, 403)
        steps.delete(lab, new.id)


@rule("filescom.user-keys.not-for-others")
def test_user_keys_not_for_others(lab: Lab) -> None:
    """A member creates keys for themselves and not for another, whichever path they take."""
    member = lab.key("member")
    user, other = steps.user_of(lab, member), steps.user_of(lab, lab.key("second_member"))
    for id, kept in ((user, True), (other, False)):
        for answer in (
            lab.call("create_api_key", key=member, json={"name": "whose?", "user_id": id}),
            lab.call("create_user_api_key", key=member, path={"user_id": id}, json={"name": "whose?"}),
        ):
            if answer.passed:
                steps.delete(lab, steps.made(lab, answer).id)
            answer.passes() if kept else answer.expect(403, 404, 422)


@rule("filescom.create.name")
def test_create_name(lab: Lab) -> None:
    """The name that a key is created with is the one it is found and listed under."""
    with steps.new_key(lab, name="Scanner in the mail room") as new:
        for answer in (new.answer, steps.find(lab, new.id), steps.current(lab, new.raw)):
            shown = answer.given().member("name")
            check(shown == "Scanner in the mail room", "the name it was created with", shown)


@rule("filescom.create.name-required")
def test_create_name_required(lab: Lab) -> None:
    """The body that creates a key creates none without its name."""
    with steps.new_key(lab, description="with a name"):
        pass
    lab.call("create_api_key", key=lab.key(), json={"description": "without a name"}).expect(400, 422)


@rule("filescom.create.expiry-optional")
def test_create_expiry_optional(lab: Lab) -> None:
    """A key is created without an expiry date, and such a key works 400 days later as on the first."""
    answer = lab.call("create_api_key", key=lab.key(), json={"name": "without end"}).passes()
    steps.delete(lab, answer.member("id"))
    with steps.new_key(lab) as new:
        shown = steps.find(lab, new.id).given(200).json().get("expires_at")
        check(steps.blank(shown), "no expiry date", shown)
        steps.works(lab, new.raw)
        lab.advance(400 * DAY)
        steps.works(lab, new.raw)


@rule("filescom.expiry.kept")
def test_expiry_kept(lab: Lab) -> None:
    """The expiry date that a key is created with is the one it shows."""
    wanted = int(lab.now()) + 3 * DAY
    with steps.new_key(lab, expires_at=steps.moment(wanted)) as new:
        for answer in (new.answer, steps.find(lab, new.id)):
            shown = answer.given().member("expires_at")
            check(steps.seconds(shown) == wanted, f"expires_at {steps.moment(wanted)}", shown)


@rule("filescom.expiry.refused")
def test_expiry_refused(lab: Lab) -> None:
    """A key that expires in 30 seconds works, works still after 25, and not after 31."""
    with steps.new_key(lab, expires_at=steps.moment(lab.now() + 30)) as new:
        steps.works(lab, new.raw)
        lab.advance(25)
        steps.works(lab, new.raw)
        lab.advance(6)
        steps.is_refused(lab, new.raw)


@rule("filescom.expiry.type")
def test_expiry_type(lab: Lab) -> None:
    """An expired key hears what an unknown one hears."""
    steps.refuses(steps.current(lab, lab.key("expired")), "not-authenticated/invalid-credentials", 401)


@rule("filescom.create.presented")
def test_create_presented(lab: Lab) -> None:
    """The value in the answer that creates a key is a credential, and the key in use is the one created."""
    answer = lab.call("create_api_key", key=lab.key(), json={"name": "presented"}).passes()
    raw = lab.hide(str(answer.member("key")), "NEW_KEY")
    shown = steps.current(lab, raw).expect(200).member("id")
    check(shown == answer.member("id"), f"the key {answer.member('id')} to be the one in use", shown)
    steps.delete(lab, shown)


@rule("filescom.create.shown-once")
def test_create_shown_once(lab: Lab) -> None:
    """Listed, found, updated or in use, a key shows neither its value nor another in its place."""
    with steps.new_key(lab) as new:
        listed = lab.call("list_api_keys", key=lab.key(), query={"per_page": 10000})
        updated = lab.call("update_api_key", key=lab.key(), path={"id": new.id}, json={"description": "seen"})
        for answer in (listed, updated, steps.find(lab, new.id), steps.current(lab, new.raw)):
            check(new.raw not in json.dumps(answer.given().json()), f"{answer.request} not to show the key", "it does")
            shown = [row.get("key") for row in (steps.rows(answer) if answer is listed else [answer.json()])]
            check(all(map(steps.blank, shown)), f"{answer.request} to leave key blank", "a value")


@rule("filescom.create.letters-and-digits")
def test_create_letters_and_digits(lab: Lab) -> None:
    """Of three new keys, each has letters and digits only."""
    for _ in range(3):
        with steps.new_key(lab) as new:
            form = f"a value of {len(new.raw)} characters with others among them"
            check(re.fullmatch(r"[A-Za-z0-9]+", new.raw) is not None, "a value of letters and digits", form)


@rule("filescom.key.stored")
def test_key_stored(lab: Lab) -> None:
    """The record of a key holds its first 8 characters and the digest of the others."""
    key = lab.new_key()
    stored = lab.admin.stored(key)
    digest = hashlib.sha256(key.raw[8:].encode()).hexdigest()
    check(stored.get("prefix") == key.raw[:8], "the first 8 characters as prefix", stored.get("prefix"))
    check(stored.get("digest") == digest, "the SHA-256 digest of the rest", stored.get("digest"))
    check(key.raw[8:] not in json.dumps(stored), "the value nowhere in the record", "it is there")


# document 002, Removing and Revoking API Keys


@rule("filescom.revoke.refused")
def test_revoke_refused(lab: Lab) -> None:
    """A key works, is deleted, and its very next request is refused: a site-wide key and a user's."""
    owners: tuple[dict[str, Any], ...] = ({}, {"user_id": steps.user_of(lab, lab.key("member"))})
    for body in owners:
        new = steps.create(lab, **body)
        steps.works(lab, new.raw)
        steps.delete(lab, new.id).passes()
        steps.is_refused(lab, new.raw)


@rule("filescom.revoke.type")
def test_revoke_type(lab: Lab) -> None:
    """A deleted key hears what an unknown one hears."""
    steps.refuses(steps.current(lab, lab.key("revoked")), "not-authenticated/invalid-credentials", 401)


@rule("filescom.revoke.gone")
def test_revoke_gone(lab: Lab) -> None:
    """A key is listed and found until it is deleted, and neither after."""
    new = steps.create(lab)
    check(new.id in _listed(lab), f"key {new.id} in the list", "not there")
    steps.find(lab, new.id).expect(200)
    steps.delete(lab, new.id).given()
    check(new.id not in _listed(lab), f"key {new.id} not in the list", "there")
    steps.find(lab, new.id).expect(404)
    steps.delete(lab, new.id).expect(404)


def _listed(lab: Lab, key: Key | None = None, query: Mapping[str, Any] | None = None) -> list[Any]:
    answer = lab.call("list_api_keys", key=key or lab.key(), query={"per_page": 10000, **(query or {})})
    return steps.ids(answer.expect(200))


@rule("filescom.site-keys.only-admin-deletes")
def test_site_keys_only_admin_deletes(lab: Lab) -> None:
    """A site-wide key survives a member's attempt to delete it and not an administrator's."""
    new = steps.create(lab)
    steps.delete(lab, new.id, lab.key("member")).expect(403, 404)
    steps.works(lab, new.raw)
    steps.delete(lab, new.id, lab.key("admin_user")).passes()


@rule("filescom.user-keys.delete-own")
def test_user_keys_delete_own(lab: Lab) -> None:
    """A member deletes a key of theirs, and it is refused from then on."""
    member = lab.key("member")
    new = steps.create(lab, user_id=steps.user_of(lab, member))
    steps.works(lab, new.raw)
    steps.delete(lab, new.id, member).passes()
    steps.is_refused(lab, new.raw)


@rule("filescom.user-keys.not-others")
def test_user_keys_not_others(lab: Lab) -> None:
    """A member sees their own keys and of another's nothing, and can change nothing about them."""
    member = lab.key("member")
    users = [steps.user_of(lab, lab.key(name)) for name in ("member", "second_member")]
    with steps.new_key(lab, user_id=users[0]) as own, steps.new_key(lab, name="theirs", user_id=users[1]) as theirs:
        seen = _listed(lab, member)
        check(own.id in seen and theirs.id not in seen, f"key {own.id} and not key {theirs.id} in the list", seen)
        steps.find(lab, own.id, member).expect(200)
        steps.find(lab, theirs.id, member).expect(403, 404)
        lab.call("update_api_key", key=member, path={"id": theirs.id}, json={"name": "mine"}).expect(403, 404)
        steps.delete(lab, theirs.id, member).expect(403, 404)
        shown = steps.current(lab, theirs.raw).expect(200).member("name")
        check(shown == "theirs", "the other's key to keep its name", shown)


# files.com/docs, Allowing Users to Create API Keys


@rule("filescom.switch.no-create")
def test_switch_no_create(lab: Lab) -> None:
    """Where the site is so set, a member's key works but creates no other, on either path."""
    key = lab.key("member_without_keys")
    user = steps.user_of(lab, key)
    lab.call("create_api_key", key=key, json={"name": "my own", "user_id": user}).expect(401, 403, 422)
    lab.call("create_own_api_key", key=key, json={"name": "my own"}).expect(401, 403, 404, 422)
    steps.works(lab, key)


@rule("filescom.switch.no-delete")
def test_switch_no_delete(lab: Lab) -> None:
    """Where the site is so set, the key that a member was given cannot be deleted with it."""
    key = lab.key("member_without_keys")
    id = steps.current(lab, key).given(200).member("id")
    steps.delete(lab, id, key).expect(401, 403, 404, 422)
    lab.call("delete_current_api_key", key=key).expect(401, 403, 404, 422)
    steps.works(lab, key)


# Authentication: SDKs and recorded answers


@rule("filescom.auth.required")
def test_auth_required(lab: Lab) -> None:
    """No operation that needs a credential answers without one."""
    for operation in lab.secured():
        lab.call(operation).expect(401)


@rule("filescom.auth.required-type")
def test_auth_required_type(lab: Lab) -> None:
    """A request without a credential hears that authentication is required."""
    for operation in lab.secured():
        steps.refuses(lab.call(operation), "not-authenticated/authentication-required", 401)


@rule("filescom.auth.invalid-key")
def test_auth_invalid_key(lab: Lab) -> None:
    """No operation accepts a key that was never issued."""
    for operation in lab.secured():
        steps.refuses(lab.call(operation, key=lab.forged()), "not-authenticated/invalid-credentials", 401)


@rule("filescom.auth.malformed")
def test_auth_malformed(lab: Lab) -> None:
    """A good key with another character in it is answered as an unknown one."""
    good = lab.key()
    steps.current(lab, good).given(200)
    for odd in (f"{good.raw[:-1]}-", f"{good.raw}!", "not a key"):
        lab.hide(odd, "MALFORMED_KEY")
        steps.refuses(steps.current(lab, odd), "not-authenticated/invalid-credentials", 401)


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


# API keys: SDKs, swagger_doc.json and the official mock server


@rule("filescom.api-keys.list")
def test_api_keys_list(lab: Lab) -> None:
    """The list is an array in which a new key stands."""
    with steps.new_key(lab) as new:
        answer = lab.call("list_api_keys", key=lab.key(), query={"per_page": 10000}).expect(200).conforms()
        check(new.id in steps.ids(answer), f"key {new.id} in the list", steps.ids(answer))


@rule("filescom.api-keys.find")
def test_api_keys_find(lab: Lab) -> None:
    """Of two keys, each is found by its own id."""
    with steps.new_key(lab) as first, steps.new_key(lab) as second:
        for new in (first, second):
            shown = steps.find(lab, new.id).expect(200).conforms().member("id")
            check(shown == new.id, f"key {new.id}", shown)


@rule("filescom.api-keys.create")
def test_api_keys_create(lab: Lab) -> None:
    """A key with everything that can be said of it is created as it was said."""
    body = {"name": "Nightly backup", "description": "Copies reports to the archive"}
    answer = lab.call("create_api_key", key=lab.key(), json=body).expect(201).conforms()
    steps.delete(lab, answer.member("id"))
    shown = {name: answer.json().get(name) for name in body}
    check(shown == body, f"a key with {body}", shown)


@rule("filescom.api-keys.update")
def test_api_keys_update(lab: Lab) -> None:
    """A new name, description and expiry stand in the answer and in what is found later; what was not named stays."""
    expires = steps.moment(lab.now() + DAY)
    with steps.new_key(lab, name="before", description="first") as new:
        change = {"id": new.id, "name": "after"}
        answer = lab.call("update_api_key", key=lab.key(), path={"id": new.id}, json=change).expect(200).conforms()
        _shows(answer, name="after", description="first")
        more = {"description": "second", "expires_at": expires}
        answer = lab.call("update_api_key", key=lab.key(), path={"id": new.id}, json=more).expect(200)
        for shown in (answer, steps.find(lab, new.id)):
            _shows(shown, name="after", description="second")
            check(steps.seconds(shown.member("expires_at")) == steps.seconds(expires), f"expires_at {expires}", shown)


def _shows(answer: Answer, **members: Any) -> None:
    shown = {name: answer.json().get(name) for name in members}
    check(shown == members, f"{answer.request} to show {members}", shown)


@rule("filescom.api-keys.delete")
def test_api_keys_delete(lab: Lab) -> None:
    """Keys are deleted with 204: plainly, with the id in the query as well, and with the id in a body."""
    for place in (None, "query", "body"):
        new = steps.create(lab)
        id = {"id": new.id}
        query, body = id if place == "query" else None, id if place == "body" else None
        answer = lab.call("delete_api_key", key=lab.key(), path=id, query=query, json=body).expect(204)
        check(not answer.content, "a 204 without a body", answer)
        steps.is_refused(lab, new.raw)


@rule("filescom.api-keys.unknown")
def test_api_keys_unknown(lab: Lab) -> None:
    """An id that no key has, and that of a key of another site, are answered with 404 by every operation."""
    other = lab.neighbour()
    with steps.new_key(other, name="of another site") as foreign:
        for id in (999_999_999, foreign.id):
            for name, body in (("find_api_key", None), ("update_api_key", {"name": "mine"}), ("delete_api_key", None)):
                answer = lab.call(name, key=lab.key(), path={"id": id}, json=body)
                answer.expect(404)
                type = str(answer.member("type"))
                check(type.split("/")[0] == "not-found", f"{answer.request} to answer with a type not-found", type)
        _shows(steps.find(other, foreign.id).expect(200), name="of another site")


@rule("filescom.api-keys.site-wide-user")
def test_api_keys_site_wide_user(lab: Lab) -> None:
    """Found or listed, a site-wide key has a blank user_id and a user key that of its user."""
    user = steps.user_of(lab, lab.key("member"))
    with steps.new_key(lab) as site_wide, steps.new_key(lab, user_id=user) as owned:
        listed = steps.rows(lab.call("list_api_keys", key=lab.key(), query={"per_page": 10000}).given(200))
        for new, wanted in ((site_wide, None), (owned, user)):
            found = steps.find(lab, new.id).given(200).json()
            in_list = next((row for row in listed if row.get("id") == new.id), {})
            for shown in (found, in_list):
                check((shown.get("user_id") or None) == wanted, f"user_id {wanted} of key {new.id}", shown)


@rule("filescom.api-keys.user-filter")
def test_api_keys_user_filter(lab: Lab) -> None:
    """Listed for one user, the keys are that user's and no other's."""
    users = [steps.user_of(lab, lab.key(name)) for name in ("member", "second_member")]
    with steps.new_key(lab, user_id=users[0]) as own, steps.new_key(lab, user_id=users[1]), steps.new_key(lab):
        answer = lab.call("list_api_keys", key=lab.key(), query={"user_id": users[0], "per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(answer)}
        check(owners == {users[0]} and own.id in steps.ids(answer), f"keys of user {users[0]} alone", owners)


@rule("filescom.api-keys.user-zero")
def test_api_keys_user_zero(lab: Lab) -> None:
    """An administrator who says 0 is shown their own keys alone, and creates one of their own."""
    key = lab.key("admin_user")
    user = steps.user_of(lab, key)
    answer = lab.call("create_api_key", key=key, json={"name": "mine", "user_id": 0}).passes()
    check(answer.member("user_id") == user, f"the new key to belong to user {user}", answer.member("user_id"))
    with steps.new_key(lab, user_id=steps.user_of(lab, lab.key("member"))), steps.new_key(lab):
        listed = lab.call("list_api_keys", key=key, query={"user_id": 0, "per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(listed)}
        check(owners == {user}, f"keys of user {user} alone", owners)
    steps.delete(lab, answer.member("id"))


@rule("filescom.api-keys.filter-expiry")
def test_api_keys_filter_expiry(lab: Lab) -> None:
    """Of keys that expire before, at and after a moment, each comparison keeps those that it names."""
    middle = int(lab.now()) + 10 * DAY
    user = steps.user_of(lab, lab.key("member"))
    moments = (middle - DAY, middle, middle + DAY)
    keys = [steps.create(lab, user_id=user, expires_at=steps.moment(moment)).id for moment in moments]
    kept = {"filter": [1], "filter_gt": [2], "filter_gteq": [1, 2], "filter_lt": [0], "filter_lteq": [0, 1]}
    for name, wanted in kept.items():
        seen = _listed(lab, query={"user_id": user, f"{name}[expires_at]": steps.moment(middle)})
        shown = [index for index, key in enumerate(keys) if key in seen]
        check(shown == wanted, f"{name} to keep the keys {wanted} of before, at and after", shown)
    for key in keys:
        steps.delete(lab, key)


@rule("filescom.api-keys.filter-unknown")
def test_api_keys_filter_unknown(lab: Lab) -> None:
    """A filter on a field that keys are not filtered by is refused."""
    answer = lab.call("list_api_keys", key=lab.key(), query={"filter[shoe_size]": "44"})
    steps.refuses(answer, "bad-request/invalid-filter-field", 400, 422)


@rule("filescom.api-keys.last-use")
def test_api_keys_last_use(lab: Lab) -> None:
    """The last use of a key that has just been used is told, and lies between three hours ago and now."""
    with steps.new_key(lab) as new:
        steps.current(lab, new.raw).given(200)
        shown = steps.find(lab, new.id).given(200).member("last_use_at")
        age = lab.now() - steps.seconds(shown)
        check(-MINUTE <= age <= 3 * HOUR + MINUTE, "a last use of at most three hours ago", shown)


@rule("filescom.current-key.find")
def test_current_key_find(lab: Lab) -> None:
    """Of two keys, each finds itself."""
    with steps.new_key(lab) as first, steps.new_key(lab) as second:
        for new in (first, second):
            shown = steps.current(lab, new.raw).expect(200).conforms().member("id")
            check(shown == new.id, f"key {new.id}", shown)


@rule("filescom.current-key.update")
def test_current_key_update(lab: Lab) -> None:
    """A key gives itself another name, expiry and permission set, and has them from then on."""
    expires = steps.moment(lab.now() + DAY)
    with steps.new_key(lab, name="before") as new:
        change = {"name": "after", "expires_at": expires}
        answer = lab.call("update_current_api_key", key=new.raw, json=change).expect(200).conforms()
        _shows(answer, name="after", permission_set="full")
        check(steps.seconds(answer.member("expires_at")) == steps.seconds(expires), f"expires_at {expires}", answer)
        lab.call("update_current_api_key", key=new.raw, json={"permission_set": "files_only"}).expect(200)
        _shows(steps.find(lab, new.id).given(200), name="after", permission_set="files_only")
        lab.call("list_api_keys", key=new.raw).expect(403)


@rule("filescom.current-key.delete")
def test_current_key_delete(lab: Lab) -> None:
    """A key deletes itself and no other."""
    with steps.new_key(lab) as other:
        new = steps.create(lab)
        lab.call("delete_current_api_key", key=new.raw).expect(204)
        steps.is_refused(lab, new.raw)
        steps.works(lab, other.raw)


@rule("filescom.current-key.needs-key")
def test_current_key_needs_key(lab: Lab) -> None:
    """A session that works elsewhere finds no current key."""
    session = steps.session(lab)
    lab.call("list_folder", key=session.id, by=steps.SESSION, path={"path": ""}).given(200)
    lab.call("find_current_api_key", key=session.id, by=steps.SESSION).expect(401, 403, 404, 422)


@rule("filescom.alias.users")
def test_alias_users(lab: Lab) -> None:
    """Under a user's path, a key of that user is created and that user's keys are listed."""
    user = steps.user_of(lab, lab.key("member"))
    path = {"user_id": user}
    answer = lab.call("create_user_api_key", key=lab.key(), path=path, json={"name": "theirs"}).expect(201)
    _shows(answer, user_id=user)
    with steps.new_key(lab):
        listed = lab.call("list_user_api_keys", key=lab.key(), path=path, query={"per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(listed)}
        check(answer.member("id") in steps.ids(listed), "the new key in the list", steps.ids(listed))
        check(owners == {user}, f"keys of user {user} alone", owners)
    steps.delete(lab, answer.member("id"))


@rule("filescom.alias.site")
def test_alias_site(lab: Lab) -> None:
    """Under the site's path, a key of no user is created, and it is listed."""
    answer = lab.call("create_site_api_key", key=lab.key(), json={"name": "the site's"}).expect(201)
    check(steps.blank(answer.json().get("user_id")), "a key of no user", answer.json().get("user_id"))
    listed = lab.call("list_site_api_keys", key=lab.key(), query={"per_page": 10000}).expect(200)
    check(answer.member("id") in steps.ids(listed), "the new key in the list", steps.ids(listed))
    steps.delete(lab, answer.member("id"))


@rule("filescom.alias.user")
def test_alias_user(lab: Lab) -> None:
    """Under the caller's path, a key of an administrator's own is created and their keys alone are listed."""
    key = lab.key("admin_user")
    user = steps.user_of(lab, key)
    answer = lab.call("create_own_api_key", key=key, json={"name": "mine"}).expect(201)
    _shows(answer, user_id=user)
    with steps.new_key(lab), steps.new_key(lab, user_id=steps.user_of(lab, lab.key("member"))):
        listed = lab.call("list_own_api_keys", key=key, query={"per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(listed)}
        check(answer.member("id") in steps.ids(listed), "the new key in the list", steps.ids(listed))
        check(owners == {user}, f"keys of user {user} alone", owners)
    steps.delete(lab, answer.member("id"))


# Permission sets: SDKs, ApiKey


@rule("filescom.permission-set.default")
def test_permission_set_default(lab: Lab) -> None:
    """A key of which no set was said has the set full, and may do more than one for files only."""
    with steps.new_key(lab) as new:
        _shows(new.answer, permission_set="full")
        lab.call("list_users", key=new.raw).passes()


@rule("filescom.permission-set.kept")
def test_permission_set_kept(lab: Lab) -> None:
    """Seven keys, one of each set, show the set that was said."""
    user = steps.user_of(lab, lab.key("member"))
    folder = steps.home(lab, lab.key("member"))
    for name in steps.SETS:
        path = {"path": folder} if name == "office_integration" else {}
        answer = lab.call(
            "create_api_key", key=lab.key(), json={"name": name, "user_id": user, "permission_set": name, **path}
        )
        answer.passes()
        _shows(steps.find(lab, answer.member("id")).given(200), permission_set=name)
        steps.delete(lab, answer.member("id"))


@rule("filescom.permission-set.files-only-files")
def test_permission_set_files_only_files(lab: Lab) -> None:
    """A key for file operations lists, uploads, finds, downloads and deletes, and looks at itself."""
    _does_file_operations(lab, lab.key("files_only"))
    steps.works(lab, lab.key("files_only"))


def _does_file_operations(lab: Lab, key: Key | str) -> None:
    with steps.scratch(lab) as folder:
        steps.uploads(lab, key, f"{folder}/a.txt", b"a")
        steps.list_folder(lab, key, folder).passes()
        steps.stat(lab, key, f"{folder}/a.txt").passes()
        steps.download(lab, key, f"{folder}/a.txt").passes()
        steps.remove(lab, key, f"{folder}/a.txt").passes()


@rule("filescom.permission-set.files-only")
def test_permission_set_files_only(lab: Lab) -> None:
    """Of keys, users and logs, a key for file operations learns and changes nothing."""
    key, type = lab.key("files_only"), "not-authorized/api-key-only-for-file-operations"
    for name, body in (
        ("list_api_keys", None),
        ("create_api_key", {"name": "more"}),
        ("list_users", None),
        ("list_api_request_logs", None),
        ("update_current_api_key", {"permission_set": "full"}),
        ("delete_current_api_key", None),
    ):
        steps.refuses(lab.call(name, key=key, json=body), type, 403)
    steps.works(lab, key)


@rule("filescom.permission-set.desktop-app")
def test_permission_set_desktop_app(lab: Lab) -> None:
    """An administrator's key for the desktop app does file operations and no administration."""
    _does_file_operations(lab, lab.key("desktop_app"))
    _does_no_administration(lab, lab.key("desktop_app"))


@rule("filescom.permission-set.mobile-app")
def test_permission_set_mobile_app(lab: Lab) -> None:
    """An administrator's key for the mobile app does file operations and no administration."""
    _is_for_an_app(lab, "mobile_app")


@rule("filescom.permission-set.sync-app")
def test_permission_set_sync_app(lab: Lab) -> None:
    """An administrator's key for the app that synchronizes does file operations and no administration."""
    _is_for_an_app(lab, "sync_app")


def _is_for_an_app(lab: Lab, permission_set: str) -> None:
    user = steps.user_of(lab, lab.key("admin_user"))
    with steps.new_key(lab, user_id=user, permission_set=permission_set) as new:
        _does_file_operations(lab, new.raw)
        _does_no_administration(lab, new.raw)


def _does_no_administration(lab: Lab, key: Key | str) -> None:
    lab.call("list_users", key=key).expect(403)
    lab.call("create_api_key", key=key, json={"name": "more"}).expect(403)


@rule("filescom.permission-set.none")
def test_permission_set_none(lab: Lab) -> None:
    """A key without permissions may neither list nor administer nor look at itself."""
    key = lab.key("none_set")
    for name in ("list_folder", "list_users", "list_api_keys", "find_current_api_key"):
        lab.call(name, key=key, path={"path": ""}).expect(403)


@rule("filescom.permission-set.office")
def test_permission_set_office(lab: Lab) -> None:
    """A key for office integration is created with a path and not without."""
    member = lab.key("member")
    user = steps.user_of(lab, member)
    body: dict[str, Any] = {"name": "office", "user_id": user, "permission_set": "office_integration"}
    lab.call("create_api_key", key=lab.key(), json=body).expect(400, 403, 422)
    with steps.new_key(lab, **body, path=steps.home(lab, member)):
        pass


@rule("filescom.permission-set.path")
def test_permission_set_path(lab: Lab) -> None:
    """A key with a path works in its folder and below, and not beside it, though its name begins alike."""
    with steps.scratch(lab) as folder:
        inside, beside = f"{folder}/in", f"{folder}/in-between"
        for path in (f"{inside}/deep/a.txt", f"{beside}/a.txt"):
            steps.upload(lab, lab.key(), path, b"a").given()
        with steps.new_key(lab, path=inside) as new:
            steps.list_folder(lab, new.raw, inside).passes()
            steps.download(lab, new.raw, f"{inside}/deep/a.txt").passes()
            steps.uploads(lab, new.raw, f"{inside}/b.txt", b"b")
            steps.remove(lab, new.raw, f"{inside}/b.txt").passes()
            steps.list_folder(lab, new.raw, folder).expect(403, 404)
            steps.download(lab, new.raw, f"{beside}/a.txt").expect(403, 404)
            steps.begin(lab, new.raw, f"{beside}/b.txt", 1).expect(403, 404)
            steps.remove(lab, new.raw, f"{beside}/a.txt").expect(403, 404)


@rule("filescom.permission-set.path-type")
def test_permission_set_path_type(lab: Lab) -> None:
    """Outside its folder such a key hears that it is restricted to a path."""
    with steps.scratch(lab) as folder, steps.new_key(lab, path=folder) as new:
        for answer in (steps.list_folder(lab, new.raw, ""), steps.download(lab, new.raw, "readme.txt")):
            steps.refuses(answer, "not-authorized/api-key-is-path-restricted", 403)


# Paging: SDKs and recorded answers


@rule("filescom.paging.per-page")
def test_paging_per_page(lab: Lab) -> None:
    """Of three keys, users and files, pages of two hold two at most and pages of one hold one."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        for name in ("list_api_keys", "list_folder", "list_users"):
            for size in (1, 2):
                key = lab.key() if name == "list_users" else member
                answer = lab.call(name, key=key, path={"path": folder}, query={"per_page": size}).expect(200)
                shown = len(steps.rows(answer))
                check(shown <= size, f"{name} to answer at most {size} rows", shown)


@rule("filescom.paging.cursor")
def test_paging_cursor(lab: Lab) -> None:
    """Followed page by page, lists of keys and files show everything once."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        for name, member_of in (("list_api_keys", "id"), ("list_folder", "path")):
            whole = lab.call(name, key=member, path={"path": folder}, query={"per_page": 1000}).given(200)
            wanted = [row.get(member_of) for row in steps.rows(whole)]
            pages = _pages(lab, name, member, folder)
            seen = [row.get(member_of) for page in pages for row in steps.rows(page)]
            check(len(pages) >= 2, f"{name} to have more than one page of two", len(pages))
            check(sorted(map(str, seen)) == sorted(map(str, wanted)), f"{name} to show {wanted} once each", seen)


@contextmanager
def _three(lab: Lab, key: Key) -> Iterator[str]:
    """Three more keys of this key's user, and a folder of theirs with three files: both are more than a page of two."""
    user = steps.user_of(lab, key)
    with ExitStack() as made:
        for _ in range(3):
            made.enter_context(steps.new_key(lab, user_id=user))
        yield lab.once("three files", lambda: _three_files(lab, key, made))


def _three_files(lab: Lab, key: Key, made: ExitStack) -> str:
    folder = made.enter_context(steps.scratch(lab, steps.home(lab, key)))
    for number in range(3):
        steps.upload(lab, key, f"{folder}/{number}.txt", b"one of three").given()
    return folder


def _pages(lab: Lab, name: str, key: Key, folder: str) -> list[Answer]:
    """The pages of two rows, by the cursor in either header."""
    pages: list[Answer] = []
    query: dict[str, Any] = {"per_page": 2}
    while len(pages) < 50:
        page = lab.call(name, key=key, path={"path": folder}, query=query).expect(200)
        pages.append(page)
        cursor = page.headers.get("X-Files-Cursor-Next") or page.headers.get("X-Files-Cursor")
        if not cursor:
            break
        query = {"per_page": 2, "cursor": cursor}
    return pages


@rule("filescom.paging.both-names")
def test_paging_both_names(lab: Lab) -> None:
    """A page with more behind it carries the same cursor under both names."""
    with steps.new_key(lab), steps.new_key(lab):
        answer = lab.call("list_api_keys", key=lab.key(), query={"per_page": 1}).given(200)
        both = {answer.header("X-Files-Cursor"), answer.header("X-Files-Cursor-Next")}
        check(len(both) == 1 and "" not in both, "the same cursor in both headers", both)


@rule("filescom.paging.last")
def test_paging_last(lab: Lab) -> None:
    """A list that fits its page names no next one, and neither does the last page of several."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        for name, key in (("list_api_keys", member), ("list_folder", member), ("list_users", lab.key())):
            whole = lab.call(name, key=key, path={"path": folder}, query={"per_page": 10000}).given(200)
            pages = _pages(lab, name, key, folder)
            check(len(pages) < 50, f"the pages of {name} to come to an end", "50 pages")
            for last in (whole, pages[-1]):
                cursor = last.headers.get("X-Files-Cursor-Next") or last.headers.get("X-Files-Cursor")
                check(not cursor, f"{last.request} to name no next page", cursor)


@rule("filescom.paging.previous")
def test_paging_previous(lab: Lab) -> None:
    """From the second page the cursor of the page before leads to the first again, which names none before it."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        pages = _pages(lab, "list_folder", member, folder)
        check(len(pages) >= 2, "more than one page of two files", len(pages))
        first, second = pages[:2]
        check(not first.headers.get("X-Files-Cursor-Prev"), "no page before the first", first.headers)
        cursor = second.header("X-Files-Cursor-Prev", ".+")
        back = steps.list_folder(lab, member, folder, query={"per_page": 2, "cursor": cursor}).expect(200)
        check(steps.paths(back) == steps.paths(first), f"the first page, {steps.paths(first)}", steps.paths(back))


@rule("filescom.paging.invalid-cursor")
def test_paging_invalid_cursor(lab: Lab) -> None:
    """Neither nonsense nor nonsense in the form of a cursor is one."""
    for cursor in ("tomorrow", "c2:next:bm9uc2Vuc2U"):
        answer = lab.call("list_api_keys", key=lab.key(), query={"cursor": cursor})
        steps.refuses(answer, "bad-request/invalid-cursor", 400, 422)


# Sessions: SDKs and recorded answers


@rule("filescom.session.create")
def test_session_create(lab: Lab) -> None:
    """A user's name and password open a session; two sessions are two."""
    username, password, _ = steps.credentials(lab)
    ids = set()
    for _ in range(2):
        answer = steps.sign_in(lab, username, password).expect(201).conforms()
        id = lab.hide(str(answer.member("id")), "SESSION")
        check(re.fullmatch(r"[0-9a-f]{40}", id) is not None, "an id of 40 hexadecimal digits", f"{len(id)} characters")
        ids.add(id)
    check(len(ids) == 2, "two sessions", "the same id twice")


@rule("filescom.session.wrong-password")
def test_session_wrong_password(lab: Lab) -> None:
    """The name opens a session with its password and not with another, nor with none."""
    username, password, _ = steps.credentials(lab)
    steps.sign_in(lab, username, password).given(201)
    for wrong in (f"{password}x", password.upper(), ""):
        lab.hide(wrong, "WRONG_PASSWORD") if wrong else None
        answer = steps.sign_in(lab, username, wrong)
        steps.refuses(answer, "not-authenticated/invalid-username-or-password", 401)


@rule("filescom.session.unknown-user")
def test_session_unknown_user(lab: Lab) -> None:
    """A name that nobody has is answered with what a wrong password is."""
    answer = steps.sign_in(lab, "nobody-has-this-name", "nor-this-password")
    steps.refuses(answer, "not-authenticated/invalid-username-or-password", 401)


@rule("filescom.session.beside-key")
def test_session_beside_key(lab: Lab) -> None:
    """A client with an API key opens a session all the same, and it is the user's."""
    username, password, _ = steps.credentials(lab)
    answer = steps.sign_in(lab, username, password, key=lab.key()).expect(201)
    session = lab.hide(str(answer.member("id")), "SESSION")
    lab.call("list_folder", key=session, by=steps.SESSION, path={"path": ""}).expect(200)
    lab.call("list_users", key=session, by=steps.SESSION).expect(401, 403)


@rule("filescom.session.acts-as-user")
def test_session_acts_as_user(lab: Lab) -> None:
    """An administrator's session lists users; a member's does not, and reaches the member's files and no other's."""
    admin, member = steps.session(lab, "admin_user").id, steps.session(lab).id
    own, other = steps.home(lab, lab.key("member")), steps.home(lab, lab.key("second_member"))
    lab.call("list_users", key=admin, by=steps.SESSION).expect(200)
    steps.list_folder(lab, admin, other, by=steps.SESSION).expect(200)
    lab.call("list_users", key=member, by=steps.SESSION).expect(401, 403)
    steps.list_folder(lab, member, own, by=steps.SESSION).expect(200)
    steps.list_folder(lab, member, other, by=steps.SESSION).expect(403, 404)


@rule("filescom.session.end")
def test_session_end(lab: Lab) -> None:
    """Of two sessions of a user, the one that is ended is refused from then on and the other is not."""
    username, password, _ = steps.credentials(lab)
    first, second = (
        lab.hide(str(steps.sign_in(lab, username, password).given(201).member("id")), f"SESSION_{number}")
        for number in (1, 2)
    )
    steps.list_folder(lab, first, "", by=steps.SESSION).expect(200)
    ended = lab.call("delete_session", key=first, by=steps.SESSION).expect(204)
    check(not ended.content, "a 204 without a body", ended)
    steps.list_folder(lab, first, "", by=steps.SESSION).expect(401, 403)
    steps.list_folder(lab, second, "", by=steps.SESSION).expect(200)


@rule("filescom.session.invalid")
def test_session_invalid(lab: Lab) -> None:
    """A session that never was and one that was ended hear the same."""
    ended = steps.session(lab).id
    lab.call("delete_session", key=ended, by=steps.SESSION).given(204)
    for session in ("0" * 40, ended):
        answer = steps.list_folder(lab, session, "", by=steps.SESSION)
        steps.refuses(answer, "not-authenticated/invalid-session", 401)


@rule("filescom.session.end-needs-session")
def test_session_end_needs_session(lab: Lab) -> None:
    """An API key ends no session, and goes on working."""
    lab.call("delete_session", key=lab.key()).expect(401, 403, 422)
    steps.works(lab, lab.key())


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


# Files and folders: SDKs and recorded answers


@rule("filescom.folder.list")
def test_folder_list(lab: Lab) -> None:
    """A folder with a file and a folder in it lists these two, and not what is deeper."""
    with steps.scratch(lab) as folder:
        for path in (f"{folder}/a.txt", f"{folder}/sub/deep.txt"):
            steps.upload(lab, lab.key(), path, b"a").given()
        answer = steps.list_folder(lab, lab.key(), folder).expect(200).conforms()
        shown = {row["path"]: (row["display_name"], row["type"]) for row in steps.rows(answer)}
        wanted = {f"{folder}/a.txt": ("a.txt", "file"), f"{folder}/sub": ("sub", "directory")}
        check(shown == wanted, f"{wanted}", shown)


@rule("filescom.folder.first")
def test_folder_first(lab: Lab) -> None:
    """Folders called y and z stand before files called a and b."""
    with steps.scratch(lab) as folder:
        for path in ("b.txt", "z/in.txt", "a.txt", "y/in.txt"):
            steps.upload(lab, lab.key(), f"{folder}/{path}", b"a").given()
        types = [row.get("type") for row in steps.rows(steps.list_folder(lab, lab.key(), folder).expect(200))]
        check(types == ["directory", "directory", "file", "file"], "two folders, then two files", types)


@rule("filescom.folder.not-a-file")
def test_folder_not_a_file(lab: Lab) -> None:
    """What can be listed is a folder, and a file is none."""
    with steps.scratch(lab) as folder:
        steps.upload(lab, lab.key(), f"{folder}/a.txt", b"a").given()
        steps.list_folder(lab, lab.key(), folder).passes()
        steps.list_folder(lab, lab.key(), f"{folder}/a.txt").expect(400, 404, 422)


@rule("filescom.folder.create")
def test_folder_create(lab: Lab) -> None:
    """A new folder is answered, and listed empty."""
    with steps.scratch(lab) as folder:
        answer = (
            lab.call("create_folder", key=lab.key(), path={"path": f"{folder}/new"}, json={}).expect(201).conforms()
        )
        _shows(answer, path=f"{folder}/new", type="directory")
        inside = steps.rows(steps.list_folder(lab, lab.key(), f"{folder}/new").expect(200))
        check(not inside, "nothing in the new folder", inside)


@rule("filescom.folder.exists")
def test_folder_exists(lab: Lab) -> None:
    """A folder is created once, and not a second time."""
    with steps.scratch(lab) as folder:
        for path in (folder, f"{folder}/new", f"{folder}/new"):
            answer = lab.call("create_folder", key=lab.key(), path={"path": path}, json={})
            if path != folder and not answer.passed:
                break
        steps.refuses(answer, "processing-failure/destination-exists", 422)
        again = lab.call("create_folder", key=lab.key(), path={"path": folder}, json={})
        steps.refuses(again, "processing-failure/destination-exists", 422)


@rule("filescom.folder.parents")
def test_folder_parents(lab: Lab) -> None:
    """Two folders deep is refused, and made when that is asked for."""
    with steps.scratch(lab) as folder:
        path = {"path": f"{folder}/one/two"}
        answer = lab.call("create_folder", key=lab.key(), path=path, json={})
        steps.refuses(answer, "processing-failure/destination-parent-does-not-exist", 409)
        lab.call("create_folder", key=lab.key(), path=path, json={"mkdir_parents": True}).passes()
        steps.list_folder(lab, lab.key(), f"{folder}/one").passes()


@rule("filescom.folder.not-empty")
def test_folder_not_empty(lab: Lab) -> None:
    """A folder with a file in it stays until it is deleted with what is in it."""
    with steps.scratch(lab) as folder:
        steps.upload(lab, lab.key(), f"{folder}/sub/a.txt", b"a").given()
        refused = steps.remove(lab, lab.key(), f"{folder}/sub")
        steps.refuses(refused, "processing-failure/folder-not-empty", 422)
        steps.stat(lab, lab.key(), f"{folder}/sub/a.txt").expect(200)
        steps.remove(lab, lab.key(), f"{folder}/sub", recursive=True).passes()
        for path in (f"{folder}/sub/a.txt", f"{folder}/sub"):
            steps.stat(lab, lab.key(), path).expect(404)


@rule("filescom.upload.loop")
def test_upload_loop(lab: Lab) -> None:
    """A picture is uploaded step by step and is there, of its size."""
    with steps.scratch(lab) as folder:
        path = f"{folder}/pixel.png"
        begun = steps.begin(lab, lab.key(), path, len(steps.PIXEL)).expect(200).conforms()
        sent = steps.put(lab, begun, steps.PIXEL).expect(200)
        steps.finish(lab, lab.key(), path, begun, {1: steps.etag(sent)}, len(steps.PIXEL)).passes().conforms()
        found = steps.stat(lab, lab.key(), path).expect(200).conforms()
        _shows(found, path=path, type="file", size=len(steps.PIXEL))


@rule("filescom.upload.etag")
def test_upload_etag(lab: Lab) -> None:
    """Two contents are answered with the MD5 of each."""
    with steps.scratch(lab) as folder:
        for content in (b"one", steps.PIXEL):
            begun = steps.begin(lab, lab.key(), f"{folder}/it", len(content)).given(200)
            sent = steps.put(lab, begun, content).expect(200)
            sent.header("ETag", f'"{steps.md5(content)}"')


@rule("filescom.upload.finish-status")
def test_upload_finish_status(lab: Lab) -> None:
    """The first upload to a path creates the file, the second replaces what it held."""
    with steps.scratch(lab) as folder:
        path = f"{folder}/report.txt"
        steps.upload(lab, lab.key(), path, b"first").expect(201)
        steps.upload(lab, lab.key(), path, b"second").expect(200)
        content = steps.fetch(lab, steps.download(lab, lab.key(), path).given(200)).content
        check(content == b"second", "the content of the second upload", content)


@rule("filescom.upload.parts")
def test_upload_parts(lab: Lab) -> None:
    """Of two parts, sent the second first, the file is the first and then the second."""
    with steps.scratch(lab) as folder:
        path = f"{folder}/long.bin"
        begun = steps.begin(lab, lab.key(), path, 0).given(200)
        size = int(begun.member(0, "partsize"))
        contents = {1: b"1" * size, 2: b"two"}
        more = steps.begin(lab, lab.key(), path, 0, ref=begun.member(0, "ref"), part=2).expect(200)
        check(more.member(0, "part_number") == 2, "an URL of part 2", more.member(0, "part_number"))
        etags = {2: steps.etag(steps.put(lab, more, contents[2]).expect(200))}
        etags = {1: steps.etag(steps.put(lab, begun, contents[1]).expect(200)), **etags}
        steps.finish(lab, lab.key(), path, begun, etags, size + 3).passes()
        content = steps.fetch(lab, steps.download(lab, lab.key(), path).given(200)).content
        check(content == contents[1] + contents[2], "the two parts in their order", f"{len(content)} bytes, not so")


@rule("filescom.upload.url-expires")
def test_upload_url_expires(lab: Lab) -> None:
    """An upload URL works 14 minutes and 50 seconds after it was given, and not 15 minutes and 5 seconds after."""
    with steps.scratch(lab) as folder:
        begun = steps.begin(lab, lab.key(), f"{folder}/late.txt", 4).given(200)
        lab.advance(14 * MINUTE + 50)
        steps.put(lab, begun, b"late").expect(200)
        lab.advance(15)
        steps.put(lab, begun, b"late").expect(400, 403)


@rule("filescom.upload.finish-needs-bytes")
def test_upload_finish_needs_bytes(lab: Lab) -> None:
    """An upload to which nothing was put leaves no file."""
    with steps.scratch(lab) as folder:
        path = f"{folder}/empty.txt"
        begun = steps.begin(lab, lab.key(), path, 5).given(200)
        steps.finish(lab, lab.key(), path, begun, {}, 5).expect(400, 404, 409, 422)
        steps.stat(lab, lab.key(), path).expect(404)


@rule("filescom.upload.etags")
def test_upload_etags(lab: Lab) -> None:
    """Finishing is refused with another's ETag and passes with the part's own, its number as a number or as text."""
    with steps.scratch(lab) as folder:
        for part in (1, "1"):
            path = f"{folder}/{type(part).__name__}.txt"
            begun = steps.begin(lab, lab.key(), path, 2).given(200)
            sent = steps.put(lab, begun, b"it").given(200)
            body = {"action": "end", "ref": begun.member(0, "ref"), "size": 2}
            for etag, kept in (("0" * 32, False), (steps.etag(sent), True)):
                named = {**body, "etags": [{"etag": etag, "part": part}]}
                answer = lab.call("finish_upload", key=lab.key(), path={"path": path}, json=named)
                answer.passes() if kept else answer.expect(400, 409, 412, 422)


@rule("filescom.upload.unknown-ref")
def test_upload_unknown_ref(lab: Lab) -> None:
    """Neither an invented upload nor a finished one can be gone on with or finished."""
    with steps.scratch(lab) as folder:
        path = f"{folder}/once.txt"
        begun = steps.begin(lab, lab.key(), path, 4).given(200)
        sent = steps.put(lab, begun, b"once").given(200)
        steps.finish(lab, lab.key(), path, begun, {1: steps.etag(sent)}, 4).given(200, 201)
        for ref in ("put-0", begun.member(0, "ref")):
            steps.begin(lab, lab.key(), path, 4, ref=ref, part=2).expect(404)
            body = {"action": "end", "ref": ref}
            lab.call("finish_upload", key=lab.key(), path={"path": path}, json=body).expect(404)


@rule("filescom.download.uri")
def test_download_uri(lab: Lab) -> None:
    """A download offers an URL; with action stat there is the file and no URL."""
    with steps.scratch(lab) as folder:
        path = f"{folder}/a.txt"
        steps.upload(lab, lab.key(), path, b"a").given()
        offered = steps.download(lab, lab.key(), path).expect(200).conforms()
        check(str(offered.member("download_uri")).startswith("http"), "a download_uri", offered)
        stat = steps.download(lab, lab.key(), path, action="stat").expect(200)
        check(steps.blank(stat.json().get("download_uri")), "no download_uri with action stat", "there is one")
        _shows(stat, path=path)


@rule("filescom.download.bytes")
def test_download_bytes(lab: Lab) -> None:
    """The URL answers with what was uploaded, to be saved under the name of the file."""
    with steps.scratch(lab) as folder:
        steps.upload(lab, lab.key(), f"{folder}/pixel.png", steps.PIXEL).given()
        answer = steps.fetch(lab, steps.download(lab, lab.key(), f"{folder}/pixel.png").given(200)).expect(200)
        check(answer.content == steps.PIXEL, "the bytes that were uploaded", f"{len(answer.content)} bytes, not so")
        answer.header("Content-Disposition", r'attachment;.*filename\*?=.*pixel\.png"?.*')


@rule("filescom.download.redirect")
def test_download_redirect(lab: Lab) -> None:
    """With action redirect, the Location leads to the bytes."""
    with steps.scratch(lab) as folder:
        steps.upload(lab, lab.key(), f"{folder}/a.txt", b"here").given()
        answer = steps.download(lab, lab.key(), f"{folder}/a.txt", action="redirect").expect(302)
        location = lab.hide(answer.header("Location", ".+"), "DOWNLOAD_URL")
        content = lab.request("GET", location).expect(200).content
        check(content == b"here", "the bytes that were uploaded", content)


@rule("filescom.download.url-expires")
def test_download_url_expires(lab: Lab) -> None:
    """A download URL works 50 seconds after it was given, more than once, and not 65 seconds after."""
    with steps.scratch(lab) as folder:
        steps.upload(lab, lab.key(), f"{folder}/a.txt", b"a").given()
        offered = steps.download(lab, lab.key(), f"{folder}/a.txt").given(200)
        steps.fetch(lab, offered).expect(200)
        lab.advance(50)
        steps.fetch(lab, offered).expect(200)
        lab.advance(15)
        steps.fetch(lab, offered).expect(400, 403)


@rule("filescom.file.delete")
def test_file_delete(lab: Lab) -> None:
    """Of two files, the deleted one is gone and the other is not."""
    with steps.scratch(lab) as folder:
        for name in ("a.txt", "b.txt"):
            steps.upload(lab, lab.key(), f"{folder}/{name}", b"a").given()
        steps.remove(lab, lab.key(), f"{folder}/a.txt").expect(204)
        steps.stat(lab, lab.key(), f"{folder}/a.txt").expect(404)
        left = steps.paths(steps.list_folder(lab, lab.key(), folder).expect(200))
        check(left == [f"{folder}/b.txt"], "the other file alone", left)


@rule("filescom.file.missing")
def test_file_missing(lab: Lab) -> None:
    """A path without a file is answered alike to find, download and delete."""
    for answer in (
        steps.stat(lab, lab.key(), "no/such/file.txt"),
        steps.download(lab, lab.key(), "no/such/file.txt"),
        steps.remove(lab, lab.key(), "no/such/file.txt"),
    ):
        steps.refuses(answer, "not-found", 404)


@rule("filescom.file.directory")
def test_file_directory(lab: Lab) -> None:
    """A folder that can be listed cannot be downloaded."""
    with steps.scratch(lab) as folder:
        answer = steps.download(lab, lab.key(), folder)
        steps.refuses(answer, "bad-request/cannot-download-directory", 400, 422)


@rule("filescom.file.case")
def test_file_case(lab: Lab) -> None:
    """A file is found in any case, shown in the one it was created with, and overwritten rather than doubled."""
    with steps.scratch(lab) as folder:
        steps.upload(lab, lab.key(), f"{folder}/ReadMe.TXT", b"one").given()
        for name in ("ReadMe.TXT", "readme.txt", "README.TXT"):
            found = steps.stat(lab, lab.key(), f"{folder}/{name}").expect(200)
            check(found.member("display_name") == "ReadMe.TXT", "the name ReadMe.TXT", found.member("display_name"))
        steps.upload(lab, lab.key(), f"{folder}/readme.txt", b"two").passes()
        shown = steps.paths(steps.list_folder(lab, lab.key(), folder).expect(200))
        check(len(shown) == 1, "one file", shown)


@rule("filescom.file-permission.letters")
def test_file_permission_letters(lab: Lab) -> None:
    """Where a user may only read, they list and download; uploads and deletions are refused."""
    member = lab.key("member")
    permissions = [row for row in lab.admin.rows("permissions") if row.get("user_id") == steps.user_of(lab, member)]
    folder = next(row["path"] for row in permissions if row["permission"] == "readonly")
    shown = steps.rows(steps.list_folder(lab, member, folder).expect(200))
    file = next(row for row in shown if row["type"] == "file")
    steps.download(lab, member, file["path"]).expect(200)
    steps.begin(lab, member, f"{folder}/new.txt", 1).expect(403)
    steps.begin(lab, member, file["path"], 1).expect(403)
    lab.call("create_folder", key=member, path={"path": f"{folder}/new"}, json={}).expect(403)
    steps.remove(lab, member, file["path"]).expect(403)


# Errors: recorded answers and the error catalogue of the CLI


@rule("filescom.error.envelope")
def test_error_envelope(lab: Lab) -> None:
    """Errors of five kinds all have the five members."""
    for answer in steps.errors(lab):
        for member in ("error", "http-code", "instance", "title", "type"):
            check(not steps.blank(answer.member(member)), f"{answer.request} to tell its {member}", answer)


@rule("filescom.error.http-code")
def test_error_http_code(lab: Lab) -> None:
    """Errors of five kinds repeat their status."""
    for answer in steps.errors(lab):
        shown = answer.member("http-code")
        check(shown == answer.status and isinstance(shown, int), f"http-code {answer.status}", json.dumps(shown))


@rule("filescom.error.instance")
def test_error_instance(lab: Lab) -> None:
    """Errors of five kinds name the request that they answer."""
    for answer in steps.errors(lab):
        ids = re.split(r",\s*", answer.header("X-Request-Id", ".+"))
        check(answer.member("instance") in ids, f"the instance {ids}", answer.member("instance"))


@rule("filescom.error.class")
def test_error_class(lab: Lab) -> None:
    """Errors of five kinds carry their type in the header."""
    for answer in steps.errors(lab):
        answer.header("X-Files-Error-Class", re.escape(str(answer.member("type"))))


@rule("filescom.error.title")
def test_error_title(lab: Lab) -> None:
    """The title of errors of five kinds follows from their type."""
    for answer in steps.errors(lab):
        words = str(answer.member("type")).rsplit("/", 1)[-1].split("-")
        wanted = " ".join(word.capitalize() for word in words)
        check(answer.member("title") == wanted, f"the title {wanted}", answer.member("title"))


@rule("filescom.error.category")
def test_error_category(lab: Lab) -> None:
    """A 401, a 403 and a 404 each have a type of their category."""
    categories = {401: "not-authenticated", 403: "not-authorized", 404: "not-found"}
    refused = lab.call("list_users", key=lab.key("files_only"))
    for answer, status in (
        (steps.current(lab, lab.forged()), 401),
        (refused, 403),
        (steps.stat(lab, lab.key(), "no/such/thing"), 404),
    ):
        answer.given(status)
        category = str(answer.member("type")).split("/")[0]
        check(category == categories[status], f"a {status} to have a type {categories[status]}", category)


@rule("filescom.error.validation")
def test_error_validation(lab: Lab) -> None:
    """A missing name, a name that is no text, a body that is no JSON and a size of no items are refused alike."""
    json_header = {"Content-Type": "application/json"}
    for answer in (
        lab.call("create_api_key", key=lab.key(), json={}),
        lab.call("create_api_key", key=lab.key(), json={"name": 7}),
        lab.call("create_api_key", key=lab.key(), json=["name"]),
        lab.call("create_api_key", key=lab.key(), content=b'{"name": ', headers=json_header),
        lab.call("list_api_keys", key=lab.key(), query={"per_page": "many"}),
    ):
        steps.refuses(answer, "bad-request/", 422)


@rule("filescom.error.datetime")
def test_error_datetime(lab: Lab) -> None:
    """An upload is not finished, nor a key created, with a date that is none."""
    with steps.scratch(lab) as folder:
        path = {"path": f"{folder}/a.txt"}
        begun = steps.begin(lab, lab.key(), path["path"], 1).given(200)
        steps.put(lab, begun, b"a").given(200)
        body = {"action": "end", "ref": begun.member(0, "ref"), "provided_mtime": "tomorrow-ish"}
        answer = lab.call("finish_upload", key=lab.key(), path=path, json=body)
        steps.refuses(answer, "bad-request/datetime-parse", 400, 422)
    answer = lab.call("create_api_key", key=lab.key(), json={"name": "when?", "expires_at": "2031-13-41"})
    steps.refuses(answer, "bad-request/datetime-parse", 400, 422)


@rule("filescom.error.no-route")
def test_error_no_route(lab: Lab) -> None:
    """A path of nobody's is answered with 404 to one who may ask."""
    lab.request("GET", "/api/rest/v1/no_such_thing", headers=lab.credential(lab.key())).expect(404)


@rule("filescom.header.request-id")
def test_header_request_id(lab: Lab) -> None:
    """Answers that pass and answers that do not carry an id, each another."""
    answers = [*_every_kind(lab), *steps.errors(lab)]
    ids = [answer.header("X-Request-Id", ".+") for answer in answers]
    check(len(set(ids)) == len(ids), f"{len(ids)} different ids", ids)


@rule("filescom.header.no-cache")
def test_header_no_cache(lab: Lab) -> None:
    """Answers of every kind forbid to keep them in all three headers."""
    for answer in (*_every_kind(lab), *steps.errors(lab)):
        answer.header("Cache-Control", r"(.*,\s*)?no-store(\s*,.*)?")
        answer.header("Pragma", "no-cache")
        answer.header("Expires", r"Fri, 01 Jan 1990 00:00:00 GMT|0|-1")


@rule("filescom.header.hardening")
def test_header_hardening(lab: Lab) -> None:
    """Answers of every kind tell browsers not to guess, frame or refer."""
    for answer in (*_every_kind(lab), *steps.errors(lab)):
        answer.header("X-Content-Type-Options", "nosniff")
        answer.header("X-Frame-Options", "SAMEORIGIN")
        answer.header("Referrer-Policy", "same-origin")


def _every_kind(lab: Lab) -> list[Answer]:
    """A 200, a 201 and a 204."""
    new = steps.create(lab)
    return [steps.current(lab, lab.key()).given(200), new.answer, steps.delete(lab, new.id).given(204)]


# Limits: the numbers are not published


@rule("filescom.limit.number")
@spends
def test_limit_number(lab: Lab) -> None:
    """600 calls in a minute pass, the 601st is refused, another key's first passes, and after a minute all is well."""
    lab.may_spend(603)
    # Calls that were made before with the same key have left their window by then.
    lab.advance(MINUTE + 1)
    for _ in range(600):
        steps.current(lab, lab.key()).expect(200)
    steps.current(lab, lab.key()).expect(429)
    steps.works(lab, lab.new_key())
    lab.advance(MINUTE + 1)
    steps.works(lab, lab.key())


@rule("filescom.limit.type")
@spends
def test_limit_type(lab: Lab) -> None:
    """The refusal of a call too many is of the category rate-limited."""
    answer = steps.limited(lab, 600).given(429)
    steps.refuses(answer, "rate-limited/", 429)


@rule("filescom.limit.reopens")
@reopens
def test_limit_reopens(lab: Lab) -> None:
    """After as many seconds as Retry-After says, the key that was refused passes."""
    answer = steps.limited(lab, 600).given(429)
    lab.advance(int(answer.header("Retry-After", r"\d+")) + 1)
    steps.works(lab, lab.key())


# The order of the checks, which no page tells


@rule("filescom.order.role-before-body")
def test_order_role_before_body(lab: Lab) -> None:
    """A member with a broken request for administration hears of their lack of rights, a key for files likewise."""
    lab.call("list_users", key=lab.key("member"), query={"per_page": "many"}).expect(403)
    lab.call("create_api_key", key=lab.key("files_only"), json={"name": 7}).expect(403)


# Standards


@rule("filescom.standard.challenge")
def test_standard_challenge(lab: Lab) -> None:
    """Without a key, and with a bad one, the answer says how to authenticate."""
    for key in (None, lab.forged()):
        steps.current(lab, key).given(401).header("WWW-Authenticate", r"[!#$%&'*+.^_`|~0-9A-Za-z-]+( .+)?")


@rule("filescom.standard.allow")
def test_standard_allow(lab: Lab) -> None:
    """A method that the path does not have is answered with those that it has."""
    answer = lab.call("find_current_api_key", key=lab.key(), method="PUT").given(405)
    allowed = {method.strip().upper() for method in answer.header("Allow").split(",")}
    check({"GET", "PATCH", "DELETE"} <= allowed and "PUT" not in allowed, "Allow: GET, PATCH, DELETE", allowed)


@rule("filescom.standard.head")
def test_standard_head(lab: Lab) -> None:
    """HEAD is answered with the status and the media type of GET and without a body."""
    full = steps.current(lab, lab.key()).given(200)
    answer = lab.call("find_current_api_key", key=lab.key(), method="HEAD").expect(200)
    check(not answer.content, "no body", answer)
    types = (answer.headers.get("Content-Type"), full.headers.get("Content-Type"))
    check(types[0] == types[1], f"Content-Type {types[1]}", types[0])


@rule("filescom.standard.retry-after")
@spends
def test_standard_retry_after(lab: Lab) -> None:
    """Where a 429 says when to come back, it says so in whole seconds or as a date."""
    answer = steps.limited(lab, 600).given(429)
    if "Retry-After" in answer.headers:
        answer.header("Retry-After", RETRY_AFTER)


@rule("filescom.standard.not-stored")
def test_standard_not_stored(lab: Lab) -> None:
    """A 429 does not say that it may be kept."""
    control = steps.limited(lab, 600).given(429).headers.get("Cache-Control", "").lower()
    kept = re.search(r"(max-age|s-maxage)\s*=\s*0*[1-9]|public|immutable", control)
    check(kept is None or "no-store" in control, "nothing that permits to keep a 429", control)


@rule("filescom.standard.no-content")
def test_standard_no_content(lab: Lab) -> None:
    """The answer to a deletion has neither a body nor the length of one."""
    answer = steps.delete(lab, steps.create(lab).id).given(204)
    check(not answer.content, "no body", answer)
    answer.without_header("Content-Length")
