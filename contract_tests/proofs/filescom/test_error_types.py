"""Proofs of the rules of Files.com: which type of the error catalogue a refusal has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.proofs.filescom import errors, keys, steps, users

#: Refusals, each with the type and the status that it is to have.
Told: TypeAlias = Iterator[tuple[Answer, str, int]]


@rule("filescom.error.type")
def test_error_type(lab: Lab) -> None:
    """Refusals of thirty reasons have the types that name them, with their statuses and titles."""
    told = (_of_members, _of_permission_sets, _of_permissions, _of_requests, _of_lists, _of_files, _of_uploads)
    for answer, type, status in (each for tell in told for each in tell(lab)):
        errors.refuses(answer, type, status)
        errors.has_title_of_its_type(answer)


def _of_members(lab: Lab) -> Told:
    member, session = lab.key("member"), steps.session(lab)
    other = {"name": lab.named("another's"), "user_id": steps.user_of(lab, lab.key("second_member"))}
    own = {"name": lab.named("my own")}
    yield users.listed(lab, member), "not-authorized/site-admin-required", 403
    without = lab.key("member_without_keys")
    yield lab.call("create_own_api_key", key=without, json=own), "not-authorized/site-admin-required", 403
    yield lab.call("create_api_key", key=member, json=other), "not-authorized/user-id-without-site-admin", 403
    by_session = lab.call("find_current_api_key", key=session.id, by=steps.SESSION)
    yield by_session, "not-authorized/must-authenticate-with-api-key", 403
    yield lab.call("delete_session", key=member), "not-authenticated/api-key-sessions-not-supported", 401
    yield steps.sign_in(lab, lab.name("nobody"), "none"), "not-authenticated/invalid-username-or-password", 401
    for gone in errors.over(lab):
        yield steps.current(lab, gone), "not-authenticated/invalid-credentials", 401
    nobody = lab.call("list_folder", key=lab.forged(), by=steps.SESSION, path={"path": ""})
    yield nobody, "not-authenticated/invalid-session", 401
    yield lab.call("find_user", key=lab.key()), "not-found/user-not-found", 404


def _of_permission_sets(lab: Lab) -> Told:
    yield steps.list_folder(lab, lab.key("none_set"), ""), "not-authorized/api-key-is-disabled", 403
    only = "not-authorized/api-key-only-for"
    yield users.listed(lab, lab.key("files_only")), f"{only}-file-operations", 403
    yield lab.call("list_users", key=lab.key("desktop_app")), f"{only}-desktop-app", 403
    lab.key("admin_user")
    mobile, office = (
        steps.made(lab, keys.of_set(lab, name)["created"].given()).raw for name in ("mobile_app", "office_integration")
    )
    yield lab.call("list_users", key=mobile), f"{only}-mobile-app", 403
    yield lab.call("list_users", key=office), f"{only}-office-integration", 403
    yield steps.list_folder(lab, office, ""), "not-authorized/api-key-is-path-restricted", 403


def _of_permissions(lab: Lab) -> Told:
    given = lab.admin.rows("permissions")
    reader = next(row for row in given if row["permission"] == "readonly")
    writer = next(row for row in given if row["permission"] == "writeonly")
    with steps.new_key(lab, user_id=reader["user_id"]) as reads:
        begun = steps.begin(lab, reads.raw, f"{reader['path']}/new.txt", 1)
        yield begun, "not-authorized/write-permission-required", 403
        yield steps.remove(lab, reads.raw, reader["path"]), "not-authorized/full-permission-required", 403
    with steps.new_key(lab, user_id=writer["user_id"]) as writes:
        yield steps.list_folder(lab, writes.raw, writer["path"]), "not-authorized/read-permission-required", 403


def _of_requests(lab: Lab) -> Told:
    def created(**call: Any) -> Answer:
        return lab.call("create_api_key", key=lab.key(), **call)

    yield lab.call("find_current_api_key", key=lab.key(), method="PUT"), "bad-request/method-not-allowed", 405
    yield created(json={}), "bad-request/request-params-required", 422
    nowhere = {"name": lab.named("nowhere"), "permission_set": "office_integration"}
    yield created(json=nowhere), "bad-request/request-params-required", 422
    yield created(json={"name": 7}), "bad-request/request-params-invalid", 422
    yield created(content=b"{", headers={"Content-Type": "application/json"}), "bad-request/invalid-body", 422
    yield created(json={"name": lab.named("late"), "expires_at": "soon"}), "bad-request/datetime-parse", 422


def _of_lists(lab: Lab) -> Told:
    def keys(**query: Any) -> Answer:
        return lab.call("list_api_keys", key=lab.key(), query=query)

    yield keys(cursor="nonsense"), "bad-request/invalid-cursor", 422
    yield keys(**{"filter[shoe_size]": "44"}), "bad-request/invalid-filter-field", 422
    yield keys(**{"sort_by[shoe_size]": "asc"}), "bad-request/invalid-sort-field", 422
    yield keys(**{"filter_gt[expires_at]": "soon"}), "bad-request/invalid-filter-param-value", 422
    own = "list_own_api_keys"
    yield lab.call(own, key=lab.key()), "bad-request/user-required", 422
    member = lab.key("member")
    named = lab.call(own, key=member, query={"user_id": steps.user_of(lab, member)})
    yield named, "bad-request/user-id-on-user-endpoint", 422


def _of_files(lab: Lab) -> Told:
    key = lab.key()
    with steps.scratch(lab) as folder:
        steps.upload(lab, key, f"{folder}/a.txt", b"a").given()
        yield steps.list_folder(lab, key, f"{folder}/a.txt"), "bad-request/folder-must-not-be-a-file", 422
        yield steps.download(lab, key, folder), "bad-request/cannot-download-directory", 422
        again = lab.call("create_folder", key=key, path={"path": folder}, json={})
        yield again, "processing-failure/destination-exists", 422
        nowhere = lab.call("create_folder", key=key, path={"path": f"{folder}/no/such"}, json={})
        yield nowhere, "processing-failure/destination-parent-does-not-exist", 409
        yield steps.remove(lab, key, folder), "processing-failure/folder-not-empty", 422
    yield steps.remove(lab, key, ""), "bad-request/invalid-path", 422


def _of_uploads(lab: Lab) -> Told:
    key = lab.key()
    with steps.scratch(lab) as folder:
        path = f"{folder}/a.txt"
        begun = steps.begin(lab, key, path, 1).given(200)
        yield steps.finish(lab, key, path, begun, {}, 1), "processing-failure/file-not-uploaded", 422
        steps.put(lab, begun, b"a").given(200)
        yield steps.finish(lab, key, path, begun, {1: "0" * 32}, 1), "bad-request/invalid-etags", 422
        body = {"action": "end", "ref": "no-such-upload", "etags": [], "size": 1}
        unknown = lab.call("finish_upload", key=key, path={"path": path}, json=body)
        yield unknown, "not-found/file-upload-not-found", 404
