"""From path and method to the operation, by tables compiled from the contract once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from latchkey import Contract
from latchkey.records import Operation
from mockserver.exchange import Exchange
from mockserver.layers.record import EXCHANGE

Methods = Mapping[str, Operation]


class Route:
    """Sets the exchange's operation and path parameters, or, where only the method is wrong, what the path allows."""

    def __init__(self, app: ASGIApp, contract: Contract) -> None:
        self.app = app
        paths: dict[str, dict[str, Operation]] = defaultdict(dict)
        for operation in contract.operations.values():
            paths[operation.path][operation.method] = operation
        for methods in paths.values():
            if "GET" in methods:
                methods.setdefault("HEAD", methods["GET"])
        self._literal: dict[str, Methods] = {path: methods for path, methods in paths.items() if "{" not in path}
        self._templates = [(_pattern(methods), methods) for path, methods in paths.items() if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        methods, exchange.parameters = self.find(exchange.path)
        exchange.operation = methods.get(exchange.method)
        exchange.allow = ", ".join(sorted(methods))
        await self.app(scope, receive, send)

    def find(self, path: str) -> tuple[Methods, dict[str, Any]]:
        """The operations of a path by method, none where nothing has it, and its parameters as text."""
        if path in self._literal:
            return self._literal[path], {}
        for pattern, methods in self._templates:
            hit = pattern.fullmatch(path)
            if hit:
                return methods, hit.groupdict()
        return {}, {}


def _pattern(methods: Methods) -> re.Pattern[str]:
    """What a path with parameters matches: one segment each, only digits for an integer, any segments for a path."""
    operation = next(iter(methods.values()))
    schemas = {item.name: item.schema for item in operation.parameters if item.location == "path"}

    def group(hit: re.Match[str]) -> str:
        schema = schemas[hit[1]]
        inside = ".*" if schema.get("format") == "path" else r"-?\d+" if schema.get("type") == "integer" else "[^/]+"
        return f"(?P<{hit[1]}>{inside})"

    return re.compile(re.sub(r"\\\{(\w+)\\\}", group, re.escape(operation.path)), re.DOTALL | re.ASCII)
