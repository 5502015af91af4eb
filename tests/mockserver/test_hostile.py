"""Requests that are broken, endless or too large: a clear 4xx, never a hang, never a 5xx, and the mock goes on."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mockserver import create_app
from mockserver.wire import MAX_HEAD, BoundedProtocol
from tests.conftest import Served, serve

HOST = b"Host: 127.0.0.1\r\n"
KEY = b"X-API-Key: ff_live_fullinventedinventedinventedinve\r\n"
GET = b"GET /v1/formats HTTP/1.1\r\n" + HOST + KEY
POST = b"POST /v1/files/presign-upload HTTP/1.1\r\n" + HOST + KEY


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve(create_app(seed=1)) as mock:
        yield mock


@pytest.fixture(scope="module")
def impatient() -> Iterator[Served]:
    """A mock that gives up a request after a fifth of a second, and takes bodies of at most 1,000 bytes."""
    protocol = type("Impatient", (BoundedProtocol,), {"patience": 0.2, "linger": 0.2})
    with serve(create_app(seed=1, max_body=1000), http=protocol) as mock:
        yield mock


def connected(mock: Served) -> socket.socket:
    host, port = mock.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def answered(mock: Served, request: bytes) -> bytes:
    """All that comes until the server closes; the request is asked to be the last one by `Connection: close`, or is refused."""
    with connected(mock) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(request)
        return everything(client)


def everything(client: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := client.recv(65536):
            received += chunk
    return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


CLOSE = b"Connection: close\r\n"
CHUNKED = POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, id="TLS on a plain port"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(b"GET /v1/\xff HTTP/1.1\r\n" + HOST + b"\r\n", 400, id="a path that is not ASCII"),
        pytest.param(b"GET /v1/%ff HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 404, id="a path that is not UTF-8"),
        pytest.param(b"GET /v1/files?a=%ff HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 401, id="a query that is not UTF-8"),
        pytest.param(b"GET /v1/files HTTP/1.1\r\n" + HOST + CLOSE + b"X-API-Key: \xff\xfe\r\n\r\n", 401, id="a key of bytes"),
        pytest.param(GET + b"X-\xff: a\r\n\r\n", 400, id="a header name that is not ASCII"),
        pytest.param(GET + b"X-A: a\x00b\r\n\r\n", 400, id="NUL in a header"),
        pytest.param(GET + b"X-A: a\r\n b\r\n\r\n", 400, id="a folded header"),
        pytest.param(GET + b"X-A : a\r\n\r\n", 400, id="a space before the colon"),
        pytest.param(GET + CLOSE + KEY + b"\r\n", 401, id="two keys"),
        pytest.param(GET + HOST + b"\r\n", 400, id="two hosts"),
        pytest.param(b"GET /v1/formats HTTP/1.1\r\n" + KEY + b"\r\n", 400, id="no host"),
        pytest.param(b"GET /v1/formats HTTP/1.1\r\nHost: a/b?c@d\r\n" + KEY + b"\r\n", 400, id="a host that is none"),
        pytest.param(GET + b"X-A: " + b"a" * MAX_HEAD + b"\r\n\r\n", 431, id="a header of 64 KB"),
        pytest.param(GET + b"X-A: a\r\n" * MAX_HEAD + b"\r\n", 431, id="very many headers"),
        pytest.param(GET + b"X-A: " + b"a" * 10 * MAX_HEAD, 431, id="a header that does not end"),
        pytest.param(POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="two framings"),
        pytest.param(POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400, id="two lengths"),
        pytest.param(POST + b"Content-Length: -5\r\n\r\nabcdef", 400, id="a negative length"),
        pytest.param(POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400, id="a length beyond 64 bits"),
        pytest.param(POST + b"Content-Length: 999999999999\r\n\r\n", 413, id="a length of a terabyte"),
        pytest.param(POST + b"Transfer-Encoding: gzip\r\n\r\nabc", 400, id="an unknown framing"),
        pytest.param(CHUNKED + b"ZZ\r\nab\r\n0\r\n\r\n", 400, id="a chunk size that is none"),
        pytest.param(CHUNKED + b"ffffffffffffffffff\r\nab\r\n0\r\n\r\n", 400, id="a chunk size beyond 64 bits"),
        pytest.param(CHUNKED + b"2\r\n{}ab\r\n0\r\n\r\n", 400, id="a chunk longer than it says"),
        pytest.param(CHUNKED + b"2;a=b\r\n{}\r\n0\r\nX-T: 1\r\n\r\n", 400, id="chunk extensions and trailers"),
        pytest.param(POST + CLOSE + b'Content-Length: 4\r\n\r\n"\xff\xfe"', 400, id="a body that is not UTF-8"),
        pytest.param(b"CONNECT a:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400, id="CONNECT"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 404, id="an asterisk"),
        pytest.param(
            b"POST /_mock/accounts HTTP/1.1\r\n" + HOST + CLOSE + b"Content-Type: application/json\r\nContent-Length: 3\r\n\r\n{\"\xff",
            400,
            id="control plane: a body that is not UTF-8",
        ),
        pytest.param(b"GET /_mock/accounts/%ff HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 404, id="control plane: a path that is not UTF-8"),
        pytest.param(b"GET /_mock/clock HTTP/1.1\r\n" + HOST + CLOSE + b"Origin: http://[x\r\n\r\n", 403, id="control plane: an origin that is none"),
        pytest.param(b"GET /ui/%ff HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 404, id="Swagger UI: no such page"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(served: Served, request_: bytes, status: int):
    """One 4xx, and the next client is served."""
    assert statuses(answered(served, request_)) == [status]
    assert statuses(answered(served, GET + CLOSE + b"\r\n")) == [200]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(b"GET /v1/formats HTTP/1.0\r\n" + KEY + b"\r\n", [200], id="HTTP/1.0 without a host"),
        pytest.param((GET + b"\r\n") * 5 + GET + CLOSE + b"\r\n", [200] * 6, id="pipelining"),
        pytest.param(CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", [400], id="chunks of a byte"),
        pytest.param(GET + CLOSE + b"Upgrade: h2c\r\n\r\n", [200], id="an upgrade that is ignored"),
        pytest.param(b"GET http://127.0.0.1/v1/formats HTTP/1.1\r\n" + HOST + KEY + CLOSE + b"\r\n", [200], id="a whole URL"),
        pytest.param(b"GET /v1/formats HTTP/1.1\r\nHost: [::1]:8080\r\n" + KEY + CLOSE + b"\r\n", [200], id="an IPv6 host"),
    ],
)  # fmt: skip
def test_what_is_only_unusual_passes(served: Served, request_: bytes, expected: list[int]):
    """HTTP allows it, so it is answered."""
    assert statuses(answered(served, request_)) == expected


def test_a_body_is_asked_for_before_it_is_sent(served: Served):
    """`Expect: 100-continue` is answered with 100, then with the answer."""
    with connected(served) as client:
        client.sendall(POST + CLOSE + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert statuses(client.recv(65536)) == [100]
        client.sendall(b"{}")
        assert statuses(everything(client)) == [400]


def test_a_body_that_is_too_large_is_not_asked_for(impatient: Served):
    """Its length alone is refused, without a 100 before."""
    with connected(impatient) as client:
        client.sendall(POST + b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        assert statuses(everything(client)) == [413]


@pytest.mark.parametrize("size", [1000, 1001])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_at_most_so_many_bytes(impatient: Served, size: int, chunked: bool):
    """1,000 are read, 1,001 refused, whether the length is told or not."""
    framing = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size if chunked else b"Content-Length: %d\r\n\r\n" % size
    received = answered(impatient, POST + CLOSE + framing + b"x" * size + (b"\r\n0\r\n\r\n" if chunked else b""))

    assert statuses(received) == [413 if size > 1000 else 400]


@pytest.mark.parametrize("provider", ["fileflare", "fileforge", "filescom", "dezerx"])
def test_too_large_is_told_as_the_provider_tells_errors(impatient: Served, provider: str):
    """The envelope is the provider's, the journal says why."""
    contract = impatient.app.world.contract
    operation = next(item for item in contract.of(provider) if item.method == "POST" and "{" not in item.path)
    refused = httpx.post(impatient.url + operation.path, content=b"x" * 1001)
    told = contract.providers[provider].refusals[contract.providers[provider].validation.too_large]

    assert refused.status_code == told.status
    assert refused.json().keys() == told.body.keys()
    assert "the 1000 bytes that this mock takes" in list(impatient.app.world.journal)[-1].reason


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"G", id="a letter"),
        pytest.param(GET, id="half a head"),
        pytest.param(POST + b"Content-Length: 10\r\n\r\n", id="no body"),
        pytest.param(POST + b"Content-Length: 10\r\n\r\n{}", id="half a body"),
        pytest.param(CHUNKED + b"5\r\nab", id="half a chunk"),
        pytest.param(GET + b"\r\n" + GET, id="half a second request"),
    ],
)
def test_a_request_that_does_not_go_on_is_given_up(impatient: Served, begun: bytes):
    """408, and the connection is closed; nothing of it is in the journal as a failure of the mock."""
    assert statuses(answered(impatient, begun))[-1] == 408
    assert [entry for entry in impatient.app.world.journal if entry.status >= 500] == []


