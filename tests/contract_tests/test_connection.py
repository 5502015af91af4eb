"""HTTP/1.1 on one connection: every framing of an answer, what is no answer, and when a connection is of no more use."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator

import httpx
import pytest

from contract_tests import connection as module
from contract_tests.connection import Connection

OK = b"HTTP/1.1 200 OK\r\n"
URL = "http://target.example/a?b=c"


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection, and the other end of it."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    with ours, theirs:
        yield Connection(ours), theirs


def exchanged(ends: tuple[Connection, socket.socket], answer: bytes, method: str = "GET") -> httpx.Response:
    """The response where the other end says this and then no more."""
    connection, theirs = ends
    theirs.sendall(answer)
    theirs.shutdown(socket.SHUT_WR)
    return connection.exchange(httpx.Request(method, URL))


@pytest.mark.parametrize(
    ("answer", "content", "stays"),
    [
        (OK + b"Content-Length: 2\r\n\r\nhi", b"hi", True),
        (OK + b"content-length:2\r\n\r\nhi", b"hi", True),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", b"hi", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n4;x=y\r\n you\r\n0\r\nX-Sum: 1\r\n\r\n", b"hi you", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", b"hi", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", True),
        (OK + b"\r\nall that comes", b"all that comes", False),
        (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
        (OK + b"Content-Length: 2\r\n\r\nhi and more", b"hi", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
    ],
)
def test_an_answer_ends_where_its_framing_says(
    ends: tuple[Connection, socket.socket], answer: bytes, content: bytes, stays: bool
):
    """Lengths, chunks, statuses without a body, and the end of the connection; only then may another request follow."""
    response = exchanged(ends, answer)

    assert (response.content, ends[0].stays) == (content, stays)
    assert response.is_success or response.status_code == 304


def test_an_answer_to_head_has_no_body(ends: tuple[Connection, socket.socket]):
    """Whatever length it tells."""
    response = exchanged(ends, OK + b"Content-Length: 1000\r\n\r\n", "HEAD")

    assert (response.content, response.headers["content-length"], ends[0].stays) == (b"", "1000", True)


def test_an_answer_is_told_as_it_came(ends: tuple[Connection, socket.socket]):
    """Reason, version, and every header in its order, a folded one in one line."""
    response = exchanged(ends, b"HTTP/1.1 418 Tea Pot\r\nX: 1\r\nx:2 \r\nY: a\r\n  b\r\nContent-Length: 0\r\n\r\n")

    assert (response.status_code, response.reason_phrase, response.http_version) == (418, "Tea Pot", "HTTP/1.1")
    assert response.headers.raw == [(b"X", b"1"), (b"x", b"2"), (b"Y", b"a b"), (b"Content-Length", b"0")]


def test_an_encoded_body_is_decoded(ends: tuple[Connection, socket.socket]):
    """As httpx decodes it."""
    body = gzip.compress(b"plain")
    head = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)

    assert exchanged(ends, OK + head + body).text == "plain"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed before the answer was whole"),
        (OK + b"Content-Length: 9\r\n\r\nhi", "closed before the answer was whole"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "closed before the answer was whole"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "status line"),
        (OK + b"no header\r\n\r\n", "header line"),
        (OK + b"Content-Length: two\r\n\r\nhi", "content length"),
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "several content lengths"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\nhi", "transfer coding"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzwei\r\nhi\r\n", "chunk size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n", "longer than it says"),
        (OK + b"X: " + b"x" * 100_001, "100000 bytes"),
    ],
)
def test_what_is_no_answer_is_an_error(ends: tuple[Connection, socket.socket], answer: bytes, why: str):
    """An answer that breaks off, or that is not HTTP."""
    with pytest.raises(httpx.RemoteProtocolError, match=why):
        exchanged(ends, answer)


def test_a_request_goes_out_as_it_was_made(ends: tuple[Connection, socket.socket]):
    """Its target without the origin, its headers in their order, its body behind them."""
    connection, theirs = ends
    theirs.sendall(OK + b"Content-Length: 0\r\n\r\n")
    connection.exchange(httpx.Request("PUT", URL, headers={"X-One": "1", "x-two": "2"}, content=b"body"))

    head = b"PUT /a?b=c HTTP/1.1\r\nHost: target.example\r\nX-One: 1\r\nx-two: 2\r\nContent-Length: 4\r\n\r\n"
    assert theirs.recv(1000) == head + b"body"


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\0b"])
def test_no_header_smuggles_another_in(ends: tuple[Connection, socket.socket], value: str):
    """A value that would end its line is refused, not sent."""
    with pytest.raises(httpx.LocalProtocolError):
        ends[0].exchange(httpx.Request("GET", URL, headers={"X": value}))


def test_silence_is_a_timeout(ends: tuple[Connection, socket.socket]):
    """Where nothing comes in the time given."""
    connection, _ = ends
    connection._line.settimeout(0.01)

    with pytest.raises(httpx.ReadTimeout):
        connection.exchange(httpx.Request("GET", URL))


def test_who_closes_early_may_have_answered(ends: tuple[Connection, socket.socket]):
    """A server that refuses a body closes before all of it is sent, and its answer counts."""
    connection, theirs = ends
    theirs.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    theirs.close()

    assert connection.exchange(httpx.Request("POST", URL, content=b"x" * 100)).status_code == 413


def test_a_rested_or_closed_connection_is_over(ends: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch):
    """A request on it might get lost."""
    connection, theirs = ends
    fresh, rested = connection.over(), module.monotonic() + module.REST + 1
    with monkeypatch.context() as later:
        later.setattr(module, "monotonic", lambda: rested)
        late = connection.over()
    theirs.close()

    assert (fresh, late, connection.over()) == (False, True, True)
