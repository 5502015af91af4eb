"""Files and folders, each caller seeing what they can access."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import Any

from mockserver.exchange import Exchange, Reply
from mockserver.providers.filescom import moments
from mockserver.providers.filescom.lists import listed
from mockserver.providers.filescom.paths import letters, place
from mockserver.providers.filescom.storage import held, signed
from mockserver.providers.filescom.tree import (
    check_read,
    children,
    delete,
    find,
    make_folder,
    media_type,
    name_of,
    path_of,
)
from mockserver.world import Row


def list_folder(call: Exchange) -> Reply:
    inside = children(call, find(call, place(call)))
    kind = {"folder": "directory", "file": "file"}.get(call.parameters.get("type", ""))
    wanted = [row for row in inside if kind is None or row["type"] == kind]
    return listed(call, wanted, field=Row.get, place=itemgetter("id"), view=partial(view, call))


def create_folder(call: Exchange) -> Reply:
    wanted = call.payload or {}
    return Reply(201, view(call, make_folder(call, place(call), make_parents=wanted.get("mkdir_parents", False))))


def find_file(call: Exchange) -> Reply:
    return Reply(body=view(call, find(call, place(call))))


def download_file(call: Exchange) -> Reply:
    row = find(call, place(call))
    check_read(call, row)
    action = call.parameters.get("action", "")
    if action == "stat":
        return Reply(body=view(call, row))
    uri = signed(call, "download", held(call, row)["storage_key"], name=name_of(row))
    if action == "redirect":
        return Reply(302, headers={"Location": uri})
    return Reply(body={**view(call, row), "download_uri": uri})


def delete_file(call: Exchange) -> Reply:
    delete(call, find(call, place(call)), recursive=call.parameters.get("recursive", False))
    return Reply(204)


def view(call: Exchange, row: Row) -> dict[str, Any]:
    """The file or folder as answers show it."""
    folder, name, known = row["type"] == "directory", name_of(row), row.get
    sums, created = {} if folder else held(call, row)["sums"], known("created_at")
    return {
        "path": path_of(row),
        "display_name": name,
        "type": row["type"],
        "size": sums.get("size"),
        "created_by_id": known("created_by_id"),
        "created_by_api_key_id": known("created_by_api_key_id"),
        "last_modified_by_id": known("last_modified_by_id"),
        "last_modified_by_api_key_id": known("last_modified_by_api_key_id"),
        "created_at": moments.told(created),
        "mtime": moments.told(known("mtime", created)),
        "provided_mtime": moments.told(known("provided_mtime")),
        "crc32": sums.get("crc32"),
        "md5": sums.get("md5"),
        "mime_type": None if folder else media_type(name),
        "region": None if folder else call.facts["region"],
        "permissions": letters(call, row["id"]),
    }
