"""Events reach every listener as they happen, and hold nobody up: neither a request nor the server's end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx

from mockserver.events import QUEUE, Events
from tests.conftest import Served, serve


def listening(http: httpx.Client) -> AbstractContextManager[httpx.Response]:
    return http.stream("GET", "/_mock/events")


def told(lines: Iterator[str]) -> tuple[str, Any]:
    """The next event of a stream."""
    name = next(line for line in lines if line.startswith("event: "))
    return name.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


def test_a_request_and_a_change_are_told(mock: Served):
    """Both listeners hear of a refused request, with why, and of a call that changes something; reading is no change."""
    with httpx.Client(base_url=mock.url) as http, listening(http) as first, listening(http) as second:
        assert first.headers["content-type"].startswith("text/event-stream")
        http.get("/v1/formats")
        http.get("/_mock/status")
        http.patch("/_mock/clock", json={"advance": 1})
        for stream in (first.iter_lines(), second.iter_lines()):
            name, entry = told(stream)
            assert (name, entry["path"], entry["status"]) == ("request", "/v1/formats", 401)
            assert "no credential was sent" in entry["reason"]
            assert "transcript" not in entry
            assert told(stream) == ("change", {"path": "/_mock/clock"})


def test_a_listener_that_leaves_is_forgotten(mock: Served):
    """Nothing is kept for who no longer listens."""
    with httpx.stream("GET", f"{mock.url}/_mock/events") as stream:
        lines = stream.iter_lines()  # kept: httpx closes the stream with its iterator
        next(lines)
        assert len(mock.app.world.events) == 1
    until = time.monotonic() + 10
    while len(mock.app.world.events) and time.monotonic() < until:
        httpx.get(f"{mock.url}/_mock/status")

    assert len(mock.app.world.events) == 0


def test_the_server_ends_at_once_under_listeners(contract_mock: Any):
    """An open stream ends with the server, which does not wait for it."""
    with httpx.Client() as http:
        with serve(contract_mock) as mock:
            stream = http.send(http.build_request("GET", f"{mock.url}/_mock/events"), stream=True)
            begun = time.monotonic()
        assert time.monotonic() - begun < 5
        assert list(stream.iter_lines())[0] == "retry: 1000"


def test_a_slow_listener_loses_the_oldest_and_is_told_how_many():
    """The queue is bounded."""

    async def late() -> list[tuple[str, Any]]:
        events = Events()
        listener = events.listen()
        for number in range(QUEUE + 3):
            events.tell("request", number)
        events.close()
        return [item async for item in listener.news(1)]

    heard = asyncio.run(late())
    assert heard[:2] == [("lost", 3), ("request", 3)]
    assert len(heard) == QUEUE + 1
