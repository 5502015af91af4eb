"""Proofs of the rules of Files.com: what a key gives access to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product

import pytest

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import errors, files, keys, steps, users
from contract_tests.provision import Key

# document 002, introduction


@rule("filescom.auth.key")
def test_auth_key(lab: Lab) -> None:
    """With a key a request passes; without one the same request does not."""
    for name in lab.some(("find_current_api_key", "list_folder"), 1, "operations"):
        lab.call(name, key=lab.key(), path={"path": ""}).passes()
        refused = lab.call(name, path={"path": ""})
        check(not refused.passed, f"{refused.request} without a key to be refused", refused)


@rule("filescom.key.independent")
def test_key_independent(lab: Lab) -> None:
    """When a user's key is deleted, another of that user works on, and when a site-wide one is, another of the site."""
    for tell in (keys.of_member, keys.again):
        life = tell(lab)
        life["used"].given(200)
        life["deleted"].given()
        life["another"].expect(200)


@rule("filescom.key.disposable")
def test_key_disposable(lab: Lab) -> None:
    """A key is created, deleted and created again, and the second is another one."""
    first, second = keys.site_wide(lab), keys.again(lab)
    first["used"].given(200)
    first["deleted"].passes()
    one, other = steps.made(lab, first["created"]), steps.made(lab, second["created"].passes())
    check(one.id != other.id and one.raw != other.raw, "another id and value than the first key's", other.id)
    second["used"].expect(200)


@rule("filescom.key.two-types")
def test_key_two_types(lab: Lab) -> None:
    """A key created for a user belongs to that user, one created for nobody belongs to no user."""
    user = steps.user_of(lab, lab.key("member"))
    shown = keys.owned(lab)["found"].given(200).member("user_id")
    check(shown == user, f"the user key to belong to user {user}", shown)
    shown = keys.site_wide(lab)["found"].given(200).json().get("user_id")
    check(steps.blank(shown), "the site-wide key to belong to no user", shown)


@rule("filescom.access.site-wide")
def test_access_site_wide(lab: Lab) -> None:
    """A site-wide key reaches keys, users, logs and the files of everyone."""
    for step in ("created", "listed"):
        keys.site_wide(lab)[step].passes()
    _has_full_access(lab, lab.key())


@rule("filescom.access.admin-user")
def test_access_admin_user(lab: Lab) -> None:
    """An administrator's key reaches keys, users, logs and the files of everyone."""
    keys.of_administrator(lab)["created"].passes()
    _has_full_access(lab, lab.key("admin_user"))


def _has_full_access(lab: Lab, key: Key) -> None:
    for answer in (users.listed(lab, key), users.log(lab, key)):
        answer.passes()
    files.operates(lab, key, steps.home(lab, lab.key("member")), files.own_path(lab, "member"))


@rule("filescom.access.follows-user")
def test_access_follows_user(lab: Lab) -> None:
    """Of two users' files, a key of the one user reaches the one and a key of the other the other."""
    owners = ("member", "second_member")
    for situation, owner in product(owners, owners):
        key, folder = lab.key(situation), steps.home(lab, lab.key(owner))
        reached: tuple[Callable[[], Answer], ...] = (
            partial(files.downloaded, lab, situation, owner),
            partial(steps.listing, lab, key, folder),
        )
        for reach in lab.some(reached, 1, "operations"):
            answer = reach()
            answer.passes() if owner == situation else answer.expect(403, 404)


@rule("filescom.access.member-files")
def test_access_member_files(lab: Lab) -> None:
    """A member works with their own files; another's they can neither list, find, download, write nor delete."""
    member, other = lab.key("member"), steps.home(lab, lab.key("second_member"))
    for step in ("begun", "put", "finished"):
        files.own(lab, "member")[step].passes()
    files.downloaded(lab, "member", "member").passes()
    files.operates(lab, member, steps.home(lab, member), files.own_path(lab, "member"), 1)
    _shows_nothing_of(lab, member, other)
    files.downloaded(lab, "member", "second_member").expect(403, 404)
    path = files.own_path(lab, "second_member")
    steps.stat(lab, member, path).expect(403, 404)
    steps.begin(lab, member, f"{other}/{lab.name('mine')}.txt", 1).expect(403, 404)
    steps.remove(lab, member, path).expect(403, 404)
    steps.stat(lab, lab.key(), path).expect(200)


def _shows_nothing_of(lab: Lab, key: Key, folder: str) -> None:
    """No listing on the way down to the folder names it or anything in it."""
    names = folder.split("/")
    for depth in range(len(names) + 1):
        answer = steps.listing(lab, key, "/".join(names[:depth]))
        if answer.passed:
            seen = [path for path in steps.paths(answer) if f"{path}/".startswith(f"{folder}/")]
            check(not seen, f"{answer.request} not to show {folder}", seen)
        else:
            answer.expect(403, 404)


@rule("filescom.access.member-no-administration")
def test_access_member_no_administration(lab: Lab) -> None:
    """What an administrator may ask of users and logs, a member may not, not even about themselves."""
    for answer in users.administration(lab, lab.key()):
        answer.given()
    for answer in users.administration(lab, lab.key("member")):
        answer.expect(401, 403, 404)
    other = users.second_member(lab)
    other["tried"].expect(401, 403, 404)
    other["found"].expect(200)


@rule("filescom.access.member-refusal-type")
def test_access_member_refusal_type(lab: Lab) -> None:
    """The refusal of administration says that a site administrator is required."""
    for answer in users.administration(lab, lab.key("member")):
        errors.refuses(answer, "not-authorized/site-admin-required", 403)


@rule("filescom.log.user")
def test_log_user(lab: Lab) -> None:
    """The requests of two users' keys stand in the log, each under its own user."""
    member, admin = lab.key("member"), lab.key("admin_user")
    for key, answer in ((member, steps.listing(lab, member, "")), (admin, users.listed(lab, admin))):
        user, entry = steps.user_of(lab, key), users.log_entry(lab, answer.given(200))
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
