"""Proofs of the rules of Files.com: permission sets."""

from __future__ import annotations

from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key

# Permission sets: SDKs, ApiKey


@rule("filescom.permission-set.default")
def test_permission_set_default(lab: Lab) -> None:
    """A key of which no set was said has the set full, and may do more than one for files only."""
    with steps.new_key(lab) as new:
        steps.shows(new.answer, permission_set="full")
        lab.call("list_users", key=new.raw).passes()


@rule("filescom.permission-set.kept")
def test_permission_set_kept(lab: Lab) -> None:
    """Seven keys, one of each set, show the set that was said."""
    user = steps.user_of(lab, lab.key("member"))
    folder = steps.home(lab, lab.key("member"))
    for name in steps.SETS:
        path = {"path": folder} if name == "office_integration" else {}
        body = {"name": lab.named(name), "user_id": user, "permission_set": name, **path}
        answer = lab.call("create_api_key", key=lab.key(), json=body)
        answer.passes()
        steps.shows(steps.find(lab, answer.member("id")).given(200), permission_set=name)
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
    user = steps.user_of(lab, lab.key("member"))
    more = {"name": lab.named("more")}
    with steps.new_key(lab) as spare:
        of_key, of_user = {"id": spare.id}, {"id": user, "user_id": user}
        for name, path, body in (
            ("list_api_keys", None, None),
            ("create_api_key", None, more),
            ("list_users", None, None),
            ("list_api_request_logs", None, None),
            ("update_current_api_key", None, {"permission_set": "full"}),
            ("delete_current_api_key", None, None),
            ("find_api_key", of_key, None),
            ("update_api_key", of_key, more),
            ("delete_api_key", of_key, None),
            ("list_site_api_keys", None, None),
            ("create_site_api_key", None, more),
            ("list_own_api_keys", None, None),
            ("create_own_api_key", None, more),
            ("list_user_api_keys", of_user, None),
            ("create_user_api_key", of_user, more),
            ("find_user", of_user, None),
            *([("delete_user", of_user, None)] if lab.target.permit.destroy else []),
        ):
            steps.refuses(lab.call(name, key=key, path=path, json=body), type, 403)
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
    lab.call("create_api_key", key=key, json={"name": lab.named("more")}).expect(403)


@rule("filescom.permission-set.none")
def test_permission_set_none(lab: Lab) -> None:
    """A key without permissions may neither list nor administer nor look at itself; on a mock, nothing at all is permitted."""
    key = lab.key("none_set")
    for name in ("list_folder", "list_users", "list_api_keys", "find_current_api_key"):
        lab.call(name, key=key, path={"path": ""}).expect(403)
    # The one that ends a session has nothing to permit to a key.
    others = [item for item in lab.secured() if item.id != lab.operation("delete_session").id]
    for operation in () if lab.thrifty else others:
        lab.call(operation, key=key).expect(403)


@rule("filescom.permission-set.office")
def test_permission_set_office(lab: Lab) -> None:
    """A key for office integration is created with a path and not without."""
    member = lab.key("member")
    user = steps.user_of(lab, member)
    body: dict[str, Any] = {"name": lab.named("office"), "user_id": user, "permission_set": "office_integration"}
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
