"""What the suite has made on a target and not removed yet, noted as it is made. The contract's links say what undoes what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

import httpx

from contract_tests.answer import Answer
from contract_tests.links import Link, Unknown, linked, links_of
from contract_tests.sample import Sample, reaches
from contract_tests.thrift import Budget
from latchkey import Contract
from latchkey.records import Operation

Kind = Literal["sent", "made", "nothing", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Something that a request made, or may have made. Nothing in it is secret.

    `by` is the operation that made it, `undo` the one that removes it, `url` with which path and query (None: nobody knows,
    for the answer was not seen). `whose` is the situation of the key that made it, `name` what it is called.
    """

    by: str
    undo: str
    url: str | None
    whose: str
    name: str | None = None

    @property
    def path(self) -> str:
        return (self.url or "").partition("?")[0]

    def __str__(self) -> str:
        named = f", named {self.name}" if self.name and self.name not in self.path else ""
        return f"{self.path}{named}" if self.url else f"what {self.by} may have made{named}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened: a request `sent` that may make something, which `made` it, made `nothing`, or left it unknown
    (no further event); something `gone`. `number` is the request's among the provider's.
    """

    provider: str
    kind: Kind
    number: int = 0
    left: Left | None = None
    path: str = ""


@dataclass(slots=True)
class Tally:
    """What is there after some events: things by their paths, and by their requests' numbers those that may be there."""

    there: dict[str, Left] = field(default_factory=dict)
    perhaps: dict[int, Left] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        if event.kind == "sent" and event.left:
            self.perhaps[event.number] = event.left
            return
        self.perhaps.pop(event.number, None)
        if event.kind == "made" and event.left:
            self.there[event.left.path] = event.left
        elif event.kind == "gone":
            for path in [path for path in self.there if path == event.path or path.startswith(f"{event.path}/")]:
                del self.there[path]

    def left(self) -> list[Left]:
        """What is there or may be, in the order in which to remove it: the newest first, but what goes with another last."""
        newest = list(reversed(self.there.values()))
        return [*sorted(newest, key=lambda left: self._goes_along(left.path)), *reversed(self.perhaps.values())]

    def alone(self) -> int:
        """How many have to be removed one by one."""
        return sum(not self._goes_along(path) for path in self.there)

    def _goes_along(self, path: str) -> bool:
        """Whether it lies below something else that is to be removed."""
        return any(path[: slash.start()] in self.there for slash in re.finditer("/", path))


class Leavings:
    """Watches the requests of one provider's labs. `prefix` is what names begin with, `secret` whether a text holds a secret;
    `keep` is told every event, with a number for each request. `tally` is what is left from before. For each thing that is
    there, the budget keeps a request aside.
    """

    def __init__(
        self,
        contract: Contract,
        provider: str,
        base_url: str,
        prefix: str,
        budget: Budget,
        *,
        secret: Callable[[str], bool],
        keep: Callable[[Event], None],
        numbers: Iterator[int],
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self.made = 0  #: How many things were made.
        self._contract = contract
        self._provider = provider
        self._base_url = base_url
        self._named = re.compile(rf"{re.escape(prefix)}[\w.-]*")
        self._budget = budget
        self._secret = secret
        self._keep = keep
        self._open: dict[int, tuple[httpx.Request, int]] = {}
        self._numbers = numbers

    def sends(self, request: httpx.Request, operation: Operation, whose: str) -> None:
        """Notes that this request is about to leave: it may make something. Raises NotVerifiable where the budget has nothing
        left to remove it with.
        """
        link = next(self._undoing(request, operation), None)
        if link:
            self._budget.check(2)
            number = next(self._numbers)
            self._open[id(request)] = request, number
            self._add("sent", number=number, left=self._left(link, request, operation, whose, None))

    def unsent(self, request: httpx.Request) -> None:
        """Notes that it did not leave after all."""
        if id(request) in self._open:
            self._add("nothing", number=self._open.pop(id(request))[1])

    def answered(self, request: httpx.Request, operation: Operation, whose: str, response: httpx.Response) -> None:
        """Notes what the answer says was made, or is gone."""
        status = response.status_code
        _, number = self._open.pop(id(request), (request, 0))
        known = self.tally.there.get(self._url(request).partition("?")[0])
        # Who is told that it is not there may only not be allowed to see it.
        if known and known.undo == operation.id and request.method == operation.method and status < 400:
            self._add("gone", path=known.path)
        link = next(self._undoing(request, operation, status), None)
        left = self._left(link, request, operation, whose, response) if link else None
        if left and left.url:
            self.made += 1
            self._add("made", number=number, left=left)
        # Who answers 5xx may have done it nevertheless, and a passing answer without an id has.
        elif number and status < 500 and not link:
            self._add("nothing", number=number)

    def forget(self, left: Left) -> None:
        """Notes that this is gone, or that nothing more can be done about it."""
        for number in [number for number, perhaps in self.tally.perhaps.items() if perhaps is left]:
            self._add("nothing", number=number)
        if left.url:
            self._add("gone", path=left.path)

    def _add(self, kind: Kind, **more: Any) -> None:
        event = Event(provider=self._provider, kind=kind, **more)
        before = self.tally.alone()
        self._keep(event)
        self.tally.add(event)
        self._budget.kept += self.tally.alone() - before

    def _undoing(self, request: httpx.Request, operation: Operation, status: int | None = None) -> Iterator[Link]:
        """The links that undo what the operation, called as the contract says, was answered so."""
        if request.method == operation.method and str(request.url).startswith(self._base_url):
            yield from (link for link in links_of(self._contract, operation, status) if link.undoes)

    def _left(
        self, link: Link, request: httpx.Request, operation: Operation, whose: str, response: httpx.Response | None
    ) -> Left:
        answer = Answer(response, self._contract, operation, operation.provider) if response is not None else None
        told = request.content[:10_000] + (response.content[:10_000] if response is not None else b"")
        text = f"{request.url.path} {told.decode(errors='replace')}"
        name = next((name for name in self._named.findall(text) if not self._secret(name)), None)
        # Who was not answered cannot know whether it was there before: then a name of ours has to say that it is ours.
        ours = answer is not None or name is not None
        return Left(
            by=operation.id,
            undo=link.target.id,
            url=self._followed(link, self._sample(request, operation), answer) if ours else None,
            whose=whose,
            name=name,
        )

    def _followed(self, link: Link, sample: Sample, answer: Answer | None) -> str | None:
        """Path and query that the link leads to, if they are known, name one thing for sure, and tell no secret."""
        try:
            url = linked(link, sample, answer).url
        except Unknown:
            return None
        return url if reaches(link.target, unquote(url.partition("?")[0])) and not self._secret(url) else None

    def _sample(self, request: httpx.Request, operation: Operation) -> Sample:
        headers: dict[str, Any] = dict(request.headers)
        return Sample(
            operation=operation,
            method=request.method,
            url=self._url(request),
            headers=headers,
            content=request.content,
            fits=True,
        )

    def _url(self, request: httpx.Request) -> str:
        return str(request.url).removeprefix(self._base_url)
