"""What FileForge has: accounts and their keys, limits, objects behind signed URLs, files, conversions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

DAY = 24 * 60 * 60
MINUTES_TO_UPLOAD, MINUTES_TO_DOWNLOAD = 15, 60
PAGE = 3
SCOPES = ["files:read", "files:write", "files:delete", "convert:write"]
#: The largest upload in bytes, the largest bulk, and how many days what was made is kept.
PLANS = {"pro": (500 * 10**6, 20, 7), "enterprise": (2 * 10**9, 100, 30)}
MAGIC = {b"\x89PNG": "image/png", b"%PDF": "application/pdf", b"PK\x03\x04": "application/zip"}
VIRUS = b"EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE"
_SIZES = [
    {"id": "thumbnail", "label": "320 px", "params": {"width": 320}},
    {"id": "screen", "label": "1920 px", "params": {"width": 1920}},
]
_PAPER = [{"id": "a4", "label": "A4", "params": {"paper": "a4"}}]
FORMATS: Mapping[str, Any] = {
    "application/pdf": {"txt": {"worker": "office", "freeAllowed": True, "presets": _PAPER}},
    "image/png": {
        "webp": {"worker": "raster", "freeAllowed": True, "presets": _SIZES},
        "pdf": {"worker": "office", "freeAllowed": False, "presets": _PAPER},
    },
}
Row = dict[str, Any]
Now = Callable[[], float]


class Refused(Exception):
    """What a request is answered that gets nothing."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}
        self.error = {"message": message, "code": code, **({"details": details} if details else {})}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a caller wants: `key` is the row of its key, `id` the one in the path."""

    key: Row
    id: str = ""
    body: Row = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return str(self.key["account"]["id"])

    @property
    def counted(self) -> str:
        """Whose units are counted together."""
        return str(self.key["id"])

    @property
    def plan(self) -> tuple[int, int, int]:
        return PLANS[self.key["account"]["plan"]]


class Bucket:
    """Units that come back at an even pace. One who has any may take more than there are, and then pays that off."""

    quota, seconds = 60, 60

    def __init__(self, now: Now) -> None:
        self.now, self.lock = now, threading.Lock()
        self.levels: dict[str, tuple[float, float]] = {}

    def take(self, who: str, units: int = 1) -> float:
        """How many seconds it lasts until there is a unit; 0 where these were taken."""
        with self.lock:
            now, (level, then) = self.now(), self.levels.get(who, (self.quota, 0.0))
            level = min(self.quota, level + (now - then) * self.quota / self.seconds)
            if level < 1 - 1e-9:
                return (1 - level) * self.seconds / self.quota
            self.levels[who] = (level - units, now)
        return 0.0


class Calls(Bucket):
    """A minute's calls."""


class Conversions(Bucket):
    """A minute's conversions."""

    quota = 5


def account(plan: str) -> Row:
    """A new account."""
    return {"id": str(uuid.uuid4()), "plan": plan, "banned": False}


class Keys:
    """Keys, of which only prefix and digest are kept."""

    def __init__(self, now: Now) -> None:
        self.now = now
        self.rows: dict[str, Row] = {}

    def issue(self, account: Row, name: str, scopes: Sequence[str] = ("convert:write", "files:read")) -> str:
        """A new key, which nobody is told again."""
        if account["plan"] not in PLANS:
            raise Refused(403, "forbidden", "API access requires Forge Pro")
        if unknown := sorted(set(scopes) - set(SCOPES)):
            raise Refused(400, "unknown_scope", f"there is no scope {unknown[0]}")
        raw = "ff_live_" + base64.b32encode(secrets.token_bytes(20)).decode()
        known = {"id": secrets.token_hex(4), "key_prefix": raw[:12], "digest": self.digest(raw), "account": account}
        told = {"name": name, "scopes": list(scopes)}
        self.rows[known["digest"]] = {**known, **told, "created_at": self.now(), "revoked_at": None, "last_used": None}
        return raw

    def digest(self, raw: str) -> str:
        return hashlib.sha256(raw[12:].encode()).hexdigest()

    def row(self, raw: str) -> Row | None:
        """What is kept of a key, revoked or not."""
        row = self.rows.get(self.digest(raw))
        return row if row and raw.startswith(row["key_prefix"]) else None

    def revoke(self, row: Row) -> None:
        row["revoked_at"] = row["revoked_at"] or self.now()

    def rotate(self, row: Row) -> str:
        raw = self.issue(row["account"], row["name"], row["scopes"])
        self.revoke(row)
        return raw


