"""The licence server as its owner runs it on staging: the same code, a clock that can be turned, callers who may say where they
come from, and an administrator.

`python staging.py` serves it on 127.0.0.1:8091; the administrator presents what ADMIN_TOKEN holds in the environment.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import server
from server import Refused, Reply, as_json


class Shop(server.Shop):
    ahead = 0.0

    def __init__(self, data: Any, admin_token: str) -> None:
        super().__init__(data, self.now)
        self.admin_token = admin_token

    def now(self) -> float:
        return time.time() + self.ahead


class Handler(server.Handler):
    def who(self) -> str:
        return self.headers.get("X-Forwarded-For") or super().who()

    def asked(self) -> Reply:
        return self.administer() if self.path.startswith("/admin/") else super().asked()

    def administer(self) -> Reply:
        """`POST /admin/clock` turns the clock; `PUT` and `DELETE` of `/admin/licences/KEY` and `/admin/products/ID` change rows."""
        shop, body = self.server.shop, json.loads(self.content() or b"{}")
        assert isinstance(shop, Shop)
        if self.headers.get("Authorization") != f"Bearer {shop.admin_token}":
            raise Refused(401, "You are not the administrator")
        kind, _, name = self.path.removeprefix("/admin/").partition("/")
        if kind == "clock":
            shop.ahead += body.get("advance", 0)
            return as_json(200, {"now": shop.now()})
        rows: Any = {"licences": shop.licences, "products": shop.products}[kind]
        key: Any = name if kind == "licences" else int(name)
        rows.pop(key, None)
        if self.command == "PUT":
            rows[key] = body
        return as_json(200, {"rows": len(rows)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8091)
    options = parser.parse_args()
    data = json.loads((Path(__file__).parent / "shop.json").read_text("utf-8"))
    there = server.Server(Shop(data, os.environ["ADMIN_TOKEN"]), options.port, Handler)
    print(f"Licences at {there.url}{server.BASE}verify", flush=True)
    there.serve_forever()


if __name__ == "__main__":
    main()
