"""OpenAPI links: from an answer to the request that the contract says can be made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from contract_tests.answer import Answer
from contract_tests.sample import Sample, parameters_of
from latchkey import Contract
from latchkey.records import Operation


@dataclass(frozen=True, slots=True)
class Link:
    """One link of an operation's answers. `url` is an expression for a whole URL that the answer holds (`x-url`). `undoes`:
    following it removes what the request made (`x-undoes`).
    """

    name: str
    target: Operation
    parameters: Mapping[str, Any]
    body: Any
    url: str | None
    undoes: bool = False


class Unknown(Exception):
    """An expression names what the request or its answer does not have."""


def links_of(contract: Contract, operation: Operation, status: int | None = None) -> list[Link]:
    """The links of an operation's answers, or of those with this status, in the contract's order."""
    wanted = {str(status), f"{(status or 0) // 100}XX", "default"}
    return [
        Link(
            name,
            contract.operations[raw["operationId"]],
            raw.get("parameters", {}),
            raw.get("requestBody"),
            raw.get("x-url"),
            raw.get("x-undoes", False),
        )
        for named, response in operation.responses.items()
        if status is None or named in wanted
        for name, raw in response.get("links", {}).items()
    ]


def linked(link: Link, sent: Sample, answer: Answer | None) -> Sample:
    """The request that the link leads to. Raises Unknown where request and answer, if there is one, do not hold what it takes."""
    place, target = _Place(sent, answer), link.target
    body = place.evaluate(link.body)
    content = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if isinstance(body, dict | list) else {}
    if link.url:
        url = str(place.evaluate(link.url))
        return Sample(operation=target, method=target.method, url=url, headers=headers, content=content, fits=True)
    values = {name.rpartition(".")[2]: place.evaluate(value) for name, value in link.parameters.items()}
    path, query = target.path, {}
    for parameter in target.parameters:
        if parameter.name in values:
            text = str(values[parameter.name])
            if parameter.location == "path":
                safe = "/" if parameter.schema.get("format") == "path" else ""
                path = path.replace(f"{{{parameter.name}}}", quote(text, safe=safe))
            elif parameter.location == "query":
                query[parameter.name] = text
            elif parameter.location == "header":
                headers[parameter.name] = text
    if query:
        path += f"?{urlencode(query)}"
    return Sample(operation=target, method=target.method, url=path, headers=headers, content=content, fits=True)


class _Place:
    """Where runtime expressions are evaluated (OpenAPI 3.0.3, 4.7.20.3): one request and its answer."""

    def __init__(self, sent: Sample, answer: Answer | None) -> None:
        self._sent = sent
        self._answer = answer

    def evaluate(self, value: Any) -> Any:
        """The value, every expression in it replaced by what it stands for."""
        if isinstance(value, dict):
            return {name: self.evaluate(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.evaluate(item) for item in value]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        source, _, rest = value[1:].partition(".")
        part, separator, name = rest.replace("#", ".#", 1).partition(".")
        found = self._look(source, part, name) if separator or part == "body" else None
        if found is None:
            raise Unknown(value)
        return found

    def _look(self, source: str, part: str, name: str) -> Any:
        sent = self._sent
        held = sent if source == "request" else self._answer
        if held is None:
            return None
        if part == "body":
            return _pointed(held.content or b"", name.removeprefix("#"))
        if part == "header":
            return held.headers.get(name)
        parts = urlsplit(sent.url)
        if part == "path":
            return (parameters_of(sent.operation, unquote(parts.path)) or {}).get(name)
        return dict(parse_qsl(parts.query)).get(name)


def _pointed(content: bytes, pointer: str) -> Any:
    """What a JSON Pointer (RFC 6901) names in a JSON body; None where it names nothing."""
    try:
        value = json.loads(content)
        for step in pointer.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return value
