"""An answer of the target, and what a proof may demand of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Self

import httpx

from contract_tests.curl import readable
from contract_tests.outcome import NotVerifiable, Violation, check
from latchkey import Contract
from latchkey.records import Operation, Refusal
from latchkey.template import differences, fill


class Answer:
    """Status, headers and body, and the operation that was called (None: a request beside the contract).

    `expect…`, `refused` and `conforms` raise Violation: they state the rule. `given` and `told` state what a proof builds on
    and raise NotVerifiable.
    """

    def __init__(
        self, response: httpx.Response, contract: Contract, operation: Operation | None, provider: str
    ) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.content = response.content
        self.request = f"{response.request.method} {response.request.url.path}"
        self._contract = contract
        self._operation = operation
        self._provider = provider

    @property
    def passed(self) -> bool:
        return self.status < 400

    def __str__(self) -> str:
        if not self.content:
            return f"{self.status} without a body"
        text = readable(self.content)
        return f"{self.status} with {len(self.content)} bytes" if text is None else f"{self.status} {text[:200]}"

    def given(self, *statuses: int) -> Self:
        """What the proof builds on: one of these statuses, or, where none is named, any that passes."""
        if self.status not in statuses if statuses else not self.passed:
            wanted = " or ".join(map(str, statuses)) or "a passing status"
            raise NotVerifiable(f"a step before it failed: {self.request} answered {self}, {wanted} was needed")
        return self

    def expect(self, *statuses: int) -> Self:
        check(self.status in statuses, f"{self.request} to answer {' or '.join(map(str, statuses))}", self, "status")
        return self

    def passes(self) -> Self:
        """The request is let through: 2xx or 3xx."""
        check(self.passed, f"{self.request} to pass", self, "status")
        return self

    def refused(self, name: str) -> Self:
        """The status of this refusal of the contract. What it says is `says`, which is a rule of its own."""
        return self.expect(self._refusal(name).status)

    def says(self, name: str, **values: Any) -> Self:
        """Status and body of this refusal, word for word; `values` fill its placeholders, others may be anything."""
        refusal = self.refused(name)._refusal(name)
        template = fill(refusal.body, values)
        actual = self.json() if not isinstance(template, str) else self.content.decode("utf-8", "replace")
        problems = differences(template, actual)
        check(not problems, f"{self.request} to answer {json.dumps(template)}", "; ".join(problems))
        return self

    def conforms(self) -> Self:
        """The contract's schema for this operation and status, and its required headers. Where the schema asks for no member,
        there need not be a body either.
        """
        described = self.described()
        content = described.get("content", {})
        for name, header in described.get("headers", {}).items():
            if header.get("required"):
                self.header(name)
        media = content.get("application/json")
        if media is None:
            return self
        validator = self._contract.schemas.validator(media["schema"])
        if not self.content and validator.is_valid({}):
            return self
        problems = [f"{_place(error)}: {error.message}" for error in validator.iter_errors(self.json())]
        check(not problems, f"{self.request} {self.status} to match its schema", "; ".join(problems[:5]))
        return self

    def described(self) -> Mapping[str, Any]:
        """The contract's description of this answer; a status that the operation does not have is a violation."""
        assert self._operation
        responses = self._contract.answers[self._operation.id]
        for status in (str(self.status), f"{self.status // 100}XX", "default"):
            if status in responses:
                answer: Mapping[str, Any] = responses[status]
                return answer
        raise Violation(f"{self.request} to answer one of {', '.join(responses)}", str(self))

    def json(self) -> Any:
        """The body as JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise Violation(f"{self.request} to answer JSON", f"{self.headers.get('content-type')}: {self}") from None

    def member(self, *path: str | int) -> Any:
        """A member of the JSON body, by names and indexes."""
        value = self.json()
        for depth, step in enumerate(path):
            inside = isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value)
            if not inside and not (isinstance(value, dict) and step in value):
                where = ".".join(map(str, path[: depth + 1]))
                raise Violation(f"{self.request} to answer a body with {where}", str(self))
            value = value[step]
        return value

    def told(self, *path: str | int) -> Any:
        """A member that the proof builds on. Raises NotVerifiable where the body has none."""
        try:
            return self.member(*path)
        except Violation as problem:
            raise NotVerifiable(f"a step before it failed: {problem.expected}: {problem.actual}") from None

    def header(self, name: str, pattern: str = ".*") -> str:
        """The header's value, which must be there and match the whole pattern."""
        value = self.headers.get(name)
        check(
            value is not None,
            f"{self.request} to carry the header {name}",
            f"{self.status} without it",
            f"header {name}",
        )
        check(
            re.fullmatch(pattern, value, re.IGNORECASE) is not None,
            f"{self.request} to carry {name} matching {pattern}",
            f"{name}: {value}",
            f"header {name}",
        )
        return str(value)

    def without_header(self, name: str) -> Self:
        told = f"{name}: {self.headers.get(name)}"
        check(name not in self.headers, f"{self.request} not to carry {name}", told, f"header {name}")
        return self

    def _refusal(self, name: str) -> Refusal:
        return self._contract.providers[self._provider].refusals[name]


def _place(error: Any) -> str:
    return ".".join(map(str, error.instance_path)) or "body"
