"""How requests come in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.others.fileflare.app import BASE, BUCKET, ROUTES, App
from tests.others.fileflare.refusals import Refused, Reply, Row, trimmed

MOST = 10**9


class Handler(BaseHTTPRequestHandler):
    """The way of a request: route, key, throttle, headers, body, and what it asks for."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self) -> None:
        #: What every answer of the API tells; who is unknown has called nothing yet.
        self.told = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "60"}
        try:
            reply = self.asked()
        except Refused as refusal:
            reply = refusal.reply
        self.send(*reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer  # noqa: N815

    def asked(self) -> Reply:
        content, url = self.content(), urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.path.startswith(BUCKET) and self.command == "PUT":
            return self.server.app.stored(url.path.removeprefix(BUCKET), query, content)
        if url.path == "/api/v2/customer-account-orders":
            return self.server.app.customer(query)
        act, ids = self.routed(url.path.removeprefix(BASE) if url.path.startswith(BASE) else "")
        raw = self.headers.get("Authorization", "").strip()
        raw = raw[7:].strip() if raw[:7].lower() == "bearer " else query.pop("api_token", "")
        store = self.server.app.store(raw)
        self.count(raw, emails=act == "email")
        self.as_required(content)
        reply: Reply = getattr(self.server.app, act)(store, query, self.body(content), *ids)
        return reply

    def routed(self, path: str) -> tuple[str, Sequence[str]]:
        """What is asked of the app, and of which ids."""
        for pattern, acts in ROUTES.items():
            if hit := re.fullmatch(pattern, path):
                method = "GET" if self.command == "HEAD" else self.command
                if method not in acts:
                    raise Refused(405, f"{method} is nothing here", {"Allow": ", ".join(acts)})
                return acts[method], [unquote(item) for item in hit.groups()]
        raise Refused(404, "There is nothing here")

    def count(self, raw: str, *, emails: bool) -> None:
        """Takes one of the key's calls; e-mails have a budget of their own, and are in no other."""
        throttle = self.server.app.throttle
        quota = throttle.emails if emails else throttle.quota
        left = throttle.take(f"{raw} {emails}", quota)
        self.told = {"X-RateLimit-Limit": str(quota), "X-RateLimit-Remaining": str(max(0, left))}
        if left < 0:
            raise Refused(429, "Slow down")

    def as_required(self, content: bytes) -> None:
        """The headers that every client has to send."""
        if "application/json" not in self.headers.get("Accept", ""):
            raise Refused(406, "Accept application/json")
        if content and not self.headers.get("Content-Type", "").startswith("application/json"):
            raise Refused(415, "Send application/json")

    def content(self) -> bytes:
        """What the request carries, all of it, so that the connection can be used again."""
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > MOST:
            self.close_connection = True
            raise Refused(411, "Say in Content-Length how much you send")
        return self.rfile.read(int(length))

    def body(self, content: bytes) -> Row:
        try:
            body = json.loads(content or b"{}")
        except (ValueError, RecursionError):
            raise Refused(400, "This is no JSON") from None
        if not isinstance(body, dict):
            raise Refused(400, "Send an object")
        return trimmed(body)

    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        told = self.told if not self.path.startswith((BUCKET, "/api/v2")) else {}
        length = {"Content-Length": str(len(content))} if status != 204 else {}
        for name, value in {**headers, **told, **length, "X-Powered-By": "tide"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *values: Any) -> None:
        """Nothing: a line of the log would hold a key."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, app: App, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.app, app.url = app, f"http://127.0.0.1:{self.server_port}"