def test_a_head_that_drips_is_given_up(impatient: Served):
    """A byte now and then does not keep a head open."""
    with connected(impatient) as client:
        client.sendall(GET + b"X-A: ")
        client.settimeout(0.02)
        received = b""
        while not received:
            client.sendall(b"a")
            with contextlib.suppress(TimeoutError):
                received = client.recv(65536)
    assert statuses(received) == [408]


def test_a_connection_without_a_request_is_closed(impatient: Served):
    """Half-open connections do not pile up; nothing is sent, for nothing was asked."""
    with connected(impatient) as client:
        assert everything(client) == b""


def test_a_body_that_drips_is_read(impatient: Served):
    """A slow upload goes on as long as something comes."""
    with connected(impatient) as client:
        client.sendall(POST + CLOSE + b"Content-Length: 40\r\n\r\n")
        client.settimeout(0.05)
        for _ in range(39):
            client.sendall(b" ")
            with contextlib.suppress(TimeoutError):
                assert client.recv(65536) == b""
        client.settimeout(10)
        client.sendall(b" ")
        assert statuses(everything(client)) == [400]


def peak(process: subprocess.Popen[str]) -> int:
    """The largest memory of the process so far, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the kernel's account of memory")
def test_a_large_file_is_in_memory_once(command: tuple[subprocess.Popen[str], str]):
    """100 MB go up and come back; the process grows by little more than that."""
    process, url = command
    key = {"X-FilesAPI-Key": "acmeSiteWide7f3a91c2d84b60e5"}
    with httpx.Client(base_url=url, timeout=60) as client:
        part = client.post("/api/rest/v1/file_actions/begin_upload/big.bin", json={}, headers=key).json()[0]
        before = peak(process)
        etag = client.put(part["upload_uri"], content=b"x" * 100_000_000).headers["etag"]
        grown = peak(process) - before
    assert etag
    assert grown < 140_000_000


@pytest.fixture
def command() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command `mockserver` on a free port, and its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    url = re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0]
    while not process.stdout.readline().startswith("Control plane"):
        pass
    yield process, url
    if process.poll() is None:
        process.kill()
        process.communicate(timeout=10)


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /v1/formats HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", id="an idle connection"),
        pytest.param(GET, id="half a head"),
        pytest.param(POST + b"Content-Length: 100\r\n\r\nhalf", id="half an upload"),
        pytest.param(b"GET /_mock/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", id="an event stream"),
    ],
)
def test_ctrl_c_ends_it_at_once_and_cleanly(command: tuple[subprocess.Popen[str], str], begun: bytes):
    """Within seconds, with exit code 0 and nothing on stderr, whatever clients have open."""
    process, url = command
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(begun)
        # Answered after what was begun was read, so the server has it.
        httpx.get(f"{url}/_mock/status")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=5)

    assert (process.returncode, errors) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_ctrl_c_does_not_wait_for_a_delayed_answer(command: tuple[subprocess.Popen[str], str]):
    """An answer that is to come in a minute is given up without a word."""
    process, url = command
    assert httpx.post(f"{url}/_mock/faults", json={"provider": "fileforge", "delay": 60}).status_code == 201
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(GET + b"\r\n")
        httpx.get(f"{url}/_mock/status")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=5)

    assert (process.returncode, errors) == (0, "")
