"""Connexion as it comes: its own router, validation and mock resolver. Keys are looked up in a set of one."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import uvicorn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion import AsyncApp
    from connexion.mock import MockResolver


def lets_in(key: str) -> dict[str, str] | None:
    """Whoever sends something: more than the peers do, less than the mock does."""
    return {"sub": key} if key else None


def main(file: str, port: str) -> None:
    document = json.loads(Path(file).read_text())
    for scheme in document["components"]["securitySchemes"].values():
        kind = "x-bearerInfoFunc" if scheme["type"] == "http" else "x-apikeyInfoFunc"
        scheme[kind] = "benchmarks.peers.stock.lets_in"
    app = AsyncApp("stock")
    app.add_api(document, resolver=MockResolver(mock_all=True))
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
