"""Proofs of the rules of Files.com: what a key gives access to."""

from __future__ import annotations

import pytest

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key

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
    first = steps.create(lab, name=lab.named("disposable"))
    steps.delete(lab, first.id).passes()
    with steps.new_key(lab, name=lab.named("disposable")) as second:
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
    with steps.new_key(lab, key, name=lab.named("by one with full access")), steps.scratch(lab, folder, member) as mine:
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
