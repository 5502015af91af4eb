"""The file system of a site: one tree, whoever asks over whichever protocol. Rows are kept by folded path."""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from operator import itemgetter

from mockserver.exchange import Exchange
from mockserver.node import Node
from mockserver.providers.filescom.paths import ancestors, confined, fold, letters, parent, within
from mockserver.providers.filescom.storage import held, remove, store
from mockserver.world import Row

_ROOT: Row = {"id": "", "type": "directory"}


def find(call: Exchange, path: str) -> Row:
    """What is at this path. Refused where the caller sees nothing there."""
    path = confined(call, path)
    row = call.table("files").get(fold(path)) if path else _ROOT
    if row is None or not letters(call, row["id"]):
        call.refuse("not_found", f"there is no {path or 'root'} that the caller can access")
    return row


def children(call: Exchange, folder: Row) -> list[Row]:
    """What the caller sees in a folder, folders first."""
    if folder["type"] == "file":
        call.refuse("folder_must_not_be_a_file", f"{path_of(folder)} is a file")
    if "l" not in letters(call, folder["id"]):
        call.refuse("read_permission_required", f"the caller may not list {path_of(folder)}")
    rows, id = call.table("files").values(), folder["id"]
    inside = [row for row in rows if parent(row["id"]) == id and letters(call, row["id"])]
    return sorted(inside, key=itemgetter("type", "id"))


def check_read(call: Exchange, row: Row) -> None:
    """Refuses what is no file, or none that the caller may read."""
    if row["type"] != "file":
        call.refuse("cannot_download_directory", f"{path_of(row)} is a folder")
    if "r" not in letters(call, row["id"]):
        call.refuse("read_permission_required", f"the caller may not read {path_of(row)}")


def read(call: Exchange, row: Row) -> bytes:
    check_read(call, row)
    return call.account.objects[held(call, row)["storage_key"]]


def check_write(call: Exchange, path: str, *, make_parents: bool = False) -> str:
    """The path, cleaned, where the caller may write a file; refused elsewhere and where a folder is."""
    path = confined(call, path)
    if "w" not in letters(call, fold(path)):
        call.refuse("write_permission_required", f"the caller may not write {path or 'the root'}")
    row = call.table("files").get(fold(path))
    if not path or (row and row["type"] == "directory"):
        call.refuse("destination_exists", f"{path or 'the root'} is a folder")
    if not make_parents:
        _check_parents(call, path)
    return path


def write(
    call: Exchange, path: str, content: bytes, *, make_parents: bool = False, provided: float | None = None
) -> tuple[Row, bool]:
    """The file with these bytes, and whether it was there before. `provided` is when its owner says it was changed."""
    path = check_write(call, path, make_parents=make_parents)
    row = call.table("files").get(fold(path))
    existed = row is not None
    if row is None:
        row = _new(call, path, "file", make_parents=make_parents)
    store(call, row, content)
    row |= {"mtime": call.now, "provided_mtime": provided}
    if existed:
        user, key = _author(call)
        row |= {"last_modified_by_id": user, "last_modified_by_api_key_id": key}
    return row, existed


def make_folder(call: Exchange, path: str, *, make_parents: bool = False) -> Row:
    path = confined(call, path)
    if "w" not in letters(call, fold(path)):
        call.refuse("write_permission_required", f"the caller may not write {path}")
    if not path or fold(path) in call.table("files"):
        call.refuse("destination_exists", f"{path or 'the root'} is there already")
    return _new(call, path, "directory", make_parents=make_parents)


def delete(call: Exchange, row: Row, *, recursive: bool = False) -> None:
    """Removes a file or a folder, with what is in it only where that is wanted."""
    if not row["id"]:
        call.refuse("invalid_path", "the root cannot be deleted")
    if "d" not in letters(call, row["id"]):
        call.refuse("full_permission_required", f"the caller may not delete {path_of(row)}")
    files, doomed = call.table("files"), below(call, row)
    if len(doomed) > 1 and not recursive:
        call.refuse("folder_not_empty", f"{path_of(row)} holds {len(doomed) - 1} more", folder=path_of(row))
    for other in doomed:
        remove(call, other)
        del files[other["id"]]


def move(call: Exchange, row: Row, path: str, *, replace: bool = False) -> None:
    """Puts the file or folder, with what is in it, at another path; in place of what is there where that is wanted."""
    if "d" not in letters(call, row["id"]):
        call.refuse("full_permission_required", f"the caller may not move {path_of(row)}")
    path = confined(call, path)
    # Another spelling of its own name is no other place.
    if fold(path) != row["id"] or path == path_of(row):
        path = _target(call, row, path, replace)
    files, before = call.table("files"), path_of(row)
    path = _join(_folder(call, path, make_parents=False), _last(path))
    for other in below(call, row):
        del files[other["id"]]
        other["path"] = path + path_of(other)[len(before) :]
        other["id"] = fold(other["path"])
        files[other["id"]] = other


