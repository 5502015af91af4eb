"""What the proofs of one provider share on a target where every request is dear: answers, and things that were made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Refusals of who asks or of how it is asked, whatever is stored.
_OF_FORM = frozenset({400, 401, 405, 413, 415, 422})
#: Refusals that change nothing and follow from nothing but the request and what is stored.
_REFUSALS = _OF_FORM | {402, 403, 404, 410}


@dataclass
class Evidence:
    """Answers that would be the same again, and things that one proof made and others may use.

    An answer is good until something passes that may change what is stored. That nobody is let in without a good key, or with
    a body of another form, does not depend on it, so such refusals stay.
    """

    made: dict[str, Any] = field(default_factory=dict)
    _answers: dict[Any, httpx.Response] = field(default_factory=dict)

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        """What an equal request was answered, where an answer now could not differ."""
        return self._answers.get(same(request))

    def keep(self, request: httpx.Request, response: httpx.Response) -> None:
        """Notes an answer: for others to use, or as a sign that earlier ones may be outdated."""
        safe = request.method in SAFE
        if response.status_code in _REFUSALS or (safe and response.status_code < 400):
            self._answers[same(request)] = response
        elif not safe:
            self.forget()

    def forget(self) -> None:
        """From now on answers may differ from those known so far."""
        self._answers = {asked: known for asked, known in self._answers.items() if known.status_code in _OF_FORM}


def same(request: httpx.Request) -> tuple[str, str, tuple[tuple[bytes, bytes], ...], bytes]:
    """What makes a request equal to another."""
    return request.method, str(request.url), tuple(sorted(request.headers.raw)), request.content
