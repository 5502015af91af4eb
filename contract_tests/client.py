"""Sends requests and remembers them, with their answers."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from random import Random, SystemRandom
from time import monotonic
from typing import Any

import httpx

from contract_tests.crowd import AROUND, Exchange, Happening, at_once, during
from contract_tests.curl import GIVEN
from contract_tests.redaction import Redaction
from contract_tests.target import Way
from contract_tests.trail import Beside, Did, Sent, Spoken, Step, Together, sent
from contract_tests.trail import exchanges as exchanges_of
from latchkey import Contract


class Fault(Exception):
    """The way to the target failed, which says nothing about the target. `sent`: the request may have got there."""

    sent = True


class Unreachable(Fault):
    """Nothing answers where the target should be."""

    sent = False


_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


#: What every client says, for a server may refuse to answer without.
_ADDED = {"Accept": "*/*", "Connection": "keep-alive"}
#: Most URLs are asked for more than once, and to read one takes as long as half a request.
_parsed = lru_cache(maxsize=1_000)(httpx.URL)


class Client:
    """One connection pool for the whole run. Never follows redirects: a redirect is an answer to be judged."""

    def __init__(self, contract: Contract | None = None, *, way: Way | None = None, seed: int | None = None) -> None:
        #: Makes names that must not have been used before: repeatable from the seed, unique without one.
        self.random = SystemRandom() if seed is None else Random(seed)  # noqa: S311 - names are no secrets
        self.way = way or Way()
        self._transport = self.way.open()
        self._patience = self.way.patience
        self.redaction = Redaction(contract)
        self._steps: list[Step] = []
        #: Every request of the run, the oldest first, where somebody wants them; no more than it holds.
        self.kept: deque[Sent] | None = None
        #: How often each operation was answered with each status.
        self.answered: Counter[tuple[str, int]] = Counter()
        self.total = 0  #: Requests sent so far.
        self.passed = 0.0  #: Seconds that were let pass on the target so far.

    def close(self) -> None:
        self._transport.close()

    def hide(self, secret: str, name: str) -> None:
        """From now on this secret is written as $NAME in whatever is printed."""
        self.redaction.hide(secret, name)

    def redact(self, text: str) -> str:
        """The text with every secret replaced by the shell variable that stands for it."""
        return self.redaction(text)

    def cite(self, request: httpx.Request, answered: httpx.Response) -> None:
        """Writes the request down, whose answer is known from before."""
        self._add(sent(request, answered, 0))

    def send(self, request: httpx.Request) -> httpx.Response:
        """The response, its body read. Raises Unreachable where no connection is had, Fault where one breaks or is too slow."""
        self.total += 1
        began, response = monotonic(), None
        try:
            response = self._transport.handle_request(request)
            response.request = request
            response.read()
        except httpx.TransportError as problem:
            kind = Unreachable if isinstance(problem, _NEVER_SENT) else Fault
            raise kind(f"{request.url.copy_with(query=None)}: {problem or type(problem).__name__}") from None
        finally:
            self._add(sent(request, response, monotonic() - began))
        return response

    def prepare(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
    ) -> httpx.Request:
        """A request, to be sent once or more."""
        given = dict(headers or {})
        named = {name.lower() for name in given}
        sent = {name: value for name, value in _ADDED.items() if name.lower() not in named} | given
        extensions = {GIVEN: given, "timeout": self._patience}
        return httpx.Request(
            method, _parsed(url), headers=sent, params=query, json=json, content=content, extensions=extensions
        )

    def send_at_once(self, requests: Sequence[httpx.Request]) -> list[Exchange]:
        """The exchanges of these requests, each on a connection of its own. Raises Unreachable where none is answered."""
        self.total += len(requests)
        exchanges = at_once(requests, self.way)
        self._add(Together(exchanges=[_sent(*both) for both in zip(requests, exchanges, strict=True)]))
        if not any(exchange.response for exchange in exchanges):
            raise Unreachable(
                f"{requests[0].url.copy_with(query=None)}: none of {len(requests)} connections was answered"
            )
        return exchanges

    def send_during(self, request: httpx.Request, action: Callable[[], object]) -> Happening:
        """The exchanges of this request, sent again and again while the action takes place."""
        self.total += AROUND
        before, self._steps = self._steps, []
        try:
            happening = during(request, action, self.way)
        except BaseException:
            self._steps = [*before, *self._steps]
            raise
        meanwhile, self._steps = self._steps, before
        self._add(Beside(exchanges=[_sent(request, item) for item in happening.exchanges], meanwhile=meanwhile))
        return happening

    def note(self, act: str, says: str = "", **words: Any) -> None:
        """Notes what happened beside the requests; `says` is a comment between the curl lines."""
        self._add(Did(act=act, says=says, words=words))

    def speak(self, step: Spoken) -> None:
        """Counts and notes what was asked over another protocol."""
        self.total += 1
        self._add(step)

    def take_sent(self) -> list[Step]:
        """The steps since the last call."""
        steps, self._steps = self._steps, []
        return steps

    def sent_since(self, count: int) -> list[Step]:
        """The steps after the first `count` since the last `take_sent`."""
        return self._steps[count:]

    def put_back(self, steps: Iterable[Step]) -> None:
        """From now on these are the steps since the last `take_sent`."""
        self._steps = list(steps)

    def recall(self, steps: Iterable[Step]) -> None:
        """Writes down what was sent before the last `take_sent`, as far as that is not done."""
        told = set(map(id, self._steps))
        self._steps += [step for step in steps if id(step) not in told]

    @property
    def sent(self) -> int:
        """How many steps since the last `take_sent`."""
        return len(self._steps)

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        if self.kept is not None:
            self.kept += exchanges_of([step]) if not isinstance(step, Beside) else step.exchanges


def _sent(request: httpx.Request, exchange: Exchange) -> Sent:
    return sent(request, exchange.response, exchange.came - exchange.left)
