"""Days of work in a minute or two: what a mock still holds after them, and what its requests cost in the end.

`python -m benchmarks.endurance`
"""

from __future__ import annotations

import asyncio
import gc
import json
import platform
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from mockserver.app import Mock, create_app
from mockserver.world import Account

#: What the clock is moved by after each round of work, seconds.
STEP = 12 * 3600
ROUNDS = 100
#: How often the mock that has worked and a fresh one do the same, by turns.
TURNS = 10
CONTENT = b"three kilobytes " * 192

Headers = dict[str, str]
Piece = Callable[["Worker", Account, str], Awaitable[None]]


@dataclass
class Worker:
    """Clients of all providers, in the mock's process: no socket's cost is measured."""

    mock: Mock
    pick: random.Random = field(default_factory=lambda: random.Random(1))
    statuses: Counter[int] = field(default_factory=Counter)
    tokens: int = 0

    async def ask(self, method: str, url: str, headers: Headers, body: Any = None) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body of an answer. The path may be a whole URL of the mock."""
        parts = urlsplit(url)
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        # Limits per address are to be met now and then, not always.
        client = f"10.0.{self.pick.randrange(256)}.{self.pick.randrange(256)}"
        scope = {
            "type": "http",
            "method": method,
            "path": parts.path,
            "query_string": parts.query.encode(),
            "scheme": "http",
            "headers": [(b"host", b"mock"), *((name.lower().encode(), text.encode()) for name, text in headers.items())],
            "client": (client, 1),
        }  # fmt: skip
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.mock(scope, receive, send)
        status = messages[0]["status"]
        self.statuses[status] += 1
        told = {name.decode(): value.decode("latin-1") for name, value in messages[0]["headers"]}
        whole = b"".join(message["body"] for message in messages[1:])
        shown = json.loads(whole) if "json" in told.get("content-type", "") and whole else whole
        return status, told, shown


async def deliver(work: Worker, account: Account, key: str) -> None:
    """Fileflare: look at orders, put an asset up and take it down again."""
    mine = {"Authorization": f"Bearer {key}"}
    await work.ask("GET", "/api/v1/orders?with_assets=1", mine)
    order = next(iter(account.table("orders").values()))
    await work.ask("GET", f"/api/v2/customer-account-orders?id={order['status_id']}", {})
    await work.ask("GET", f"/api/v2/customer-account-orders?id={'0' * 32}", {})
    wanted = {"filename": "day.bin", "size": len(CONTENT)}
    status, _, signed = await work.ask("POST", "/api/v1/assets/signed", mine, wanted)
    if status == 200:
        work.tokens += 1
        await work.ask("PUT", signed["upload_url"], {}, CONTENT)
        if work.pick.random() < 0.8:
            await work.ask("POST", f"/api/v1/assets/{signed['asset']['id']}/uploaded", mine)
            await work.ask("DELETE", f"/api/v1/assets/{signed['asset']['id']}", mine)


async def convert(work: Worker, account: Account, key: str) -> None:
    """FileForge: put a file up, convert it, fetch what came of it. Nothing is deleted: it is kept a day."""
    mine = {"X-API-Key": key}
    await work.ask("GET", "/v1/formats", mine)
    wanted = {"filename": "day.txt", "size": len(CONTENT), "mime": "text/plain"}
    status, _, signed = await work.ask("POST", "/v1/files/presign-upload", mine, wanted)
    if status != 201:
        return
    work.tokens += 1
    await work.ask("PUT", signed["upload_url"], {}, CONTENT)
    named = {"storage_key": signed["storage_key"], "original_name": "day.txt", "declared_mime": "text/plain"}
    await work.ask("POST", f"/v1/files/{signed['file_id']}/finalize", mine, named)
    file = {"input_file_id": signed["file_id"], "target_format": "pdf"}
    status, _, queued = await work.ask("POST", "/v1/conversions", mine, file)
    if status == 202:
        work.mock.world.clock.advance(10)
        for _ in range(3):
            _, _, done = await work.ask("GET", f"/v1/conversions/{queued['id']}", mine)
            work.tokens += 1
        await work.ask("GET", done["output"]["download_url"], {})


async def store(work: Worker, account: Account, key: str) -> None:
    """Files.com: put a file up, fetch it, sign in and out, make a key and delete it."""
    mine = {"X-FilesAPI-Key": key}
    await work.ask("GET", "/api/rest/v1/folders/", mine)
    status, _, parts = await work.ask("POST", "/api/rest/v1/file_actions/begin_upload/day.bin", mine, {})
    if status == 200:
        work.tokens += 1
        _, told, _ = await work.ask("PUT", parts[0]["upload_uri"], {}, CONTENT)
        ended = {"action": "end", "ref": parts[0]["ref"], "etags": [{"part": 1, "etag": told["etag"].strip('"')}]}
        await work.ask("POST", "/api/rest/v1/files/day.bin", mine, ended)
        _, _, offered = await work.ask("GET", "/api/rest/v1/files/day.bin", mine)
        work.tokens += 1
        await work.ask("GET", offered["download_uri"], {})
    user = next(iter(account.table("users").values()))
    login = {"username": user["username"], "password": user["password"]}
    _, _, session = await work.ask("POST", "/api/rest/v1/sessions", {}, login)
    await work.ask("POST", "/api/rest/v1/sessions", {}, {**login, "password": "wrong"})
    if work.pick.random() < 0.8:
        await work.ask("DELETE", "/api/rest/v1/sessions", {"X-FilesAPI-Auth": session["id"]})
    status, _, made = await work.ask("POST", "/api/rest/v1/api_keys", mine, {"name": "day"})
    if status == 201:
        await work.ask("DELETE", f"/api/rest/v1/api_keys/{made['id']}", mine)


async def license(work: Worker, account: Account, key: str) -> None:
    """DezerX: verify, download once, and try a second time; and somebody guesses."""
    mine = {"Authorization": f"Bearer {key}", "X-Domain": "acme.example", "X-Product-ID": "1"}
    await work.ask("GET", "/api/license/verify", mine)
    await work.ask("GET", "/api/license/verify", {**mine, "Authorization": f"Bearer {key[::-1]}"})
    status, _, ticket = await work.ask("POST", "/api/license/download", mine)
    if status == 200:
        work.tokens += 1
        for _ in range(2):
            await work.ask("GET", ticket["data"]["download_url"], {})


PIECES: dict[str, Piece] = {"fileflare": deliver, "fileforge": convert, "filescom": store, "dezerx": license}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endured:
    """What came of it.

    `fresh` and `late` are seconds of CPU a request, in a fresh mock and in this one with all accounts open; `begun` to `closed` are bytes of resident
    memory, `growth` those that a request of the last quarter added.
    """

    requests: int
    accounts: int
    tokens: int
    days: float
    failed: int
    statuses: dict[int, int]
    fresh: float
    late: float
    begun: int
    opened: int
    worked: int
    closed: int
    growth: float
    left: dict[str, int]


def endure(requests: int, accounts: int, tell: Callable[[str], None] = lambda _: None) -> Endured:
    """Opens these accounts, each with a key, during the first half of these requests; closes them all in the end."""
    return asyncio.run(_endure(Worker(create_app(seed=1)), requests, accounts, tell))


async def _endure(work: Worker, requests: int, accounts: int, tell: Callable[[str], None]) -> Endured:
    world = work.mock.world
    start, fixtures = world.clock.now(), len(world.accounts)
    await _cost(work)  # a first piece of everything, so that all is loaded
    begun = _resident()
    work.statuses.clear()
    work.tokens = 0
    people: list[tuple[Account, str]] = []
    resident = []
    for number in range(1, ROUNDS + 1):
        tell(f"round {number} of {ROUNDS}")
        while len(people) < accounts * min(1.0, 2 * number / ROUNDS):
            people.append(_open(work, list(PIECES)[len(people) % len(PIECES)]))
        await _work(work, people, number * requests // ROUNDS)
        if number % (ROUNDS // 4) == 0:
            resident.append(_resident())
        world.clock.advance(STEP)
        world.evict()
    served, statuses, tokens = work.statuses.total(), dict(sorted(work.statuses.items())), work.tokens
    fresh = Worker(create_app(seed=1))
    turns = [(await _cost(fresh), await _cost(work)) for _ in range(TURNS)]
    for account, _ in people:
        world.close_account(account)
    world.clock.advance(2 * 86_400)
    world.evict()
    return Endured(
        requests=served,
        accounts=len(people),
        tokens=tokens,
        days=(world.clock.now() - start) / 86_400,
        failed=sum(count for status, count in statuses.items() if status >= 500),
        statuses=statuses,
        fresh=min(cost for cost, _ in turns),
        late=min(cost for _, cost in turns),
        begun=begun,
        opened=resident[1],
        worked=resident[-1],
        closed=_resident(),
        growth=(resident[-1] - resident[-2]) / (served / 4),
        left={
            "accounts": len(world.accounts) - fixtures,
            "objects": sum(len(account.objects) for account in world.accounts.values()),
            "tokens": len(world.tokens),
            "windows": len(world.limiter),
            "journal": len(world.journal),
        },
    )


async def _cost(work: Worker) -> float:
    """Seconds of CPU that a request of fresh accounts costs now."""
    people = [_open(work, name) for name in PIECES for _ in range(5)]
    before, start = work.statuses.total(), time.process_time()
    for account, key in people * 4:
        await PIECES[account.provider](work, account, key)
        work.mock.world.clock.advance(61)
    cost = (time.process_time() - start) / (work.statuses.total() - before)
    for account, _ in people:
        work.mock.world.close_account(account)
    return cost


def _open(work: Worker, name: str) -> tuple[Account, str]:
    world = work.mock.world
    provider = world.contract.providers[name]
    account = world.open_account(provider)
    return account, world.create_key_for(account, provider.situations["full"])[1]


async def _work(work: Worker, people: list[tuple[Account, str]], until: int) -> None:
    """Works until so many requests were sent in all."""
    while work.statuses.total() < until:
        account, key = work.pick.choice(people)
        await PIECES[account.provider](work, account, key)


def _resident() -> int:
    gc.collect()
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return 1024 * int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--requests", default=200_000, show_default=True, type=click.IntRange(1000))
@click.option("--accounts", default=10_000, show_default=True, type=click.IntRange(4))
def main(requests: int, accounts: int) -> None:
    """Work through many requests, accounts, tokens and days; exit code 1 where something failed or grew."""
    began = time.perf_counter()
    told = endure(requests, accounts, lambda line: click.echo(f"\r{line} ", nl=False, err=True))
    click.echo("\r", nl=False, err=True)
    megabytes = [f"{size / 1e6:.0f}" for size in (told.begun, told.opened, told.worked, told.closed)]
    click.echo(
        f"{told.requests:,} requests, {told.accounts:,} accounts and keys, {told.tokens:,} tokens, {told.days:.0f} days "
        f"in {time.perf_counter() - began:.0f} s\n"
        f"5xx                                   {told.failed}\n"
        f"answers by status                     {told.statuses}\n"
        f"CPU a request                         {told.late * 1e6:.0f} µs with all accounts open, {told.fresh * 1e6:.0f} µs in a "
        f"fresh mock: {told.late / told.fresh:.2f} times\n"
        f"memory, MB                            {megabytes[0]} at first, {megabytes[1]} with all accounts open, "
        f"{megabytes[2]} after the work, {megabytes[3]} with all closed\n"
        f"memory a request, last quarter        {told.growth:.0f} bytes\n"
        f"left when all are closed              {told.left}\n"
        f"{platform.machine()}, Python {platform.python_version()}, {platform.system()}"
    )
    sys.exit(1 if told.failed or told.late > 1.5 * told.fresh or told.growth > 100 else 0)


if __name__ == "__main__":
    main()
