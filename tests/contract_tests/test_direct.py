"""The way to the target: one connection for one request after another, a proxy where one is named, errors that say which part failed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from contract_tests.client import Client, Fault, Unreachable
from contract_tests.target import Timeouts, Tls, Way
from tests.conftest import Served


class Guestbook:
    """A server that writes down who asks for what, and closes behind whoever asks for /bye."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.ports.append(scope["client"][1])
            self.asked.append(dict(scope["headers"])[b"host"].decode() + scope["path"])
            headers = {"connection": "close", "set-cookie": "a=b"} if scope["path"] == "/bye" else {}
            await PlainTextResponse("hello", headers=headers)(scope, receive, send)


@pytest.fixture
def served(serving: Callable[[Any], Served]) -> Served:
    return serving(Guestbook())


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


def test_requests_share_a_connection(served: Served, client: Client):
    """Until the server closes it; then the next request opens another."""
    for path in ("/", "/a", "/bye", "/b"):
        assert client.send(client.prepare("GET", served.url + path)).text == "hello"
    first, second, third, fourth = served.app.ports

    assert first == second == third != fourth


def test_no_cookie_is_sent_back(served: Served, client: Client):
    """A finding's curl lines send none either."""
    client.send(client.prepare("GET", served.url + "/bye"))

    assert "cookie" not in client.prepare("GET", served.url).headers


def test_a_proxy_is_asked_in_the_targets_place(served: Served):
    """It is told the whole URL."""
    client = Client(way=Way(proxy=served.url))
    response = client.send(client.prepare("GET", "http://target.invalid/x"))
    client.close()

    assert (response.text, served.app.asked) == ("hello", ["target.invalid/x"])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_where_nothing_listens_nothing_was_sent(client: Client, scheme: str):
    """Which is told with the URL, and without its query."""
    with pytest.raises(Unreachable, match=f"^{scheme}://127.0.0.1:1/a: ") as told:
        client.send(client.prepare("GET", f"{scheme}://127.0.0.1:1/a?secret=1"))

    assert not told.value.sent


def test_a_server_that_says_nothing_may_have_got_the_request():
    """A fault of the way, which says nothing about the target."""
    client = Client(way=Way(timeouts=Timeouts(connect=5, read=0.05)))
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Fault) as told:
        client.send(client.prepare("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/"))

    assert (type(told.value), told.value.sent) == (Fault, True)
    client.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(served: Served):
    """As is a server that does not speak TLS at all."""
    client = Client(way=Way(tls=Tls()))
    with pytest.raises(Unreachable):
        client.send(client.prepare("GET", served.url.replace("http", "https")))
    client.close()
