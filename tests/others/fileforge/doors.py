"""The two servers: the API, and the store that holds the objects."""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.others.fileforge.forge import PLANS, Asked, Refused, Row

MOST = 1024 * 1024
#: What each body needs, and what a conversion may have beside that.
BODIES = {
    "presign": {"mime": str, "filename": str, "size": int},
    "finalize": {"declared_mime": str, "original_name": str, "storage_key": str},
    "convert": {"target_format": str, "input_file_id": str},
    "convert_all": {"items": list},
}
MORE = {"preset": dict, "preserve_metadata": bool}
#: Method, path, the status of success, what does it, and the scope that it needs.
ROUTES = (
    ("GET", r"/v1/formats", 200, "formats", "convert:write"),
    ("GET", r"/v1/files", 200, "list", "files:read"),
    ("POST", r"/v1/files/presign-upload", 201, "presign", "files:write"),
    ("POST", r"/v1/files/([^/]+)/finalize", 201, "finalize", "files:write"),
    ("DELETE", r"/v1/files/([^/]+)", 204, "delete", "files:delete"),
    ("POST", r"/v1/conversions", 202, "convert", "convert:write"),
    ("POST", r"/v1/conversions/bulk", 200, "convert_all", "convert:write"),
    ("GET", r"/v1/conversions/([^/]+)", 200, "status", None),
    ("GET", r"/v1/conversions/([^/]+)/output", 302, "output", "files:read"),
)


Reply = tuple[int, Mapping[str, str], bytes]


