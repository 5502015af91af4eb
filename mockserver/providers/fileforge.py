"""FileForge: presigned uploads, files, and conversions that progress as time passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from mockserver.clock import iso
from mockserver.exchange import Exchange, Reply, attachment
from mockserver.world import Account, Row

#: First bytes of a file to its type, as far as this mock looks.
SIGNATURES = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"PK\x03\x04": "application/zip",
}
#: Types whose files are ZIP archives inside.
ZIPPED = ("application/zip", "application/vnd.openxmlformats", "application/epub", "application/vnd.oasis")
#: The harmless file that every malware scanner reports (EICAR), in two halves so that no scanner reports this one.
MALWARE = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!"

#: Table to the moment from which a row of it is not kept.
_ENDS: Mapping[str, Callable[[Row, Mapping[str, Any]], float]] = {
    "uploads": lambda row, facts: row["created_at"] + facts["retention"],
    "files": lambda row, facts: row["expires_at"],
    "conversions": lambda row, facts: row["queued_at"] + facts["conversion_retention"],
}
#: At most so many rows of a table are dropped by one request.
_AT_ONCE = 16


def list_formats(call: Exchange) -> Reply:
    paid = call.account.tier in call.facts["paid_tiers"]
    formats = {
        source["id"]: {target: info for target, info in source["targets"].items() if paid or info["freeAllowed"]}
        for source in call.shared("formats").values()
    }
    return Reply(body={"formats": formats})


def presign_upload(call: Exchange) -> Reply:
    wanted, largest = call.payload, call.allowance["max_bytes"]
    if wanted["size"] > largest:
        call.refuse("file_too_large", f"{wanted['size']} bytes are more than this tier's {largest}", max_bytes=largest)
    evict(call.account, call.facts, call.now, most=_AT_ONCE)
    id = call.world.source.uuid()
    storage_key = f"{call.account.id}/{iso(call.now)[:10].replace('-', '/')}/{id}-{_object_name(wanted['filename'])}"
    ttl = _ttl(call, "upload")
    signature = call.issue("upload", storage_key=storage_key, size=wanted["size"])
    body = {
        "file_id": id,
        "bucket": "fileforge-inputs",
        "storage_key": storage_key,
        "upload_url": f"{call.origin}/fileforge-inputs/{quote(storage_key)}?X-Amz-Expires={ttl}&X-Amz-Signature={signature}",
        "expires_in": ttl,
    }
    call.table("uploads")[storage_key] = {"id": id, "storage_key": storage_key, "created_at": call.now}
    return Reply(201, body)


def upload(call: Exchange) -> Reply:
    grant = call.look("upload", call.parameters.get("X-Amz-Signature", ""), "signature_mismatch")
    storage_key = call.parameters["storage_key"]
    if storage_key != grant.data["storage_key"]:
        call.refuse("signature_mismatch", "the URL was signed for another object")
    if len(call.body) != grant.data["size"]:
        call.refuse("signature_mismatch", f"the URL was signed for {grant.data['size']} bytes, {len(call.body)} came")
    account = call.world.accounts.get(grant.account)
    if account is None:
        call.refuse("signature_mismatch", "the account that the URL was signed for is closed")
    account.objects[storage_key] = call.body
    return Reply(200, headers={"ETag": f'"{call.id}"'})


def finalize_file(call: Exchange) -> Reply:
    wanted, storage_key = call.payload, call.payload["storage_key"]
    started = call.table("uploads").get(storage_key)
    content = call.account.objects.get(storage_key)
    if started is None or started["id"] != call.parameters["id"] or content is None:
        call.refuse("not_found", "nothing was uploaded under this id and storage key", what="upload")
    largest = call.facts["scan_max_bytes"]
    if len(content) > largest:
        call.refuse("scan_size_limit_exceeded", f"the scanner takes {largest} bytes at most", max_bytes=largest)
    if MALWARE in content:
        del call.account.objects[storage_key], call.table("uploads")[storage_key]
        call.refuse("malware_detected", "the content is the EICAR test file; the object was deleted")
    declared = wanted["declared_mime"]
    detected = _detected(content, declared)
    if detected != declared:
        call.refuse("mime_mismatch", f"declared {declared}, found {detected}", declared=declared, detected=detected)
    row = {
        "id": started["id"],
        "original_name": wanted["original_name"],
        "mime_type": declared,
        "size_bytes": len(content),
        "created_at": call.now,
        "expires_at": call.now + call.facts["retention"],
        "storage_key": storage_key,
    }
    del call.table("uploads")[storage_key]
    call.table("files")[row["id"]] = row
    return Reply(201, _file(row))


def list_files(call: Exchange) -> Reply:
    rows, now = sorted(call.table("files").values(), key=itemgetter("created_at"), reverse=True), call.now
    return Reply(body={"files": [_file(row) for row in rows if now < row["expires_at"]]})


def delete_file(call: Exchange) -> Reply:
    row = _find_file(call, call.parameters["id"])
    _forget(call.account, "files", row)
    return Reply(204)


def create_conversion(call: Exchange) -> Reply:
    order = _ordered(call, call.payload)
    call.spend("conversions")
    row = _queue(call, order)
    return Reply(
        202,
        {
            "id": row["id"],
            "status": "queued",
            "worker_type": row["worker_type"],
            "target_format": row["target_format"],
            "preset": row["preset"],
        },
    )


def create_bulk_conversion(call: Exchange) -> Reply:
    items, most = call.payload["items"], call.allowance["bulk_max"]
    if len(items) > most:
        call.refuse("bulk_too_large", f"{len(items)} items are more than this tier's {most}", bulk_max=most)
    orders = [_ordered(call, item) for item in items]
    call.spend("conversions", len(orders))
    rows = [_queue(call, order) for order in orders]
    queued = [
        {
            "conversion_id": row["id"],
            "input_file_id": row["input_file_id"],
            "target_format": row["target_format"],
            "status": "queued",
        }
        for row in rows
    ]
    return Reply(202, {"bulk_id": call.world.source.uuid(), "total": len(rows), "items": queued})


def get_conversion(call: Exchange) -> Reply:
    row = _find_conversion(call)
    state, started, completed = _progress(call, row)
    seconds = (min(call.now, completed) - started) if state != "queued" else 0
    body = {
        "id": row["id"],
        "status": state,
        "progress_pct": {"queued": 0, "completed": 100}.get(state, int(100 * seconds / (completed - started))),
        "worker_type": row["worker_type"],
        "source_format": row["source_format"],
        "target_format": row["target_format"],
        "attempt_count": 0 if state == "queued" else 1,
        "error_code": "conversion_failed" if state == "failed" else None,
        "error_message": "the input could not be read" if state == "failed" else None,
        "queued_at": iso(row["queued_at"], digits=3),
        "started_at": None if state == "queued" else iso(started, digits=3),
        "completed_at": iso(completed, digits=3) if state in {"completed", "failed"} else None,
        "duration_ms": int(1000 * (completed - started)) if state in {"completed", "failed"} else None,
        "output": _output(call, row) if state == "completed" and not _outlived(call, completed) else None,
    }
    return Reply(body=body)


def get_conversion_output(call: Exchange) -> Reply:
    row = _find_conversion(call)
    state, _, completed = _progress(call, row)
    if state != "completed":
        call.refuse("not_ready", f"the conversion is {state}", state=state)
    if _outlived(call, completed):
        call.refuse("not_found", "the output has been kept as long as it is kept", what="output")
    return Reply(302, headers={"Location": _output(call, row)["download_url"]})


def download(call: Exchange) -> Reply:
    grant = call.look("download", call.parameters.get("X-Amz-Signature", ""), "signature_mismatch")
    storage_key = call.parameters["storage_key"]
    if storage_key != grant.data["storage_key"]:
        call.refuse("signature_mismatch", "the URL was signed for another object")
    account = call.world.accounts.get(grant.account)
    content = account.objects.get(storage_key) if account else None
    if content is None:
        call.refuse("object_not_found", "the object is gone")
    name = storage_key.rsplit("/", 1)[-1]
    return Reply(body=content, headers={"Content-Disposition": attachment(name)})


def _object_name(name: str) -> str:
    """What of a file's name goes into a URL: the last 100 characters of its last segment, as far as they are printable."""
    return "".join(char for char in name.rsplit("/", 1)[-1] if char.isprintable())[-100:] or "file"


