"""Proofs of the rules of Files.com: permission sets."""

from __future__ import annotations

from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.proofs.filescom import errors, files, keys, steps, users
from contract_tests.provision import Key

# Permission sets: SDKs, ApiKey


@rule("filescom.permission-set.default")
def test_permission_set_default(lab: Lab) -> None:
    """A key of which no set was said has the set full, and may do more than one for files only."""
    new = steps.shared_key(lab)
    steps.shows(new.answer, permission_set="full")
    lab.call("list_users", key=new.raw).passes()


@rule("filescom.permission-set.kept")
def test_permission_set_kept(lab: Lab) -> None:
    """Seven keys, one of each set, show the set that was said."""
    for name in lab.some(steps.SETS, 2, "permission sets"):
        life = keys.of_set(lab, name)
        life["created"].passes()
        steps.shows(life["found"].given(200), permission_set=name)


@rule("filescom.permission-set.files-only-files")
def test_permission_set_files_only_files(lab: Lab) -> None:
    """A key for file operations lists, uploads, finds, downloads and deletes, and looks at itself."""
    _does_file_operations(lab, lab.key("files_only"), 5)
    steps.works(lab, lab.key("files_only"))


def _does_file_operations(lab: Lab, key: Key | str, most: int = 2) -> None:
    files.operates(lab, key, files.path(lab), files.path(lab, files.PICTURE), most)


@rule("filescom.permission-set.files-only")
def test_permission_set_files_only(lab: Lab) -> None:
    """Of keys, users and logs, a key for file operations learns and changes nothing."""
    key, type = lab.key("files_only"), "not-authorized/api-key-only-for-file-operations"
    user = steps.user_of(lab, lab.key("member"))
    more, of_key, of_user = {"name": lab.named("more")}, {"id": steps.shared_key(lab).id}, {"id": user, "user_id": user}
    operations: list[tuple[str, Any, Any]] = [
        ("create_api_key", None, more),
        ("update_current_api_key", None, {"permission_set": "full"}),
        ("delete_api_key", of_key, None),
        ("list_api_request_logs", None, None),
        ("list_api_keys", None, None),
        ("delete_current_api_key", None, None),
        ("find_api_key", of_key, None),
        ("update_api_key", of_key, more),
        ("list_site_api_keys", None, None),
        ("create_site_api_key", None, more),
        ("list_own_api_keys", None, None),
        ("create_own_api_key", None, more),
        ("list_user_api_keys", of_user, None),
        ("create_user_api_key", of_user, more),
        ("find_user", of_user, None),
        *([("delete_user", of_user, None)] if lab.target.permit.destroy else []),
    ]
    errors.refuses(users.listed(lab, key), type, 403)
    for name, path, body in lab.some(operations, 3, "further operations"):
        errors.refuses(lab.call(name, key=key, path=path, json=body), type, 403)
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
    lab.key("admin_user")
    key = steps.made(lab, keys.of_set(lab, permission_set)["created"].given()).raw
    _does_file_operations(lab, key)
    _does_no_administration(lab, key)


def _does_no_administration(lab: Lab, key: Key | str) -> None:
    for name, body in lab.some((("list_users", None), ("create_api_key", {"name": lab.named("more")})), 1):
        lab.call(name, key=key, json=body).expect(403)


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
    inside, beside = files.path(lab, files.FOLDER), files.path(lab, files.BESIDE)
    key = steps.shared_key(lab, path=inside).raw
    files.operates(lab, key, inside, files.path(lab, files.DEEP))
    steps.list_folder(lab, key, beside).expect(403, 404)
    steps.download(lab, key, files.path(lab, files.PICTURE)).expect(403, 404)
    steps.begin(lab, key, f"{beside}/b.txt", 1).expect(403, 404)
    steps.remove(lab, key, beside).expect(403, 404)


@rule("filescom.permission-set.path-type")
def test_permission_set_path_type(lab: Lab) -> None:
    """Outside its folder such a key hears that it is restricted to a path."""
    key = steps.shared_key(lab, path=files.path(lab, files.FOLDER)).raw
    for answer in (steps.list_folder(lab, key, ""), steps.download(lab, key, "readme.txt")):
        errors.refuses(answer, "not-authorized/api-key-is-path-restricted", 403)
