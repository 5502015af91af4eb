"""Staging in small: the mock without its control plane, reached with keys alone, its clock moved where the suite waits."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract_tests.provision import Control
from contract_tests.rehearsal import stand_in
from contract_tests.run import Run, prove, thrifty_run
from contract_tests.target import NEIGHBOUR, Endpoint, Permit, StaticKey, Target
from contract_tests.verdict import Verdict
from latchkey import load
from latchkey.records import Provider
from mockserver import Mock, create_app
from tests.conftest import serve

#: Rules whose proofs generate requests: they get what the others leave of a budget.
GENERATED = ("sweep", "model", "race")


class Unattended:
    """The data plane of a mock and nothing else: there is no /_mock. `statuses` counts its answers."""

    def __init__(self, mock: Mock) -> None:
        self.statuses: Counter[int] = Counter()
        self.mock = mock
        self._app = mock.providers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.statuses[message["status"]] += 1
            await send(message)

        if scope["type"] == "http":
            await self._app(scope, receive, counted)


class Proxied:
    """A reverse proxy: header names in lower case, bodies in chunks without a length, headers of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [
                    (name.lower(), value) for name, value in message["headers"] if name.lower() != b"content-length"
                ]
                has_body = scope["method"] != "HEAD" and message["status"] not in {204, 304}
                headers = kept if has_body else [(name.lower(), value) for name, value in message["headers"]]
                await send({**message, "headers": [*headers, (b"via", b"1.1 edge"), (b"x-served-by", b"edge-7")]})
                return
            body = message.get("body", b"")
            for start in range(0, len(body), 7):
                await send({"type": "http.response.body", "body": body[start : start + 7], "more_body": True})
            await send({**message, "body": b""})

        await self._app(scope, receive, changed)


class Slow:
    """A server that takes two thirds of a second for each answer, by its own clock."""

    def __init__(self, app: Unattended, seconds: float = 0.67) -> None:
        self._app, self._clock, self._seconds = app, app.mock.world.clock, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._clock.advance(self._seconds)
        await self._app(scope, receive, send)


class Flaky:
    """A server that is slow, that answers 503 instead of every 31st answer, and that ends each connection after 4."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        turn = next(self._turns)

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and turn % 4 == 0:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await asyncio.sleep(0.002)
        app = PlainTextResponse("upstream connect error", 503) if turn % 31 == 0 else self._app
        await app(scope, receive, closing)


@contextlib.contextmanager
def dropping(url: str, every: int) -> Iterator[str]:
    """A way to this server that drops every so-manieth connection when the request has been read."""
    host, _, port = url.removeprefix("http://").partition(":")
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_forward, args=(listener, (host, int(port)), every), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def _forward(listener: socket.socket, to: tuple[str, int], every: int) -> None:
    with contextlib.suppress(OSError):
        for number in itertools.count(1):
            here, _ = listener.accept()
            if number % every == 0:
                here.recv(1)
                here.close()
                continue
            there = socket.create_connection(to)
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError), source:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def described(mock: Mock, permit: Permit, situations: set[str] | None = None) -> Target:
    """A target with a key of each of these situations for every provider (None: of all, with what can go with them, two full
    ones, and whatever doors there are beside the API); the keys are still to be made.
    """

    def keys(provider: Provider) -> dict[str, tuple[StaticKey, ...]]:
        given = {
            name: (StaticKey(key="to be made", presents={} if situations else dict(item.beside)),)
            for name, item in provider.situations.items()
        }
        given |= {NEIGHBOUR: (StaticKey(key="to be made"),), "full": given["full"] * (1 if situations else 2)}
        return {name: keys for name, keys in given.items() if situations is None or name in situations}

    endpoints = {
        name: Endpoint(base_url="http://nowhere", keys=keys(provider), doors={} if situations else _doors(provider))
        for name, provider in mock.world.contract.providers.items()
    }
    return Target(name="staging", endpoints=endpoints, permit=permit)


def _doors(provider: Provider) -> dict[str, str]:
    return dict.fromkeys(provider.protocols.doors, "to be opened") if provider.protocols else {}


def directed(run: Run) -> list[str]:
    """The rules that have a proof of their own."""
    return [id for id, rule in run.rules.items() if rule.testable and id.split(".")[1] not in GENERATED]


@dataclass
class Stand:
    """A mock without its control plane, and a run on it that has not begun."""

    mock: Mock
    app: Unattended
    run: Run


@contextlib.contextmanager
def standing(
    permit: Permit,
    *,
    situations: set[str] | None = None,
    way: Any = None,
    drop: int = 0,
    overlay: Path | None = None,
    window: int | None = None,
    waiting: bool = False,
) -> Iterator[Stand]:
    """A run to come, reaching the mock through `way` and with every `drop`th connection lost. The mock's contract is edited by
    the overlay; the target says that its windows last so many seconds; where it is `waiting`, time is the machine's.
    """
    doors = dict.fromkeys(("webdav", "ftp", "sftp"), 0)
    mock = create_app(seed=None if waiting else 5, protocols=doors, overlays=[overlay] if overlay else [])
    app = Unattended(mock)
    with contextlib.ExitStack() as stack:
        control = Control(stack.enter_context(serve(mock)).url + "/_mock")
        url = stack.enter_context(serve(way(app) if way else app)).url
        url = stack.enter_context(dropping(url, drop)) if drop else url
        clock, contract = mock.world.clock, load()
        target = stand_in(described(mock, permit, situations), contract, url, control)
        there = {name: replace(endpoint, window=window) for name, endpoint in target.endpoints.items()}
        target = replace(target, endpoints=there)
        run = thrifty_run(target, contract, sleep=time.sleep if waiting else clock.advance, now=clock.now)
        yield Stand(mock, app, run)
        run.close()
        control.close()


def stage(permit: Permit, *, situations: set[str] | None = None, way: Any = None, drop: int = 0) -> Staged:
    """Runs the directed proofs there."""
    with standing(permit, situations=situations, way=way, drop=drop) as stand:
        prove(stand.run, directed(stand.run))
        return Staged(stand.run, stand.app.statuses)


class Staged:
    """A run that is over, its verdict, and how often the server gave each status."""

    def __init__(self, run: Run, statuses: Counter[int]) -> None:
        self.run = run
        self.statuses = statuses
        self.verdict = Verdict.of(run.rules, run.results)
