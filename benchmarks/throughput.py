"""Requests a second on one core, against bare Starlette that answers the same bytes on the same server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks import peers
from benchmarks.servers import Asked, Server, bare, credentials, drive, free_port, mock_command, serving

CONNECTIONS = 16
FILES = Asked(name="GET a list, small", provider="fileforge", method="GET", path="/v1/files")
ASSETS = Asked(
    name="GET a list, ten rows and pages", provider="fileflare", method="GET", path="/api/v1/assets?per_page=10"
)
FOLDER = Asked(name="GET a folder, by permissions", provider="filescom", method="GET", path="/api/rest/v1/folders/")
ATTACH = Asked(
    name="POST, validated",
    provider="fileflare",
    method="POST",
    path="/api/v1/assets/{id}/attach",
    body={"product_ids": [7810000000001]},
)
REQUESTS = (FILES, ASSETS, FOLDER, ATTACH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Medians of all rounds: requests a second, p99 in ms, the servers' CPU in µs a request; the ratios are of pairs."""

    name: str
    rate: float
    floor: float
    p99: float
    floor_p99: float
    cpu: float
    floor_cpu: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def measure(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Compared]:
    """One comparison for each request, the contestants by turns."""
    with ExitStack() as stack:
        port = free_port()
        mock = stack.enter_context(serving(mock_command(port), port))
        asked = {item.name: _prepared(item, mock) for item in REQUESTS}
        answers = {item.name: _answer(item, headers, mock) for item, headers in asked.values()}
        floor = stack.enter_context(bare({_path(item): answers[item.name] for item, _ in asked.values()}))
        return [_compare(item, headers, mock, floor, rounds, seconds, tell) for item, headers in asked.values()]


def _prepared(item: Asked, mock: Server) -> tuple[Asked, Mapping[str, str]]:
    """The request with an id in its path, and its credentials."""
    headers = credentials(mock, item.provider)
    if "{id}" not in item.path:
        return item, headers
    listed = httpx.get(f"http://127.0.0.1:{mock.port}{item.path.split('/{')[0]}", headers=headers, trust_env=False)
    return replace(item, path=item.path.replace("{id}", listed.json()["data"][0]["id"])), headers


def _path(item: Asked) -> str:
    return urlsplit(item.path).path


def _answer(item: Asked, headers: Mapping[str, str], mock: Server) -> dict[str, Any]:
    url = f"http://127.0.0.1:{mock.port}{item.path}"
    answer = httpx.request(item.method, url, headers=headers, json=item.body, trust_env=False).raise_for_status()
    told = {name: value for name, value in answer.headers.items() if name not in {"date", "content-length"}}
    return {"method": item.method, "status": answer.status_code, "headers": told, "body": answer.text}


def _compare(
    item: Asked,
    headers: Mapping[str, str],
    mock: Server,
    floor: Server,
    rounds: int,
    seconds: float,
    tell: Callable[[str], None],
) -> Compared:
    def run(server: Server, seconds: float) -> dict[str, Any]:
        told = drive(server, item.raw(server.port, headers), connections=CONNECTIONS, seconds=seconds)
        if any(status[0] != "2" for status in told["statuses"]):
            raise RuntimeError(f"{item.name}: {told['statuses']}")
        return told

    for server in (mock, floor):
        run(server, seconds / 4)
    pairs = []
    for number in range(rounds):
        tell(f"{item.name}, round {number + 1} of {rounds}")
        order = (mock, floor) if number % 2 else (floor, mock)
        told = {server.port: run(server, seconds) for server in order}
        pairs.append((told[mock.port], told[floor.port]))

    def middle(which: int, what: str) -> float:
        return median(pair[which][what] for pair in pairs)

    return Compared(
        name=item.name,
        rate=middle(0, "rate"),
        floor=middle(1, "rate"),
        p99=middle(0, "p99"),
        floor_p99=middle(1, "p99"),
        cpu=middle(0, "cpu"),
        floor_cpu=middle(1, "cpu"),
        ratios=tuple(ours["rate"] / theirs["rate"] for ours, theirs in pairs),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another mock server beside this one: medians of requests a second."""

    name: str
    rate: float
    mock: float


def rivals(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Rival]:
    """This mock and each peer that is installed, by turns; the request is a list that needs a key."""
    found = []
    with ExitStack() as stack:
        port = free_port()
        mock = stack.enter_context(serving(mock_command(port), port))
        headers = credentials(mock, FILES.provider)
        file = stack.enter_context(peers.document(FILES.provider))

        def rate(server: Server) -> float:
            told = drive(server, FILES.raw(server.port, headers), connections=CONNECTIONS, seconds=seconds)
            return float(told["rate"]) if set(told["statuses"]) == {"200"} else 0.0

        for name in peers.PEERS:
            with peers.peer(name, file) as server:
                if server is None or not rate(server):
                    tell(f"{name} is not installed, or does not answer")
                    continue
                tell(f"beside {name}")
                pairs = [(rate(mock), rate(server)) for _ in range(rounds)]
                mine, theirs = median(ours for ours, _ in pairs), median(rate for _, rate in pairs)
                found.append(Rival(name=name, rate=theirs, mock=mine))
    return found
