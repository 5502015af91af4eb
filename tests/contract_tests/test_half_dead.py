"""Targets that stop halfway: what is known is reported, the rest is told as not reached, nothing is held against anybody."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trustme
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from contract_tests.client import Client, Fault, Unreachable
from contract_tests.gate import Gate
from contract_tests.lab import Lab
from contract_tests.outcome import NotReached, Outcome
from contract_tests.patience import GIVE_UP, PAUSES
from contract_tests.report.summary import as_markdown
from contract_tests.run import Run, prove
from contract_tests.target import Permit, Timeouts, Tls, Way
from contract_tests.verdict import BROKEN, Verdict
from tests.staging import Stand, standing

ACCUSED = (Outcome.VIOLATED, Outcome.WARNED, Outcome.NOTED)
#: Requests that are answered well.
ALIVE = 25
FORGE = ["fileforge.auth.*", "fileforge.scope.*", "fileforge.key.*", "fileforge.error.*"]


class Ending:
    """Answers so many requests as the application does and those after them in another way. `asked` counts all."""

    def __init__(self, app: ASGIApp, after: ASGIApp) -> None:
        self._app, self._after, self.asked = app, after, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.asked += 1
            await (self._app if self.asked <= ALIVE else self._after)(scope, receive, send)


async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes the request and never answers."""
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
    """Promises a body, sends half of it, and breaks off."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ConnectionResetError


def unavailable(status: int) -> ASGIApp:
    return PlainTextResponse("upstream connect error", status)


def run_into(after: ASGIApp, change: Callable[[Run], None] = lambda run: None) -> tuple[Stand, Ending, Verdict]:
    """Proofs of one provider on a target that answers so after a while."""
    ways: list[Ending] = []

    def way(app: ASGIApp) -> Ending:
        ways.append(Ending(app, after))
        return ways[0]

    with standing(Permit(), situations={"full"}, way=way) as stand:
        change(stand.run)
        prove(stand.run, FORGE)
    return stand, ways[0], Verdict.of(stand.run.rules, stand.run.results)


def quickly(run: Run) -> None:
    """A tenth of a second is long enough to wait for an answer."""
    run.target = replace(run.target, timeouts=Timeouts(read=0.1))
    run.client.close()
    run.client._way = Way(timeouts=run.target.timeouts)
    run.client._transport = run.client._way.open()
    run.client._patience = run.client._way.patience


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (unavailable(503), "was answered 503 Service Unavailable"),
        (unavailable(502), "was answered 502 Bad Gateway"),
        (hangs, "timed out"),
        (breaks, "closed before the answer was whole"),
    ],
    ids=["503 for ever", "502 for ever", "hangs", "breaks off"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_stops_answering_is_asked_no_more(after: ASGIApp, told: str):
    """After a few proofs that got lost, each asked for again a few times, the rest is not tried."""
    stand, way, verdict = run_into(after, quickly)
    decision = Gate().decide(verdict, "staging", date(2030, 1, 1))
    broke = [result for result in verdict.having(Outcome.ERROR) if result.reached]
    (reason, unreached), *others = verdict.not_reached().items()

    assert verdict.having(*ACCUSED) == []
    assert decision.exit_code == BROKEN
    assert len(verdict.having(Outcome.VERIFIED)) > 0
    assert len(broke) == GIVE_UP
    assert all(told in (result.reason or "") for result in broke)
    assert (others, reason.startswith("not reached: the target stopped answering (")) == ([], True)
    assert len(unreached) > 10
    assert way.asked <= ALIVE + (GIVE_UP + 1) * (len(PAUSES) + 1)


def test_a_report_of_a_dead_target_is_short():
    """What was not reached is one section, not a finding for each rule."""
    stand, _, verdict = run_into(unavailable(503))
    decision = Gate().decide(verdict, "staging", date(2030, 1, 1))
    text = as_markdown(stand.run.rules, verdict, decision, "staging", "")
    unreached = sum(map(len, verdict.not_reached().values()))

    assert (
        f"No verdict: {GIVE_UP} proofs broke, the suite's or the network's fault, {unreached} rules are not reached."
        in text
    )
    assert text.count("### error: ") == GIVE_UP
    assert text.count("### not reached: ") == 1


def test_a_server_that_comes_back_is_not_given_up():
    """Any answer begins the count anew; a proof that sent nothing does not."""
    with standing(Permit(), situations={"full"}) as stand:
        run = stand.run
        for problem, requests in [
            (Fault("lost"), 4),
            (Fault("lost"), 1),
            (None, 1),
            (Fault("lost"), 1),
            (Fault("lost"), 1),
        ]:
            run.heard("fileforge", problem, requests)
        run.check_alive("fileforge")
        run.heard("fileforge", None, 0)
        run.heard("fileforge", Fault("lost"), 1)
        with pytest.raises(NotReached, match="lost"):
            run.check_alive("fileforge")


def test_each_address_dies_for_itself():
    """Where providers answer at different base URLs, one that is dead leaves the others alone."""
    with standing(Permit(), situations={"full"}) as stand:
        run = stand.run
        forge = replace(run.target.endpoints["fileforge"], base_url="http://127.0.0.1:1")
        run.target = replace(run.target, endpoints={**run.target.endpoints, "fileforge": forge})
        prove(run, ["fileforge.auth.*", "dezerx.auth.*"])
    verdict = Verdict.of(run.rules, run.results)
    by_provider = {
        name: [r for r in verdict.results.values() if r.rule.startswith(name)] for name in ("fileforge", "dezerx")
    }

    assert {result.outcome for result in by_provider["fileforge"]} == {Outcome.ERROR}
    assert Outcome.ERROR not in {result.outcome for result in by_provider["dezerx"]}
    with pytest.raises(NotReached, match="Connection refused"):
        run.check_alive("fileforge")
    run.check_alive("dezerx")


def test_a_proxy_s_answer_in_a_crowd_is_no_answer():
    """One of several calls at the same time is answered 503: that is the network's, and never judged."""
    with standing(Permit(), situations={"full"}, way=lambda app: Ending(app, unavailable(503))) as stand:
        lab: Lab = stand.run.lab("fileforge")
        calls = [lab.prepare("list_formats", key=lab.key()) for _ in range(ALIVE + 1)]
        with pytest.raises(Fault, match="503"):
            lab.at_once(calls)


