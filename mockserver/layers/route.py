"""From path and method to the operation, by tables compiled from the contract once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from latchkey import Contract
from latchkey.records import Operation
from mockserver.exchange import Exchange
from mockserver.layers.record import EXCHANGE

Methods = Mapping[str, Operation]
Template = tuple[re.Pattern[str], Methods]


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
        self._allow = {id(methods): ", ".join(sorted(methods)) for methods in paths.values()}
        self._templates = _by_folder({path: methods for path, methods in paths.items() if "{" in path})
        self._deepest = max(map(len, self._templates), default=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        methods, exchange.parameters = self.find(exchange.path)
        exchange.operation = methods.get(exchange.method)
        exchange.allow = self._allow.get(id(methods), "")
        await self.app(scope, receive, send)

    def find(self, path: str) -> tuple[Methods, dict[str, Any]]:
        """The operations of a path by method, none where nothing has it, and its parameters as text."""
        if path in self._literal:
            return self._literal[path], {}
        for pattern, methods in self._near(path):
            hit = pattern.fullmatch(path)
            if hit:
                return methods, hit.groupdict()
        return {}, {}

    def _near(self, path: str) -> Sequence[Template]:
        """The templates that the path may have: those of the deepest folder above it that has any."""
        end = path.rfind("/", 0, self._deepest)
        while end >= 0:
            if path[: end + 1] in self._templates:
                return self._templates[path[: end + 1]]
            end = path.rfind("/", 0, end)
        return ()


def _by_folder(paths: Mapping[str, Methods]) -> dict[str, list[Template]]:
    """The templates by what stands before their first parameter, up to a slash: each folder with its own and those of the
    folders above it, in the contract's order.
    """
    above = {path: path[: path.index("{")].rpartition("/")[0] + "/" for path in paths}
    templates = {path: (_pattern(methods), methods) for path, methods in paths.items()}
    return {
        folder: [templates[path] for path in paths if folder.startswith(above[path])] for folder in set(above.values())
    }


def _pattern(methods: Methods) -> re.Pattern[str]:
    """What a path with parameters matches: one segment each, only digits for an integer, any segments for a path."""
    operation = next(iter(methods.values()))
    schemas = {item.name: item.schema for item in operation.parameters if item.location == "path"}

    def group(hit: re.Match[str]) -> str:
        schema = schemas[hit[1]]
        inside = ".*" if schema.get("format") == "path" else r"-?\d+" if schema.get("type") == "integer" else "[^/]+"
        return f"(?P<{hit[1]}>{inside})"

    return re.compile(re.sub(r"\\\{(\w+)\\\}", group, re.escape(operation.path)), re.DOTALL | re.ASCII)