def copy(call: Exchange, row: Row, path: str, *, replace: bool = False) -> None:
    """Puts a copy of the file or folder, with what is in it, at another path; it is the caller's."""
    before, copied = path_of(row), below(call, row)
    for other in copied:
        if "r" not in letters(call, other["id"]):
            call.refuse("read_permission_required", f"the caller may not read {path_of(other)}")
    path = _target(call, row, path, replace)
    for other in sorted(copied, key=lambda item: str(item["id"])):
        new = _new(call, path + path_of(other)[len(before) :], other["type"], make_parents=False)
        if other["type"] == "file":
            store(call, new, read(call, other))


def touch(call: Exchange, row: Row, moment: float) -> None:
    """Keeps when the file's owner says it was changed."""
    if not row["id"] or "w" not in letters(call, row["id"]):
        call.refuse("write_permission_required", f"the caller may not write {path_of(row) or 'the root'}")
    row["provided_mtime"] = moment


def node(call: Exchange, row: Row) -> Node:
    """The file or folder as protocols show it."""
    folder = row["type"] == "directory"
    sums = {} if folder else held(call, row)["sums"]
    created: float = row.get("created_at", call.now if row["id"] else 0.0)
    told: float | None = row.get("provided_mtime")
    changed: float | None = row.get("mtime")
    return Node(
        path=path_of(row),
        name=name_of(row),
        folder=folder,
        size=sums.get("size", 0),
        created_at=created,
        changed_at=next(moment for moment in (told, changed, created) if moment is not None),
        digest=sums.get("md5", ""),
        media_type="" if folder else media_type(name_of(row)),
        writable="w" in letters(call, row["id"]),
    )


def below(call: Exchange, row: Row) -> list[Row]:
    """The file or folder and everything in it."""
    return [other for other in call.table("files").values() if within(other["id"], row["id"])]


def path_of(row: Row) -> str:
    path: str = row["path"] if "path" in row else row["id"]
    return path


def name_of(row: Row) -> str:
    return _last(path_of(row))


@lru_cache(maxsize=1024)  # the same files are shown again and again
def media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _target(call: Exchange, row: Row, path: str, replace: bool) -> str:
    """Where the file or folder may be put, cleared of what was there."""
    path = confined(call, path)
    if not path or not row["id"] or within(fold(path), row["id"]):
        call.refuse("invalid_path", f"{path_of(row) or 'the root'} cannot be put at {path or 'the root'}")
    if "w" not in letters(call, fold(path)):
        call.refuse("write_permission_required", f"the caller may not write {path}")
    _check_parents(call, path)
    there = call.table("files").get(fold(path))
    if there is not None:
        if not replace or within(row["id"], there["id"]):
            call.refuse("destination_exists", f"{path} is there already")
        delete(call, there, recursive=True)
    return path


def _check_parents(call: Exchange, path: str) -> None:
    """Refuses a path that does not lie in a folder that is there."""
    files = call.table("files")
    for folder in ancestors(path):
        row = files.get(fold(folder))
        if row is None:
            call.refuse("destination_parent_does_not_exist", f"there is no folder {folder}")
        if row["type"] == "file":
            call.refuse("folder_must_not_be_a_file", f"{folder} is a file")


def _new(call: Exchange, path: str, kind: str, *, make_parents: bool) -> Row:
    return _added(call, _join(_folder(call, path, make_parents=make_parents), _last(path)), kind)


def _folder(call: Exchange, path: str, *, make_parents: bool) -> str:
    """The folder of a path, spelled as it is; it and those above it are made where that is wanted."""
    files, above = call.table("files"), ""
    for folder in ancestors(path):
        row = files.get(fold(folder))
        if row is None:
            if not make_parents:
                call.refuse("destination_parent_does_not_exist", f"there is no folder {folder}")
            row = _added(call, _join(above, _last(folder)), "directory")
        elif row["type"] == "file":
            call.refuse("folder_must_not_be_a_file", f"{folder} is a file")
        above = path_of(row)
    return above


def _added(call: Exchange, path: str, kind: str) -> Row:
    user, key = _author(call)
    row: Row = {"id": fold(path), "path": path, "type": kind, "created_at": call.now, "mtime": call.now}
    row |= {"created_by_id": user, "created_by_api_key_id": key}
    call.table("files")[row["id"]] = row
    return row


def _author(call: Exchange) -> tuple[int | None, int | None]:
    """The ids of the caller's user and key, as far as there are such."""
    assert call.caller
    key = call.caller.key
    return key.user, key.id if key.kind == "key" else None


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