# TLS that breaks midway.


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Way]:
    """A server's certificate, and a way that trusts it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return context, Way(tls=Tls(ca=str(tmp_path / "ca.pem")), timeouts=Timeouts(read=2))


@pytest.fixture
def breaking(tls: tuple[ssl.SSLContext, Way]) -> Iterator[str]:
    """A server that answers its first connection; breaks off the second in the handshake, the third after it with bytes that are
    no TLS, the fourth amid an answer.
    """
    context, _ = tls
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            for number in range(4):
                line, _ = listener.accept()
                with line:
                    if number == 1:
                        line.recv(10)
                        continue
                    with context.wrap_socket(line, server_side=True) as secure:
                        secure.recv(65_536)
                        if number == 2:
                            socket.socket.sendall(secure, b"\x00" * 40)
                        elif number == 3:
                            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha")
                        else:
                            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    thread.join(5)


def test_tls_that_breaks_is_the_network_s_fault(tls: tuple[ssl.SSLContext, Way], breaking: str):
    """In the handshake nothing was sent; after it the request may have got there."""
    client = Client(way=tls[1])
    request: Any = client.prepare("GET", f"{breaking}/")

    assert client.send(request).text == "ok"
    with pytest.raises(Unreachable):
        client.send(request)
    for _ in range(2):
        with pytest.raises(Fault) as fault:
            client.send(request)
        assert fault.value.sent
    client.close()


def test_what_a_dead_target_holds_is_not_asked_for_one_by_one():
    """It is told as left, and only the first thing was tried to be removed."""
    ways: list[Ending] = []

    def way(app: ASGIApp) -> Ending:
        ways.append(Ending(app, unavailable(503)))
        return ways[0]

    with standing(Permit(), situations={"full"}, way=way) as stand:
        prove(stand.run, ["fileflare.a*"])
        left, asked = stand.run.left(), ways[0].asked
        stand.run.tidy()

    assert len(left) > 1
    assert all((item.why or "").startswith(("nothing answers: ", "its answer was not seen")) for item in left)
    assert ways[0].asked - asked == len(PAUSES) + 1
