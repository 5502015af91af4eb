"""Files and folders, each caller seeing what they can access. Rows are kept by folded path."""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from typing import Any

from mockserver.exchange import Exchange, Reply
from mockserver.providers.filescom import moments
from mockserver.providers.filescom.lists import listed
from mockserver.providers.filescom.paths import ancestors, fold, letters, parent, place, within
from mockserver.providers.filescom.storage import held, remove, signed
from mockserver.world import Row

_ROOT: Row = {"id": "", "type": "directory"}


def list_folder(call: Exchange) -> Reply:
    folder = _find(call, place(call))
    if folder["type"] == "file":
        call.refuse("folder_must_not_be_a_file", f"{_path(folder)} is a file")
    if "l" not in letters(call, folder["id"]):
        call.refuse("read_permission_required", f"the caller may not list {_path(folder)}")
    kind = {"folder": "directory", "file": "file"}.get(call.parameters.get("type", ""))
    inside = [
        row
        for row in call.table("files").values()
        if parent(row["id"]) == folder["id"] and kind in {None, row["type"]} and letters(call, row["id"])
    ]
    inside.sort(key=lambda row: (row["type"], row["id"]))
    return listed(call, inside, field=Row.get, place=lambda row: str(row["id"]), view=lambda row: view(call, row))


def create_folder(call: Exchange) -> Reply:
    path = place(call)
    if "w" not in letters(call, fold(path)):
        call.refuse("write_permission_required", f"the caller may not write {path}")
    if not path or fold(path) in call.table("files"):
        call.refuse("destination_exists", f"{path or 'the root'} is there already")
    wanted = call.payload or {}
    row = new_row(call, path, "directory", make_parents=wanted.get("mkdir_parents", False))
    return Reply(201, view(call, row))


def find_file(call: Exchange) -> Reply:
    return Reply(body=view(call, _find(call, place(call))))


def download_file(call: Exchange) -> Reply:
    row = _find(call, place(call))
    if row["type"] != "file":
        call.refuse("cannot_download_directory", f"{_path(row)} is a folder")
    if "r" not in letters(call, row["id"]):
        call.refuse("read_permission_required", f"the caller may not read {_path(row)}")
    action = call.parameters.get("action", "")
    if action == "stat":
        return Reply(body=view(call, row))
    uri = signed(call, "download", held(call, row)["storage_key"], name=_name(row))
    if action == "redirect":
        return Reply(302, headers={"Location": uri})
    return Reply(body={**view(call, row), "download_uri": uri})


def delete_file(call: Exchange) -> Reply:
    row, files = _find(call, place(call)), call.table("files")
    if not row["id"]:
        call.refuse("invalid_path", "the root cannot be deleted")
    if "d" not in letters(call, row["id"]):
        call.refuse("full_permission_required", f"the caller may not delete {_path(row)}")
    doomed = [other for other in files.values() if within(other["id"], row["id"])]
    if len(doomed) > 1 and not call.parameters.get("recursive", False):
        call.refuse("folder_not_empty", f"{_path(row)} holds {len(doomed) - 1} more", folder=_path(row))
    for other in doomed:
        remove(call, other)
        del files[other["id"]]
    return Reply(204)


def new_row(call: Exchange, path: str, kind: str, *, make_parents: bool) -> Row:
    """A new row at this path, the folders above it spelled as they are or, where that is wanted, made."""
    files, above = call.table("files"), ""
    for folder in ancestors(path):
        row = files.get(fold(folder))
        if row is None:
            if not make_parents:
                call.refuse("destination_parent_does_not_exist", f"there is no folder {folder}")
            row = _added(call, _join(above, _last(folder)), "directory")
        elif row["type"] == "file":
            call.refuse("folder_must_not_be_a_file", f"{folder} is a file")
        above = _path(row)
    return _added(call, _join(above, _last(path)), kind)


def check_parents(call: Exchange, path: str) -> None:
    """Refuses a path that does not lie in a folder that is there."""
    files = call.table("files")
    for folder in ancestors(path):
        row = files.get(fold(folder))
        if row is None:
            call.refuse("destination_parent_does_not_exist", f"there is no folder {folder}")
        if row["type"] == "file":
            call.refuse("folder_must_not_be_a_file", f"{folder} is a file")


def view(call: Exchange, row: Row) -> dict[str, Any]:
    """The file or folder as answers show it."""
    folder = row["type"] == "directory"
    sums = {} if folder else held(call, row)["sums"]
    kind = None if folder else _media_type(_name(row))
    return {
        "path": _path(row),
        "display_name": _name(row),
        "type": row["type"],
        "size": sums.get("size"),
        "created_by_id": row.get("created_by_id"),
        "created_by_api_key_id": row.get("created_by_api_key_id"),
        "last_modified_by_id": row.get("last_modified_by_id"),
        "last_modified_by_api_key_id": row.get("last_modified_by_api_key_id"),
        "created_at": moments.told(row.get("created_at")),
        "mtime": moments.told(row.get("mtime", row.get("created_at"))),
        "provided_mtime": moments.told(row.get("provided_mtime")),
        "crc32": sums.get("crc32"),
        "md5": sums.get("md5"),
        "mime_type": kind,
        "region": None if folder else call.facts["region"],
        "permissions": letters(call, row["id"]),
    }


@lru_cache(maxsize=1024)  # the same files are shown again and again
def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _find(call: Exchange, path: str) -> Row:
    row = call.table("files").get(fold(path)) if path else _ROOT
    if row is None or not letters(call, row["id"]):
        call.refuse("not_found", f"there is no {path or 'root'} that the caller can access")
    return row


def _added(call: Exchange, path: str, kind: str) -> Row:
    assert call.caller
    user, key = call.caller.key.user, call.caller.key
    key_id = key.id if key.kind == "key" else None
    row: Row = {"id": fold(path), "path": path, "type": kind, "created_at": call.now, "mtime": call.now}
    row |= {"created_by_id": user, "created_by_api_key_id": key_id}
    call.table("files")[row["id"]] = row
    return row


def _path(row: Row) -> str:
    return str(row.get("path", row["id"]))


def _name(row: Row) -> str:
    return _last(_path(row))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
