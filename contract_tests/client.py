"""Sends requests and remembers them as curl lines, secrets replaced by shell variables."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import httpx


class Unreachable(Exception):
    """Nothing answers where the target should be."""


class Client:
    """One connection pool for the whole run. Never follows redirects: a redirect is an answer to be judged."""

    def __init__(self, *, timeout: float = 10.0) -> None:
        self._http = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)
        self._secrets: dict[str, str] = {}
        self._sent: list[str] = []
        self.total = 0  #: Requests sent so far.

    def close(self) -> None:
        self._http.close()

    def hide(self, secret: str, name: str) -> None:
        """From now on this secret is written as $NAME in whatever is printed."""
        self._secrets[secret] = name

    def redact(self, text: str) -> str:
        """The text with every known secret replaced by the shell variable that stands for it."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, f"${self._secrets[secret]}")
        return text

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """The response, its body read. Raises Unreachable where there is none."""
        request = self._http.build_request(method, url, headers=headers, params=query, json=json, content=content)
        # What httpx adds of itself says nothing about the rule.
        for name in ("accept-encoding", "user-agent"):
            if name not in {given.lower() for given in headers or {}}:
                del request.headers[name]
        self._sent.append(self._curl(request, headers or {}))
        self.total += 1
        try:
            return self._http.send(request)
        except httpx.TransportError as problem:
            raise Unreachable(f"{request.url.copy_with(query=None)}: {problem}") from None

    def note(self, text: str) -> None:
        """Writes down, as a comment between the curl lines, what happened beside the requests."""
        self._sent.append(f"# {self.redact(text)}")

    def take_sent(self) -> list[str]:
        """The lines since the last call, repeated requests folded."""
        sent, self._sent = self._sent, []
        return [line for same, lines in groupby(sent) for line in _folded(same, sum(1 for _ in lines))]

    def sent_since(self, count: int) -> list[str]:
        """The lines after the first `count` since the last `take_sent`."""
        return self._sent[count:]

    def put_back(self, lines: Iterable[str]) -> None:
        """From now on these are the lines since the last `take_sent`."""
        self._sent = list(lines)

    @property
    def sent(self) -> int:
        """How many lines since the last `take_sent`."""
        return len(self._sent)

    def _curl(self, request: httpx.Request, given: Mapping[str, str]) -> str:
        words = ["curl", "-i"]
        if request.method == "HEAD":
            words.append("-I")
        elif request.method != "GET":
            words += ["-X", request.method]
        for name, value in given.items():
            words += ["-H", self._quoted(f"{name}: {value}")]
        if request.content:
            if "content-type" in request.headers and "content-type" not in {name.lower() for name in given}:
                words += ["-H", shlex.quote(f"Content-Type: {request.headers['content-type']}")]
            text = request.content[:2000].decode("utf-8", "replace")
            words += ["--data-binary", self._quoted(text)]
        return " ".join([*words, self._quoted(str(request.url))])

    def _quoted(self, text: str) -> str:
        """Quoted for a shell; with double quotes where a variable has to be expanded."""
        hidden = self.redact(text)
        if hidden == text:
            return shlex.quote(text)
        escaped = hidden.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
        return f'"{escaped}"'


def _folded(line: str, times: int) -> list[str]:
    if line.startswith("#") or times == 1:
        return [line] * times
    return [f"for i in $(seq {times}); do {line}; done"]