class Door(BaseHTTPRequestHandler):
    """Reads a whole request and writes what `reply` answers to it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Any

    def answer(self) -> None:
        self.url, _, query = self.path.partition("?")
        self.query = parse_qs(query, keep_blank_values=True)
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > MOST:
            self.close_connection = True
            self.send(*self.reply(None))
        else:
            self.send(*self.reply(self.rfile.read(int(length))))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer  # noqa: N815

    def reply(self, content: bytes | None) -> Reply:
        """The answer; `content` is None where it is more than anybody reads."""
        raise NotImplementedError

    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(content)

    def log_message(self, format: str, *values: Any) -> None:
        """Nothing: a line of the log would hold a signature."""


class ApiDoor(Door):
    """Key, plan, limit, body, scope, and then what was asked for."""

    def reply(self, content: bytes | None) -> Reply:
        found = {route[0]: (route, match) for route in ROUTES if (match := re.fullmatch(route[1], self.url))}
        methods = sorted(found | dict.fromkeys(["HEAD"] if "GET" in found else []))
        if self.command not in methods:
            headers = {"Content-Type": "text/plain", **({"Allow": ", ".join(methods)} if methods else {})}
            return 405 if methods else 404, headers, b"There is nothing to be had here.\n"
        (_, _, status, name, scope), match = found["GET" if self.command == "HEAD" else self.command]
        try:
            did = self.did(name, scope, "".join(match.groups()), content)
        except Refused as refusal:
            error = {**refusal.error, "request_id": secrets.token_hex(4)}
            kept = {"Cache-Control": "no-store", "Content-Type": "application/json", **refusal.headers}
            return refusal.status, kept, json.dumps({"error": error}).encode()
        if isinstance(did, str):
            return status, {"Location": did}, b""
        return status, {"Content-Type": "application/json"}, b"" if did is None else json.dumps(did).encode()

    def did(self, name: str, scope: str | None, id: str, content: bytes | None) -> Row | str | None:
        asked = Asked(key=self.key(), id=id, query=self.query)
        self.admit(asked.key["account"])
        if name not in {"convert", "convert_all"}:
            self.count(asked)
        if name in BODIES:
            asked = replace(asked, body=self.body(name, content))
        if scope and scope not in asked.key["scopes"]:
            raise Refused(403, "forbidden", "this key was not made for that", lacking=[scope])
        doer = next(part for part in (self.server.files, self.server.jobs) if hasattr(part, name))
        did: Row | str | None = getattr(doer, name)(asked)
        return did

    def sent(self) -> str:
        """The key that the request brings."""
        scheme, _, raw = self.headers.get("Authorization", "").strip().partition(" ")
        if not scheme:
            return self.headers.get("X-API-Key", "").strip()
        if scheme.lower() != "bearer":
            raise self.unknown("only Bearer is understood")
        return raw.strip()

    def key(self) -> Row:
        """What is kept of the key that the request brings."""
        raw = self.sent()
        row = self.server.keys.row(raw)
        if row is None:
            raise self.unknown("nobody has this key" if raw else "send your API key")
        if row["revoked_at"] is not None:
            raise self.unknown("invalid API key")
        row["last_used"] = self.server.now()
        return row

    def unknown(self, message: str) -> Refused:
        return Refused(401, "unauthorized", message, {"WWW-Authenticate": 'Bearer realm="forge"'})

    def admit(self, account: Row) -> None:
        if account["banned"]:
            raise Refused(403, "forbidden", "this account was closed")
        if account["plan"] not in PLANS:
            raise Refused(403, "forbidden", "API access requires Forge Pro")

    def count(self, asked: Asked) -> None:
        if wait := math.ceil(self.server.calls.take(asked.counted)):
            reset = {"X-RateLimit-Reset": str(math.ceil(self.server.now()) + wait), "Retry-After": str(wait)}
            told = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "60", **reset}
            raise Refused(429, "rate_limited", "request rate exceeded (60/min)", told, retry_after_seconds=wait)

    def body(self, name: str, content: bytes | None) -> Row:
        if content is None:
            raise Refused(413, "file_too_large", "a body may have a megabyte, and says how long it is")
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise Refused(400, "bad_request", "the body is not JSON") from None
        if wrong := [*mistakes(body, name)]:
            raise Refused(400, "bad_request", f"look at {wrong[0]} again", wrong=wrong)
        return body


def mistakes(body: Any, name: str, where: str = "body") -> Iterator[str]:
    """Where a body is not as it has to be."""
    if not isinstance(body, dict):
        yield where
        return
    more = MORE if name == "convert" else {}
    kinds = {**BODIES[name], **{name: kind for name, kind in more.items() if name in body}}
    yield from (f"{where}.{name}" for name, kind in kinds.items() if not fits(body.get(name), kind))
    if name == "convert_all" and isinstance(body.get("items"), list):
        for number, item in enumerate(body["items"]):
            yield from mistakes(item, "convert", f"{where}.items[{number}]")


def fits(value: Any, kind: type) -> bool:
    if kind is dict:
        return isinstance(value, dict) and isinstance(value.get("id"), str)
    return type(value) is kind and (kind is bool or (value > 0 if kind is int else bool(value)))


class StoreDoor(Door):
    """The objects, for whoever has a signed URL."""

    def reply(self, content: bytes | None) -> Reply:
        store, method = self.server.store, "GET" if self.command == "HEAD" else self.command
        size = len(content or b"") if method == "PUT" else 0
        if not store.admits(method, self.url, self.query, size):
            return self.error(403, "SignatureDoesNotMatch")
        if method == "PUT":
            store.objects[self.url] = content or b""
            return 200, {"ETag": f'"{hashlib.md5(content or b"", usedforsecurity=False).hexdigest()}"'}, b""
        if self.url not in store.objects:
            return self.error(404, "NoSuchKey")
        return 200, {"Content-Type": "binary/octet-stream"}, store.objects[self.url]

    def error(self, status: int, code: str) -> Reply:
        return status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode()


class Server(ThreadingHTTPServer):
    """Answers on a free port; what its doors need are its attributes."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, door: type[Door], **parts: Any) -> None:
        super().__init__(("127.0.0.1", 0), door)
        vars(self).update(parts)
        self.url = f"http://127.0.0.1:{self.server_port}"