class Store:
    """Objects by path, and the URLs that lead to them for a while."""

    url = ""

    def __init__(self, now: Now) -> None:
        self.now, self.secret = now, secrets.token_bytes(16)
        self.objects: dict[str, bytes] = {}

    def signed(self, method: str, path: str, minutes: int, size: int = 0) -> str:
        until = str(int(self.now()) + 60 * minutes)
        query = {"X-Amz-Signature": self.signature(method, path, until, size), "X-Amz-Until": until}
        return f"{self.url}{path}?{urlencode(query)}"

    def signature(self, method: str, path: str, until: str, size: int) -> str:
        return hmac.new(self.secret, f"{method} {path} {until} {size}".encode(), "sha256").hexdigest()

    def admits(self, method: str, path: str, query: Mapping[str, list[str]], size: int) -> bool:
        """Whether somebody was sent here with this query, and in time."""
        given, until = (query.get(name, [""])[0] for name in ("X-Amz-Signature", "X-Amz-Until"))
        known = hmac.compare_digest(given.encode(), self.signature(method, path, until, size).encode())
        return known and self.now() <= int(until)


class Files:
    """Uploads that wait, and files. Where a file is not the caller's, it is not there."""

    def __init__(self, now: Now, store: Store) -> None:
        self.now, self.store = now, store
        self.uploads: dict[str, Row] = {}
        self.rows: dict[str, Row] = {}

    def presign(self, asked: Asked) -> Row:
        largest = asked.plan[0]
        if asked.body["size"] > largest:
            raise Refused(413, "file_too_large", f"files may have {largest} bytes", limit=largest)
        id, name = str(uuid.uuid4()), re.sub(r"[^\w.-]", "_", asked.body["filename"], flags=re.ASCII)[-60:]
        key = f"{asked.owner}/{datetime.fromtimestamp(self.now(), UTC):%Y/%m/%d}/{id}-{name}"
        self.uploads[id] = {"owner": asked.owner, "key": key, "path": f"/fileforge-inputs/{key}"}
        url = self.store.signed("PUT", self.uploads[id]["path"], MINUTES_TO_UPLOAD, asked.body["size"])
        lives = {"expires_in": 60 * MINUTES_TO_UPLOAD, "method": "PUT"}
        return {"upload_url": url, **lives, "file_id": id, "storage_key": key, "bucket": "fileforge-inputs"}

    def finalize(self, asked: Asked) -> Row:
        upload = self.uploads.get(asked.id)
        if not upload or (upload["owner"], upload["key"]) != (asked.owner, asked.body["storage_key"]):
            raise Refused(404, "not_found", "there is no such upload")
        content, mime = self.store.objects.get(upload["path"]), asked.body["declared_mime"]
        if content is None:
            raise Refused(409, "upload_pending", "nothing has been uploaded yet")
        if VIRUS in content:
            self.uploads.pop(asked.id, None)
            self.store.objects.pop(upload["path"], None)
            raise Refused(422, "malware_detected", "the scanner found EICAR in it")
        found = next((known for magic, known in MAGIC.items() if content.startswith(magic)), None)
        if found != (mime if mime in MAGIC.values() else None):
            raise Refused(422, "mime_mismatch", "the file is of another type", looks_like=found)
        self.uploads.pop(asked.id, None)
        return self.shown(self.keep(asked, asked.id, upload["path"], asked.body["original_name"], mime, content, 1))

    def keep(self, asked: Asked, id: str, path: str, name: str, mime: str, content: bytes, days: int) -> Row:
        self.store.objects[path] = content
        times = {"made": self.now(), "ends": self.now() + days * DAY}
        row = {"id": id, "owner": asked.owner, "path": path, "name": name, "mime": mime, "size": len(content), **times}
        self.rows[id] = row
        return row

    def shown(self, row: Row) -> Row:
        times = {"created_at": when(row["made"]), "expires_at": when(row["ends"])}
        return {
            **times,
            "size_bytes": row["size"],
            "mime_type": row["mime"],
            "original_name": row["name"],
            "id": row["id"],
        }

    def list(self, asked: Asked) -> Row:
        """A page of files, oldest first; what was made of them are files, too."""
        ids = [id for id, row in [*self.rows.items()] if row["owner"] == asked.owner and row["ends"] > self.now()]
        after = asked.query.get("after", [""])[0]
        page = ids[ids.index(after) + 1 if after in ids else 0 :][:PAGE]
        return {"next": page[-1] if page[PAGE - 1 :] else None, "files": [self.shown(self.rows[id]) for id in page]}

    def file(self, asked: Asked, id: str) -> Row:
        row = self.rows.get(id)
        if not row or row["owner"] != asked.owner or row["ends"] <= self.now():
            raise Refused(404, "not_found", "there is no such file")
        return row

    def delete(self, asked: Asked) -> None:
        row = self.file(asked, asked.id)
        self.rows.pop(asked.id, None)
        self.store.objects.pop(row["path"], None)


