"""Many requests at the same time: connections opened beforehand, one for each who asks, and all let go at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from threading import Barrier, Event, Thread
from time import monotonic

import httpx

from contract_tests.target import Way

#: How many ask at the same time at most; further requests follow on the same connections.
CROWD = 100
#: Who asks while something happens: how many, how often each before it has begun, in the middle of it, and after its end.
LANES, BEFORE, AMID, AFTER = 8, 1, 2, 2
#: How many requests that is.
AROUND = LANES * (BEFORE + AMID + AFTER)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, None where the connection broke. `left` is just before its first byte was sent, `came`
    just after the last byte of the response was read; both in seconds of one clock that never goes back.
    """

    response: httpx.Response | None
    left: float
    came: float


@dataclass(frozen=True, slots=True)
class Happening:
    """What was exchanged while something happened, which had not begun before `began` and was over at `done`."""

    exchanges: Sequence[Exchange]
    began: float
    done: float


def at_once(requests: Sequence[httpx.Request], way: Way) -> list[Exchange]:
    """The exchanges of these requests, in their order."""
    count = min(CROWD, len(requests))
    exchanges: list[Exchange | None] = [None] * len(requests)
    start = Barrier(count)

    def ask(first: int) -> None:
        lane = _Lane(requests[first], way)
        start.wait()
        for index in range(first, len(requests), count):
            exchanges[index] = lane.send(requests[index])
        lane.close()

    _together([_Task(ask, first) for first in range(count)])
    return [exchange for exchange in exchanges if exchange]


def during(request: httpx.Request, action: Callable[[], object], way: Way) -> Happening:
    """Sends the request again and again, before, in the middle of and after the action: the same number of times always."""
    exchanges: list[list[Exchange]] = [[] for _ in range(LANES)]
    start, over = Barrier(LANES + 1), Event()

    def ask(number: int) -> None:
        lane = _Lane(request, way)
        exchanges[number] += [lane.send(request) for _ in range(BEFORE)]
        start.wait()
        exchanges[number] += [lane.send(request) for _ in range(AMID)]
        over.wait()
        exchanges[number] += [lane.send(request) for _ in range(AFTER)]
        lane.close()

    began = done = 0.0

    def act(_: int) -> None:
        nonlocal began, done
        start.wait()
        began = monotonic()
        try:
            action()
        finally:
            done = monotonic()
            over.set()

    # The action is run by whoever called: what it sends and raises is as if nothing else was going on.
    _together([_Task(ask, number) for number in range(LANES)], act)
    return Happening([exchange for lane in exchanges for exchange in lane], began, done)


class _Lane:
    """One connection, opened at once. A broken one is opened anew for the next request."""

    def __init__(self, like: httpx.Request, way: Way) -> None:
        self._way = way
        self._connection = way.connection(like.url)
        try:
            self._connection.connect()
        except OSError:
            self._connection.close()

    def send(self, request: httpx.Request) -> Exchange:
        connection = self._connection
        connection.putrequest(request.method, self._way.address(request.url), True, True)
        for name, value in request.headers.raw:
            connection.putheader(name, value)
        left = monotonic()
        try:
            connection.endheaders(request.content or None)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            connection.close()
            return Exchange(None, left, monotonic())
        came = monotonic()
        response = httpx.Response(answer.status, headers=answer.getheaders(), content=content, request=request)
        return Exchange(response, left, came)

    def close(self) -> None:
        self._connection.close()


class _Task(Thread):
    """A function in a thread of its own. `problem` is what it raised."""

    def __init__(self, function: Callable[[int], None], number: int) -> None:
        super().__init__(daemon=True)
        self._function = function
        self._number = number
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            self._function(self._number)
        except BaseException as problem:
            self.problem = problem


def _together(tasks: Sequence[_Task], here: Callable[[int], None] | None = None) -> None:
    """Runs all tasks, and `here` beside them, to their ends; raises what one of them raised."""
    for task in tasks:
        task.start()
    try:
        if here:
            here(len(tasks))
    finally:
        for task in tasks:
            task.join()
    for task in tasks:
        if task.problem:
            raise task.problem
