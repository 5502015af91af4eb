"""Uploads: begun here, put to file storage part by part, and finished here."""

from __future__ import annotations

from typing import Any

from mockserver.clock import iso
from mockserver.exchange import Exchange, Reply
from mockserver.providers.filescom import moments
from mockserver.providers.filescom.files import view
from mockserver.providers.filescom.paths import fold, place
from mockserver.providers.filescom.storage import signed
from mockserver.providers.filescom.tree import check_write, write
from mockserver.world import Row


def begin_upload(call: Exchange) -> Reply:
    path, wanted = place(call), call.payload or {}
    make_parents = wanted.get("mkdir_parents", False)
    if "ref" in wanted:
        check_write(call, path, make_parents=True)
        upload = _find(call, path, wanted["ref"])
    else:
        check_write(call, path, make_parents=make_parents)
        upload = _begun(call, path, make_parents)
    first = int(wanted.get("part", 1))
    last = min(first + int(wanted.get("parts", 1)), call.facts["available_parts"] + 1)
    return Reply(body=[_part(call, upload, number) for number in range(first, last)])


def finish_upload(call: Exchange) -> Reply:
    path, wanted = place(call), call.payload
    check_write(call, path, make_parents=True)
    upload = _find(call, path, wanted["ref"])
    parts = dict(sorted(upload["parts"].items()))
    _check_etags(call, wanted.get("etags", []), parts)
    content = b"".join(call.account.objects.get(part["storage_key"], b"") for part in parts.values())
    if not parts or wanted.get("size", len(content)) != len(content):
        call.refuse("file_not_uploaded", f"{len(parts)} parts with {len(content)} bytes were uploaded")
    make_parents = upload["mkdir_parents"] or bool(wanted.get("mkdir_parents"))
    row, existed = write(call, path, content, make_parents=make_parents, provided=moments.given(call, "provided_mtime"))
    _forget(call, upload)
    return Reply(200 if existed else 201, view(call, row))


def _begun(call: Exchange, path: str, mkdir_parents: bool) -> Row:
    for old in [
        row for row in call.table("uploads").values() if call.now >= row["begun_at"] + call.facts["upload_ttl"]
    ]:
        _forget(call, old)
    ref = f"put-{call.world.next_id()}"
    upload: Row = {"id": ref, "path": fold(path), "mkdir_parents": mkdir_parents, "begun_at": call.now, "parts": {}}
    call.table("uploads")[ref] = upload
    return upload


def _find(call: Exchange, path: str, ref: str) -> Row:
    upload = call.table("uploads").get(ref)
    if upload is None or upload["path"] != fold(path):
        call.refuse("file_upload_not_found", f"no upload {ref} to {path} is under way")
    return upload


def _forget(call: Exchange, upload: Row) -> None:
    for part in upload["parts"].values():
        call.account.objects.pop(part["storage_key"], None)
    del call.table("uploads")[upload["id"]]


def _check_etags(call: Exchange, etags: list[Any], parts: dict[int, Row]) -> None:
    known = {(str(number), part["etag"]) for number, part in parts.items()}
    for named in etags:
        if (str(named["part"]), named["etag"].strip('"')) not in known:
            call.refuse("invalid_etags", f"part {named['part']} was not uploaded with this etag")


def _part(call: Exchange, upload: Row, number: int) -> dict[str, Any]:
    assert call.provider
    size = call.facts["part_size"]
    storage_key = f"{call.account.id}/{upload['id']}/{number}"
    return {
        "ref": upload["id"],
        "action": "put/write",
        "http_method": "PUT",
        "upload_uri": signed(call, "upload", storage_key, ref=upload["id"], part=number),
        "expires": iso(call.now + call.provider.tokens["upload"].ttl),
        "part_number": number,
        "partsize": size,
        "next_partsize": size,
        "available_parts": call.facts["available_parts"],
        "parallel_parts": True,
        "retry_parts": True,
        "ask_about_overwrites": upload["path"] in call.table("files"),
        "headers": {},
        "parameters": {},
        "send": {"partsize": "required-header Content-Length", "partdata": "body"},
    }
