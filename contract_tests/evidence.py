"""What the proofs of one provider share on a target where every request is dear: answers, and things that were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from contract_tests.trail import Step

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Refusals of who asks or of how it is asked, whatever is stored.
_OF_FORM = frozenset({400, 401, 405, 413, 415, 422})
#: Refusals that change nothing and follow from nothing but the request and what is stored.
_REFUSALS = _OF_FORM | {402, 403, 404, 410}


def _stays(method: str, status: int) -> bool:
    """Whether such a refusal will be the same whatever was changed. Where something is to be changed that is not there, too:
    nobody makes it under the id that was tried.
    """
    return status in _OF_FORM or (status == 404 and method not in SAFE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """What one proof made for others to use, what was sent for it, and when it was there, in the target's Unix seconds."""

    made: Any
    steps: Sequence[Step]
    since: float


@dataclass
class Evidence:
    """Answers that would be the same again, and things that one proof made and others may use.

    An answer is good until something passes that may change what is stored. That nobody is let in without a good key, or with
    a body of another form, does not depend on it, so such refusals stay.
    """

    once: dict[str, Once] = field(default_factory=dict)
    #: Keys that a target gives for one situation, each with the first of them: they are answered alike.
    alike: dict[bytes, bytes] = field(default_factory=dict)
    _answers: dict[Any, httpx.Response] = field(default_factory=dict)

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        """What an equal request was answered, where an answer now could not differ."""
        return self._answers.get(self.same(request))

    def keep(self, request: httpx.Request, response: httpx.Response) -> None:
        """Notes an answer: for others to use, or as a sign that earlier ones may be outdated."""
        safe = request.method in SAFE
        if response.status_code in _REFUSALS or (safe and response.status_code < 400):
            self._answers[self.same(request)] = response
        elif not safe:
            self.forget()

    def forget(self) -> None:
        """From now on answers may differ from those known so far."""
        self._answers = {asked: known for asked, known in self._answers.items() if _stays(asked[0], known.status_code)}

    def close(self) -> None:
        """Closes what was made and is to be closed."""
        for item in self.once.values():
            if hasattr(item.made, "close"):
                item.made.close()

    def same(self, request: httpx.Request) -> tuple[str, str, tuple[tuple[bytes, bytes], ...], bytes]:
        """What makes a request equal to another."""
        headers = sorted((name, self._first(value)) for name, value in request.headers.raw)
        return request.method, str(request.url), tuple(headers), request.content

    def _first(self, value: bytes) -> bytes:
        for other, first in self.alike.items():
            value = value.replace(other, first)
        return value