def _ttl(call: Exchange, token: str) -> int:
    assert call.provider
    return call.provider.tokens[token].ttl


def _detected(content: bytes, declared: str) -> str:
    for signature, kind in SIGNATURES.items():
        if content.startswith(signature):
            return declared if kind == "application/zip" and declared.startswith(ZIPPED) else kind
    # Text has no signature; binary types that do have one were declared falsely.
    return "application/octet-stream" if declared in SIGNATURES.values() else declared


def _file(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "original_name": row["original_name"],
        "mime_type": row["mime_type"],
        "size_bytes": row["size_bytes"],
        "expires_at": iso(row["expires_at"]),
        "created_at": iso(row["created_at"]),
    }


def _find_file(call: Exchange, id: str) -> Row:
    row = call.table("files").get(id)
    if row is None or call.now >= row["expires_at"]:
        call.refuse("not_found", "this account has no such file", what="file")
    return row


def _ordered(call: Exchange, wanted: Mapping[str, Any]) -> Row:
    """A conversion as it was asked for, checked against the files and formats."""
    file = _find_file(call, wanted["input_file_id"])
    source, target = file["mime_type"], wanted["target_format"]
    info = call.shared("formats").get(source, {}).get("targets", {}).get(target)
    if info is None:
        call.refuse("unsupported_pair", f"{source} cannot become {target}", source=source, target=target)
    presets = {preset["id"]: preset for preset in info["presets"]}
    chosen = wanted.get("preset", {}).get("id") or next(iter(presets), "default")
    if chosen not in presets and (presets or "preset" in wanted):
        call.refuse("unknown_preset", f"the presets are: {', '.join(presets)}", preset=chosen)
    return {
        "input_file_id": file["id"],
        "source_format": source,
        "target_format": target,
        "worker_type": info["worker"],
        "preset": {"id": chosen, "params": presets.get(chosen, {}).get("params", {})},
        "fails": "corrupt" in file["original_name"],
        "name": f"{file['original_name'].rsplit('.', 1)[0]}.{target}",
    }


