"""Files, folders, uploads and downloads of Files.com, broken."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import answers_first
from contract_tests.mutants.sabotage.filescom._changes import answered, asked, silent, told, unasked, without
from contract_tests.mutants.sabotage.filescom._parts import sabotages, wrap
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Row


def _files() -> Any:
    return import_module("mockserver.providers.filescom.files")


def _fold(path: str) -> str:
    folded: str = import_module("mockserver.providers.filescom.paths").fold(path)
    return folded


def _row(call: Exchange) -> Row | None:
    return call.table("files").get(_fold(call.parameters["path"]))


def _path_ignored(handler: Any, call: Exchange) -> Reply:
    assert call.caller
    attributes = call.caller.key.attributes
    path = attributes.pop("path", None)
    try:
        reply: Reply = handler(call)
    finally:
        attributes["path"] = path
    return reply


def _creators_delete(delete: Any, call: Exchange) -> Reply:
    assert call.caller
    row = _row(call)
    if row and row.get("created_by_id") not in {None, call.caller.key.user}:
        call.refuse("full_permission_required", "somebody else made it")
    reply: Reply = delete(call)
    return reply


def _listed_to_all(handler: Any, call: Exchange) -> Reply:
    tree: Any = import_module("mockserver.providers.filescom.tree")
    letters = tree.letters
    tree.letters = lambda call, path: letters(call, path) or "l"
    try:
        reply: Reply = handler(call)
    finally:
        tree.letters = letters
    return reply


def _file_listed(handler: Any, call: Exchange) -> Reply:
    from mockserver.exchange import Reply

    row = _row(call)
    reply: Reply = Reply(body=[_files().view(call, row)]) if row and row["type"] == "file" else handler(call)
    return reply


def _folder_again(create: Any, call: Exchange) -> Reply:
    from mockserver.exchange import Reply

    row = _row(call)
    reply: Reply = Reply(201, _files().view(call, row)) if row else create(call)
    return reply


def _folder_not_kept(create: Any, call: Exchange) -> Reply:
    reply: Reply = create(call)
    if "/" in reply.body["path"]:
        del call.table("files")[_fold(reply.body["path"])]
    return reply


def _orphaned(delete: Any, call: Exchange) -> Reply:
    row = _row(call)
    if row and call.parameters.get("recursive"):
        del call.table("files")[row["id"]]
        return silent(delete, call)
    reply: Reply = delete(call)
    return reply


def _recursive(delete: Any, call: Exchange) -> Reply:
    call.parameters["recursive"] = True
    reply: Reply = delete(call)
    return reply


def _folder_downloaded(download: Any, call: Exchange) -> Reply:
    from mockserver.exchange import Reply

    row = _row(call)
    if row and row["type"] == "directory":
        return Reply(body={**_files().view(call, row), "download_uri": f"{call.origin}/objects.brickftp.com/all.zip"})
    reply: Reply = download(call)
    return reply


def _shown(**changes: Any) -> Any:
    """Around the view of a file: members as these functions make them."""
    return lambda view, call, row: (
        shown := view(call, row),
        {**shown, **{name: change(shown[name]) for name, change in changes.items()}},
    )[1]


sabotages(
    {
        f"filescom-path-ignored-by-{name.replace('_', '-')}": (f"{module}.{name}", _path_ignored)
        for module, name in (
            ("files", "list_folder"),
            ("files", "download_file"),
            ("files", "delete_file"),
            ("uploads", "begin_upload"),
        )
    }
)

sabotages(
    {
        "filescom-all-files-readable": ("paths.letters", lambda letters, call, path: letters(call, path) or "lr"),
        "filescom-folders-listed-to-all": ("files.list_folder", _listed_to_all),
        "filescom-path-by-its-beginning": ("paths.within", lambda within, path, folder: path.startswith(folder)),
        "filescom-path-case-matters": (
            "paths.fold",
            lambda fold, path: import_module("mockserver.providers.filescom.paths").clean(path),
        ),
        "filescom-path-lowered": ("files.view", _shown(path=str.lower, display_name=str.lower)),
        "filescom-path-begins-with-slash": ("files.view", _shown(path=lambda path: f"/{path}")),
        "filescom-file-deleted-by-creator": ("files.delete_file", _creators_delete),
        "filescom-file-stays": ("files.delete_file", silent),
        "filescom-file-deleted-200": ("files.delete_file", answered(200, body={})),
        "filescom-file-without-type": ("files.find_file", told(without("type"))),
        "filescom-folder-deep": (
            "tree.parent",
            lambda parent, path: path.partition("/")[0] if "/" in path else "",
        ),
        "filescom-folder-by-name": (
            "files.list_folder",
            told(lambda rows: sorted(rows, key=lambda row: str(row["path"]))),
        ),
        "filescom-folder-is-a-file": ("files.list_folder", _file_listed),
        "filescom-folder-200": ("files.create_folder", answered(200)),
        "filescom-folder-not-kept": ("files.create_folder", _folder_not_kept),
        "filescom-folder-again": ("files.create_folder", _folder_again),
        "filescom-folder-parents-always": ("files.create_folder", asked(mkdir_parents=True)),
        "filescom-folder-parents-never": ("files.create_folder", unasked("mkdir_parents")),
        "filescom-folder-emptied": ("files.delete_file", _recursive),
        "filescom-folder-content-left": ("files.delete_file", _orphaned),
        "filescom-folder-downloaded": ("files.download_file", _folder_downloaded),
    }
)

# Uploads and downloads.


def _text_only(put: Any, call: Exchange) -> Reply:
    call.body = call.body.decode("utf-8", "replace").encode()
    reply: Reply = put(call)
    return reply


def _sha1(put: Any, call: Exchange) -> Reply:
    reply: Reply = put(call)
    return replace(reply, headers={"ETag": f'"{hashlib.sha1(call.body).hexdigest()}"'})  # noqa: S324 - it is wrong


def _unquoted(put: Any, call: Exchange) -> Reply:
    reply: Reply = put(call)
    return replace(reply, headers={"ETag": reply.headers["ETag"].strip('"')})


def _appended(store: Any, call: Exchange, row: Row, content: bytes) -> None:
    store(call, row, call.account.objects.get(row.get("storage_key", ""), b"") + content)


def _empty_file(finish: Any, call: Exchange) -> Reply:
    upload = call.table("uploads").get(call.payload["ref"])
    if upload and not upload["parts"]:
        upload["parts"][1] = {"storage_key": "", "etag": ""}
        call.payload = {**call.payload, "size": 0}
    reply: Reply = finish(call)
    return reply


@sabotage("filescom-upload-parts-as-they-come")
def upload_parts_as_they_come() -> None:
    """The parts of a file are put together in the order in which they came."""
    uploads: Any = import_module("mockserver.providers.filescom.uploads")
    uploads.sorted = list


@sabotage("filescom-upload-last-part-only")
def upload_last_part_only() -> None:
    """A part takes the place of the parts that came before it."""

    def only(put: Any, call: Exchange) -> Reply:
        reply: Reply = put(call)
        for upload in [row for site in call.world.accounts.values() for row in site.table("uploads").values()]:
            upload["parts"] = dict([*upload["parts"].items()][-1:])
        return reply

    wrap("storage.upload_part", only)


def _action(instead: str, of: str) -> Any:
    def around(download: Any, call: Exchange) -> Reply:
        if call.parameters.get("action", "") == of:
            call.parameters["action"] = instead
        reply: Reply = download(call)
        return reply

    return around


sabotages(
    {
        "filescom-upload-text-only": ("storage.upload_part", _text_only),
        "filescom-upload-etag-sha1": ("storage.upload_part", _sha1),
        "filescom-upload-etag-unquoted": ("storage.upload_part", _unquoted),
        "filescom-upload-always-201": ("uploads.finish_upload", answered(201)),
        "filescom-upload-appended": ("storage.store", _appended),
        "filescom-upload-without-bytes": ("uploads.finish_upload", _empty_file),
        "filescom-upload-etags-ignored": ("uploads._check_etags", lambda check, call, etags, parts: None),
        "filescom-upload-kept": ("uploads._forget", lambda forget, call, upload: None),
        "filescom-upload-without-ref": ("uploads.begin_upload", told(without("ref"))),
        "filescom-download-stat-ignored": ("files.download_file", _action("", of="stat")),
        "filescom-download-stat-only": ("files.download_file", _action("stat", of="")),
        "filescom-download-redirect-ignored": ("files.download_file", _action("", of="redirect")),
        "filescom-download-text-only": (
            "storage.download",
            told(lambda content: content.decode("utf-8", "replace").encode()),
        ),
        "filescom-download-inline": ("storage.download", answered(200, headers={})),
        "filescom-download-301": (
            "files.download_file",
            lambda download, call: (
                reply := download(call),
                replace(reply, status=301 if reply.status == 302 else reply.status),
            )[1],
        ),
    }
)


@sabotage("filescom-delete-late")
def delete_late() -> None:
    """A deleted folder is found for a while."""
    answers_first("filescom", "delete_file", 204)
