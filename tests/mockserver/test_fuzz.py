"""Ten thousand malformed requests: no 5xx, no traceback, no hang."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter

import pytest

from latchkey import Contract
from tests.conftest import Served

REQUESTS = 10_000
CONNECTIONS = 16

ODD_TEXT = [
    "",
    "\x00",
    "é",
    "𝔘",
    "%00",
    "%ff",
    "../..",
    "'\"",
    "{}",
    "[]",
    "null",
    "-1",
    "1e999",
    "9" * 400,
    "a" * 5000,
    "\ud800",
]
ODD_BODIES = [
    b"", b"{", b"[]", b"null", b"true", b"0", b'"text"', b"\xff\xfe", b"{" * 5000, b"[" * 5000, b'{"a":' * 2000, b"NaN",
    b'{"size": 1e999}', b'{"size": 123456789012345678901234567890}', b'{"filename": "\\ud800"}', b'{"items": [null, 1, {}]}',
    b'{"name": {"name": []}}', b"a=b&c=d", b'{"\\u0000": "\\u0000"}', b'{"expires_at": "yesterday"}',
]  # fmt: skip
ODD_HEADERS = [
    b"Authorization: Bearer", b"Authorization: Basic x", b"Authorization: Bearer \xff\xfe", b"Authorization:", b"X-API-Key: \xe9",
    b"X-FilesAPI-Key: ", b"X-FilesAPI-Auth: x", b"Content-Type: text/plain", b"Content-Type: multipart/form-data", b"Content-Type: ;;",
    b"Accept: text/html", b"X-Domain: \x80", b"X-Product-ID: nine", b"X-Product-ID: \xb2", b"Range: bytes=0-1", b"Cookie: a",
    b"X-Forwarded-For: not an address", b"Expect: nothing", b"If-None-Match: *", b"Origin: null",
]  # fmt: skip


def odd_request(pick: random.Random, contract: Contract, keys: list[bytes]) -> bytes:
    """A request that is HTTP, and wrong in some way in everything else."""
    operation = pick.choice(list(contract.operations.values()))
    path = operation.path
    for parameter in operation.parameters:
        if parameter.location == "path":
            value = pick.choice([*ODD_TEXT, "00000000-0000-4000-8000-000000000000", "1"])
            path = path.replace(f"{{{parameter.name}}}", value)
    if pick.random() < 0.15:
        path += pick.choice(ODD_TEXT)
    if pick.random() < 0.5:
        names = [item.name for item in operation.parameters if item.location == "query"] + ["page", "a[b]", ""]
        path += "?" + "&".join(f"{pick.choice(names)}={pick.choice(ODD_TEXT)}" for _ in range(pick.randint(0, 3)))
    target = "".join(
        char if "!" <= char <= "~" else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
        for char in path
    )
    method = pick.choice(
        [operation.method, operation.method, "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "ODD"]
    )
    headers = [b"Host: 127.0.0.1", *pick.sample(ODD_HEADERS, pick.randint(0, 3))]
    if pick.random() < 0.7:
        headers.append(pick.choice(keys))
    body = pick.choice(ODD_BODIES) if pick.random() < 0.7 else b""
    headers.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([f"{method} {target} HTTP/1.1".encode(), *headers, b"", body])


async def answered(url: str, requests: list[bytes]) -> Counter[int]:
    """Sends the requests over one connection, opened anew when the server closes it, and counts the statuses."""
    host, port = url.removeprefix("http://").split(":")
    statuses: Counter[int] = Counter()
    reader = writer = None
    for request in requests:
        if writer is None:
            reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            status = int(head.split(b" ", 2)[1])
            if not request.startswith(b"HEAD") and status not in {204, 304}:
                await asyncio.wait_for(reader.readexactly(int(fields.get(b"content-length", b"0"))), 10)
            statuses[status] += 1
            closing = fields.get(b"connection") == b"close"
        except (asyncio.IncompleteReadError, ConnectionError):
            closing = True
        if closing:
            writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()
    return statuses


def test_malformed_requests_are_refused_and_nothing_breaks(mock: Served, caplog: pytest.LogCaptureFixture):
    """No 5xx and no traceback, and the mock still answers."""
    pick = random.Random(20261120)
    contract = mock.app.world.contract
    keys = []
    for provider in contract.providers.values():
        for key in mock.app.world.keys._by_id.values():
            key.unlimited = True
        for credential in provider.credentials:
            scheme = f"{credential.scheme} " if credential.scheme else ""
            keys.append(f"{credential.header}: {scheme}{mock.key(provider.name)}".encode())
    requests = [odd_request(pick, contract, keys) for _ in range(REQUESTS)]

    async def all_at_once() -> Counter[int]:
        shares = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
        return sum(await asyncio.gather(*(answered(mock.url, share) for share in shares)), Counter())

    with caplog.at_level(logging.ERROR):
        statuses = asyncio.run(all_at_once())

    assert [status for status in statuses if status >= 500] == []
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert statuses.total() > 0.95 * REQUESTS
    assert len(statuses) > 5
