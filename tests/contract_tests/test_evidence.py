"""Which answers of earlier proofs are still good, where every request is dear."""

from __future__ import annotations

from contextlib import ExitStack, closing

import httpx
import pytest

from contract_tests.evidence import Evidence
from contract_tests.run import open_run, thrifty_run
from contract_tests.target import at_url
from latchkey import load
from tests.conftest import Served

READ, FORM, WRITE = ("GET", "/things/1"), ("POST", "/things"), ("DELETE", "/things/2")


def request(method: str, path: str, key: str = "first-key") -> httpx.Request:
    return httpx.Request(method, f"http://target{path}", headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def evidence() -> Evidence:
    return Evidence()


@pytest.mark.parametrize(
    ("asked", "status", "stays"),
    [
        (READ, 200, False),
        (READ, 404, False),
        (READ, 401, True),
        (FORM, 422, True),
        (FORM, 402, False),
        (WRITE, 404, True),
    ],
)
def test_a_change_outdates_what_depends_on_it(evidence: Evidence, asked: tuple[str, str], status: int, stays: bool):
    """After a change, a refusal of the request's own form is still known; what is stored has to be asked for again."""
    evidence.keep(request(*asked), httpx.Response(status))
    assert evidence.answer(request(*asked)) is not None

    evidence.keep(request("PUT", "/things/3"), httpx.Response(200))

    assert (evidence.answer(request(*asked)) is not None) is stays


def test_keys_of_one_situation_share_answers(evidence: Evidence):
    """What one of several keys was answered is not asked for with another of them, but with a stranger's key."""
    evidence.alike[b"second-key"] = b"first-key"
    evidence.keep(request(*READ), httpx.Response(200))

    assert evidence.answer(request(*READ, key="second-key")) is not None
    assert evidence.answer(request(*READ, key="third-key")) is None


def test_what_proofs_made_is_closed_when_nobody_can_ask_for_it(mock: Served):
    """With the lab of the proof that made it; where requests are dear, with the run."""
    contract = load().only("fileforge")
    target, closed = at_url(mock.url, contract), []

    def stack(name: str) -> ExitStack:
        made = ExitStack()
        made.callback(closed.append, name)
        return made

    with closing(open_run(target, contract)) as run, closing(run.lab("fileforge")) as lab:
        assert lab.once("a", lambda: stack("a proof's")) is lab.once("a", lambda: stack("another"))
    assert closed == ["a proof's"]

    run = thrifty_run(target, contract)
    with closing(run.lab("fileforge")) as lab:
        lab.once("a", lambda: stack("the run's"))
    assert closed == ["a proof's"]
    run.close()
    assert closed == ["a proof's", "the run's"]


def test_a_finding_tells_what_was_sent_for_what_an_earlier_proof_made(mock: Served):
    """Once, in the order in which the later proof came to need it, and not counted again."""
    contract = load().only("fileforge")
    run = thrifty_run(at_url(mock.url, contract), contract)
    with closing(run), closing(run.lab("fileforge")) as earlier, closing(run.lab("fileforge")) as later:
        earlier.once("missing", lambda: earlier.request("GET", "/v1/nothing"))
        steps = run.client.take_sent()
        later.request("GET", "/v1/something")
        for _ in range(2):
            later.once("missing", lambda: later.request("GET", "/v1/nothing"))

        assert len(steps) == 1
        assert run.client.sent_since(1) == steps
        assert run.client.total == 2
