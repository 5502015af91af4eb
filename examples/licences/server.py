"""A shop's licence server: it verifies licences, and gives out each product's file through links that work once.

`python server.py` serves `shop.json` on 127.0.0.1:8090. It needs nothing but Python, and knows nothing of contract-tests.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BASE = "/api/license/"
METHODS = {"verify": "GET, HEAD", "download": "POST", "download-file": "GET, HEAD"}
DAY = 24 * 60 * 60
MOST = 64 * 1024
NOT_KEPT = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Expires": "0"}

Row = dict[str, Any]
Reply = tuple[int, Mapping[str, str], bytes]


class Refused(Exception):
    """What a request is answered that gets nothing."""

    def __init__(self, status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        body = {"message": message, "success": False, "error_code": code}
        self.reply = as_json(status, body if code else {"message": message, "success": False}, headers)


def as_json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    kept = {"Cache-Control": "no-store", "Content-Type": "application/json", **(headers or {})}
    return status, kept, json.dumps(body).encode()


class Limiter:
    """Sixty calls of an address in any sixty seconds. The window slides, and a refused call does not count."""

    quota, seconds = 60, 60

    def __init__(self, now: Callable[[], float]) -> None:
        self.now, self.lock = now, threading.Lock()
        self.calls: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, who: str) -> tuple[bool, dict[str, str]]:
        """Whether the call may pass, and the headers that tell what is left."""
        with self.lock:
            now, calls = self.now(), self.calls[who]
            while calls and calls[0] <= now - self.seconds:
                calls.popleft()
            if admitted := len(calls) < self.quota:
                calls.append(now)
            left, reset = self.quota - len(calls), max(1, round(calls[0] + self.seconds - now))
        told = {"RateLimit-Reset": str(reset), "RateLimit-Remaining": str(left), "RateLimit-Limit": str(self.quota)}
        return admitted, told if admitted else {"Retry-After": str(reset), **told}


class Links:
    """Download links, each good once and for a day."""

    lasting = DAY

    def __init__(self, now: Callable[[], float]) -> None:
        self.now, self.lock = now, threading.Lock()
        self.rows = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.rows.execute("CREATE TABLE links (token TEXT PRIMARY KEY, product INTEGER, ends REAL, used BOOLEAN)")

    def make(self, product: int) -> tuple[str, float]:
        """A new token, and when it ends."""
        token, ends = secrets.token_urlsafe(32), self.now() + self.lasting
        self.ask("INSERT INTO links VALUES (?, ?, ?, FALSE)", token, product, ends)
        return token, ends

    def product(self, token: str) -> int | None:
        """The product that a good token is for."""
        rows = self.ask("SELECT product FROM links WHERE token = ? AND NOT used AND ends > ?", token, self.now())
        return rows[0][0] if rows else None

    def use_up(self, token: str) -> bool:
        """Whether the token was unused until now. Looking and marking are one statement: of two at once, one gets it."""
        return bool(self.ask("UPDATE links SET used = TRUE WHERE token = ? AND NOT used RETURNING token", token))

    def ask(self, statement: str, *values: Any) -> list[Any]:
        with self.lock:
            return self.rows.execute(statement, values).fetchall()


class Shop:
    """The licences and products of a file like `shop.json`, and who gets what. Whoever gets nothing is Refused."""

    def __init__(self, data: Mapping[str, list[Row]], now: Callable[[], float] = time.time) -> None:
        self.limiter, self.links = Limiter(now), Links(now)
        self.products = {row["id"]: row for row in data["products"]}
        self.licences = {row["license_key"]: row for row in data["licences"]}

    def licence(self, authorization: str, domain: Any, product: Any) -> Row:
        """The licence whose key this header carries, good for this domain and product."""
        licence = self.known(authorization)
        if not licence["is_active"]:
            raise Refused(403, "License is inactive or suspended", "INACTIVE_LICENSE")
        if domain in (None, ""):
            raise Refused(400, "Domain is required", "MISSING_DOMAIN")
        if product in (None, ""):
            raise Refused(400, "Product ID is required", "MISSING_PRODUCT_ID")
        if not licence["domain"]:
            raise Refused(403, "No domain configured for this license", "NO_DOMAIN_CONFIGURED")
        if not self.at_home(licence, domain):
            raise Refused(403, "Domain mismatch. License not valid for this domain.", "DOMAIN_MISMATCH")
        if not self.bought(licence, product):
            raise Refused(403, "Product ID mismatch. License not valid for this product.", "PRODUCT_ID_MISMATCH")
        return licence

    def known(self, authorization: str) -> Row:
        scheme, _, key = (part.strip() for part in authorization.strip().partition(" "))
        challenge = {"WWW-Authenticate": "Bearer"}
        if scheme.lower() != "bearer":
            raise Refused(401, "Authorization header missing or invalid format", "MISSING_AUTHORIZATION", challenge)
        if not key:
            raise Refused(401, "License key is required", "MISSING_LICENSE_KEY", challenge)
        if key not in self.licences:
            raise Refused(401, "Invalid license key", "INVALID_LICENSE", challenge)
        return self.licences[key]

    def at_home(self, licence: Row, domain: Any) -> bool:
        return str(domain).lower() == str(licence["domain"])

    def bought(self, licence: Row, product: Any) -> bool:
        return str(product) == str(licence["product_id"])

    def verify(self, licence: Row) -> Row:
        return {**licence, "product_name": self.products[licence["product_id"]]["name"]}

    def link(self, licence: Row, url: str) -> Row:
        """A link to the licence's file, below this URL."""
        product = self.products[licence["product_id"]]
        if not product["by_api"]:
            raise Refused(403, "API download is disabled for this product")
        if product["file"] is None:
            raise Refused(404, "No downloadable file available for this product")
        token, ends = self.links.make(product["id"])
        told = {"product_name": product["name"], "file_size": len(product["content"].encode())}
        expires = datetime.fromtimestamp(ends, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {**told, "download_url": f"{url}{BASE}download-file/{token}", "expires_at": expires}

    def file(self, token: str, *, look: bool) -> tuple[str, bytes]:
        """Name and content of the file that a token is for; the token is used up, unless somebody only has a look."""
        product = self.products.get(self.links.product(token))
        if product and product["file"] is None:
            raise Refused(404, "Product file not found")
        if not product or not (look or self.links.use_up(token)):
            raise Refused(404, "Invalid or expired download token")
        return product["file"], product["content"].encode()


class Handler(BaseHTTPRequestHandler):
    """The shop's doorkeeper."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self) -> None:
        self.told: Mapping[str, str] = {}
        try:
            self.send(*self.asked())
        except Refused as refusal:
            self.send(*refusal.reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer  # noqa: N815

    def asked(self) -> Reply:
        """The answer to a request that gets what it wants; else it is Refused."""
        content = self.content()
        path = self.path.partition("?")[0]
        name, slash, token = path.removeprefix(BASE).partition("/")
        if not path.startswith(BASE) or name not in METHODS or bool(token) != (name == "download-file"):
            raise Refused(404, "There is nothing here")
        if self.command not in METHODS[name].split(", "):
            raise Refused(405, f"Ask with {METHODS[name]}", headers={"Allow": METHODS[name]})
        if name == "download-file":
            return self.file(token)
        self.count()
        licence = self.licence(content)
        if name == "verify":
            return self.data("License is valid and active", self.server.shop.verify(licence))
        return self.data("Download token generated successfully", self.server.shop.link(licence, self.server.url))

    def content(self) -> bytes:
        """What the request carries, all of it, so that the connection can be used again."""
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > MOST:
            self.close_connection = True
            raise Refused(413, "Send up to 64 KiB, and say in Content-Length how much")
        return self.rfile.read(int(length))

    def count(self) -> None:
        """Takes one of the caller's calls. From then on the answer tells what is left."""
        admitted, self.told = self.server.shop.limiter.take(self.who())
        if not admitted:
            raise Refused(429, "Too many requests. Please try again later.", "RATE_LIMIT_EXCEEDED")

    def licence(self, content: bytes) -> Row:
        try:
            body = json.loads(content or b"{}")
            inside = body.get("domain"), body.get("product_id")
        except (ValueError, AttributeError, RecursionError):
            raise Refused(400, "The body has to be a JSON object", "UNREADABLE_BODY") from None
        domain, product = self.headers.get("X-Domain", inside[0]), self.headers.get("X-Product-ID", inside[1])
        return self.server.shop.licence(self.headers.get("Authorization", ""), domain, product)

    def who(self) -> str:
        """Whose calls are counted together."""
        return str(self.client_address[0])

    def data(self, message: str, data: Row) -> Reply:
        return as_json(200, {"data": data, "message": message, "success": True})

    def file(self, token: str) -> Reply:
        name, content = self.server.shop.file(token, look=self.command == "HEAD")
        about = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": "application/octet-stream"}
        return 200, {**NOT_KEPT, **about}, content

    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, **self.told, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *values: Any) -> None:
        """Nothing: a line of the log would hold a token."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, shop: Shop, port: int = 0, handler: type[Handler] = Handler) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.shop, self.url = shop, f"http://127.0.0.1:{self.server_port}"


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--shop", type=Path, default=here / "shop.json", help="licences and products")
    options = parser.parse_args()
    server = Server(Shop(json.loads(options.shop.read_text("utf-8"))), options.port)
    print(f"Licences at {server.url}{BASE}verify")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
