"""Bare Starlette: the same bytes as the mock, and nothing behind them. The floor of the comparison."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def route(path: str, answer: dict[str, Any]) -> Route:
    content, status = answer["body"].encode(), answer["status"]
    headers = {"content-type": "application/json", **answer["headers"]}

    async def read(request: Request) -> Response:
        return Response(content, status, headers)

    async def parse(request: Request) -> Response:
        await request.json()
        return Response(content, status, headers)

    method = answer["method"]
    return Route(path, read if method == "GET" else parse, methods=[method])


ANSWERS = json.loads(Path(os.environ["BARE_ANSWERS"]).read_text()) if "BARE_ANSWERS" in os.environ else {}

app = Starlette(routes=[route(path, answer) for path, answer in ANSWERS.items()])