class Jobs:
    """Conversions, which take a few seconds and then leave a file."""

    def __init__(self, now: Now, files: Files, limit: Bucket) -> None:
        self.now, self.files, self.limit = now, files, limit
        self.rows: dict[str, Row] = {}

    def formats(self, asked: Asked) -> Row:
        return {"formats": FORMATS}

    def convert(self, asked: Asked) -> Row:
        job = self.job(asked, asked.body)
        self.spend(asked, 1)
        self.rows[job["id"]] = job
        return {name: job[name] for name in ("worker_type", "target_format", "preset", "id")} | {"status": "queued"}

    def convert_all(self, asked: Asked) -> Row:
        most, items = asked.plan[1], asked.body["items"]
        if len(items) > most:
            raise Refused(400, "bulk_too_large", f"a bulk may have {most} items", most=most)
        jobs = {job["id"]: job for job in (self.job(asked, item) for item in items)}
        self.spend(asked, len(jobs))
        self.rows |= jobs
        return {"items": [{"status": "queued", "conversion_id": id} for id in jobs], "bulk_id": str(uuid.uuid4())}

    def spend(self, asked: Asked, conversions: int) -> None:
        if wait := math.ceil(self.limit.take(asked.counted, conversions)):
            told = {"Retry-After": str(wait)}
            raise Refused(429, "conversion_rate_limited", "that is enough for now", told, retry_after_seconds=wait)

    def job(self, asked: Asked, wanted: Row) -> Row:
        """A conversion of this kind, if there can be one."""
        file = self.files.file(asked, wanted["input_file_id"])
        target = FORMATS.get(file["mime"], {}).get(wanted["target_format"])
        if target is None:
            raise Refused(400, "unsupported_pair", f"{file['mime']} does not become {wanted['target_format']}")
        presets = {preset["id"]: preset["params"] for preset in target["presets"]}
        chosen = wanted.get("preset", {"id": next(iter(presets))})["id"]
        if chosen not in presets:
            raise Refused(400, "unknown_preset", f"there is no preset {chosen}", known=[*presets])
        told = {"worker_type": target["worker"], "preset": {"params": presets[chosen], "id": chosen}}
        about = {"owner": asked.owner, "asked": self.now(), "file": file, "output": None}
        return {"id": str(uuid.uuid4()), "target_format": wanted["target_format"], **told, **about}

    def known(self, asked: Asked) -> tuple[Row, str]:
        """The caller's conversion, and its state."""
        job = self.rows.get(asked.id)
        if not job or job["owner"] != asked.owner:
            raise Refused(404, "not_found", "there is no such conversion")
        passed = self.now() - job["asked"]
        if passed < 8:
            return job, "processing" if passed >= 2 else "queued"
        if job["output"] is None:
            id, name = str(uuid.uuid4()), f"{job['file']['name']}.{job['target_format']}"
            mime, days = f"application/x-{job['target_format']}", asked.plan[2]
            job["output"] = self.files.keep(asked, id, f"/fileforge-outputs/{id}", name, mime, b"converted", days)
        return job, "completed"

    def status(self, asked: Asked) -> Row:
        job, state = self.known(asked)
        begun, done = state != "queued", state == "completed"
        told = {name: job[name] for name in ("target_format", "worker_type", "id")}
        told |= {"source_format": job["file"]["mime"].partition("/")[2], "queued_at": when(job["asked"])}
        told |= {"started_at": when(job["asked"] + 2)} if begun else {}
        told |= {"completed_at": when(job["asked"] + 8), "duration_ms": 6000} if done else {}
        if done and job["output"]["id"] in self.files.rows:
            lives = {"expires_in": 60 * MINUTES_TO_DOWNLOAD}
            told["output"] = {"download_url": self.link(job), **lives, "file_id": job["output"]["id"]}
        return {**told, "progress_pct": 100 * done or 40 * begun, "attempt_count": int(begun), "status": state}

    def output(self, asked: Asked) -> str:
        """A URL of what was made."""
        job, state = self.known(asked)
        if state != "completed":
            raise Refused(400, "not_ready", "it takes a few seconds")
        self.files.file(asked, job["output"]["id"])
        return self.link(job)

    def link(self, job: Row) -> str:
        return self.files.store.signed("GET", job["output"]["path"], MINUTES_TO_DOWNLOAD)


def when(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
