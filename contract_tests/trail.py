"""What a proof did to the target, step by step: the requests with their answers, and what happened beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

#: How much of an answer's body is kept, in bytes.
KEPT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. `content` is cut after KEPT bytes, `size` is how many came."""

    status: int
    reason: str
    version: str
    headers: Sequence[tuple[str, str]]
    content: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request and what it was answered, None where the connection broke. `took` in seconds."""

    request: httpx.Request
    reply: Reply | None
    at: datetime
    took: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Requests that were sent at the same time."""

    exchanges: Sequence[Sent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One request, sent again and again while other steps took place."""

    exchanges: Sequence[Sent]
    meanwhile: Sequence[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """Something other than a request: `act` names it for programs and `words` are its operands, `says` tells a person.

    Where nothing is said it changed nothing that a person would have to repeat.
    """

    act: str
    says: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Something that was asked over a protocol other than HTTP: `act` is sign in, list, read, write, remove or make folder.
    `words` are the answer, None where none came.
    """

    url: str
    login: str
    password: str = field(repr=False)
    act: str
    path: str
    content: bytes = b""
    words: str | None = None


Step = Sent | Together | Beside | Did | Spoken


def sent(request: httpx.Request, response: httpx.Response | None, took: float) -> Sent:
    """The step of a request that was just answered."""
    return Sent(request=request, reply=None if response is None else _reply(response), at=datetime.now(UTC), took=took)


def _reply(response: httpx.Response) -> Reply:
    return Reply(
        status=response.status_code,
        reason=response.reason_phrase,
        version=response.http_version,
        headers=tuple(response.headers.multi_items()),
        content=response.content[:KEPT],
        size=len(response.content),
    )


def exchanges(steps: Sequence[Step]) -> list[Sent]:
    """Every request of the steps, in their order."""
    found: list[Sent] = []
    for step in steps:
        if isinstance(step, Sent):
            found.append(step)
        elif isinstance(step, Together):
            found += step.exchanges
        elif isinstance(step, Beside):
            found += [*step.exchanges, *exchanges(step.meanwhile)]
    return found
