"""File storage: where the bytes lie, and the signed URLs to them, which need no credential."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any
from urllib.parse import quote, urlencode

from mockserver.clock import iso
from mockserver.exchange import Exchange, Reply, attachment
from mockserver.world import Row


def signed(call: Exchange, token: str, storage_key: str, **data: Any) -> str:
    """A URL to the object that works for as long as the token lives."""
    assert call.provider
    signature = call.issue(token, storage_key=storage_key, **data)
    stamp = iso(call.now).replace("-", "").replace(":", "")
    query = {"X-Amz-Date": stamp, "X-Amz-Expires": call.provider.tokens[token].ttl, "X-Amz-Signature": signature}
    return f"{call.origin}/objects.brickftp.com/{quote(storage_key)}?{urlencode(query)}"


def upload_part(call: Exchange) -> Reply:
    data = _granted(call, "upload")
    account = call.world.accounts.get(data["account"])
    upload = account.table("uploads").get(data["ref"]) if account else None
    if account is None or upload is None:
        call.refuse("storage_denied", "the upload is finished, or was given up")
    account.objects[data["storage_key"]] = call.body
    etag = md5(call.body)
    upload["parts"][data["part"]] = {"storage_key": data["storage_key"], "etag": etag}
    return Reply(200, headers={"ETag": f'"{etag}"'})


def download(call: Exchange) -> Reply:
    data = _granted(call, "download")
    account = call.world.accounts.get(data["account"])
    content = account.objects.get(data["storage_key"]) if account else None
    if content is None:
        call.refuse("storage_not_found", "the object is gone")
    headers = {"Content-Disposition": attachment(data["name"]), "ETag": f'"{md5(content)}"'}
    return Reply(body=content, headers=headers)


def _granted(call: Exchange, token: str) -> dict[str, Any]:
    """What the URL was signed for. Refused where that is another object, or too long ago."""
    grant = call.redeem(token, call.parameters.get("X-Amz-Signature", ""), "storage_denied")
    if call.parameters["storage_key"] != grant.data["storage_key"]:
        call.refuse("storage_denied", "the URL was signed for another object")
    return {"account": grant.account, **grant.data}


def store(call: Exchange, row: Row, content: bytes) -> None:
    """Makes these bytes the content of a file, in place of what it held."""
    remove(call, row)
    row["storage_key"] = f"{call.account.id}/{call.world.source.uuid()}"
    row["sums"] = {"md5": md5(content), "crc32": f"{zlib.crc32(content):08x}", "size": len(content)}
    call.account.objects[row["storage_key"]] = content


def held(call: Exchange, row: Row) -> Row:
    """The file's row with its bytes in storage: fixtures carry theirs as text until they are first asked for."""
    if "storage_key" not in row:
        store(call, row, str(row.pop("content", "")).encode())
    return row


def remove(call: Exchange, row: Row) -> None:
    call.account.objects.pop(row.pop("storage_key", ""), None)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