def _queue(call: Exchange, order: Row) -> Row:
    evict(call.account, call.facts, call.now, most=_AT_ONCE)
    id, output_id = call.world.source.uuid(), call.world.source.uuid()
    row = {
        "id": id,
        "output_id": output_id,
        "storage_key": f"{call.account.id}/{output_id}-{_object_name(order['name'])}",
        "queued_at": call.now,
        **order,
    }
    call.table("conversions")[row["id"]] = row
    return row


def evict(account: Account, facts: Mapping[str, Any], now: float, *, most: int | None = None) -> None:
    """Drops what is kept no longer, oldest first: a table's rows stand in the order in which they were made."""
    for table, end in _ENDS.items():
        for row in list(islice(account.table(table).values(), most)):
            if now < end(row, facts):
                break
            _forget(account, table, row)


def _forget(account: Account, table: str, row: Row) -> None:
    """Drops the row and its bytes."""
    account.objects.pop(row.get("storage_key", ""), None)
    del account.table(table)[row["storage_key"] if table == "uploads" else row["id"]]


def _find_conversion(call: Exchange) -> Row:
    row = call.table("conversions").get(call.parameters["id"])
    if row is None:
        call.refuse("not_found", "this account has no such conversion", what="conversion")
    return row


def _progress(call: Exchange, row: Row) -> tuple[str, float, float]:
    """State, start and end of a conversion by the clock; a file called corrupt fails."""
    started = row["queued_at"] + call.facts["queue_seconds"]
    completed = started + call.facts["conversion_seconds"]
    if call.now < started:
        return "queued", started, completed
    if call.now < completed:
        return "processing", started, completed
    return "failed" if row["fails"] else "completed", started, completed


def _outlived(call: Exchange, completed: float) -> bool:
    """Whether an output of that time is no longer kept."""
    return bool(call.now >= completed + call.facts["output_retention"])


def _output(call: Exchange, row: Row) -> dict[str, Any]:
    """The converted file behind a fresh presigned URL. What it holds is made up, and says so."""
    storage_key = row["storage_key"]
    content = f"converted to {row['target_format']} by {row['worker_type']} from {row['input_file_id']}\n"
    call.account.objects.setdefault(storage_key, content.encode())
    signature = call.issue("download", storage_key=storage_key)
    ttl = _ttl(call, "download")
    return {
        "file_id": row["output_id"],
        "download_url": f"{call.origin}/fileforge-outputs/{quote(storage_key)}?X-Amz-Expires={ttl}&X-Amz-Signature={signature}",
        "expires_in": ttl,
    }
