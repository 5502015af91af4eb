"""Many requests at the same time: that they are, what is judged of them, and what that catches."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from contract_tests.answer import Answer
from contract_tests.client import Client, Unreachable
from contract_tests.curl import lines as curl_lines
from contract_tests.outcome import NotVerifiable, Outcome, Result, Violation
from contract_tests.own_mock import own_mock
from contract_tests.proofs.races import admits, ends, redeems_once
from contract_tests.provision import Control
from contract_tests.race import Attempt, Race
from contract_tests.run import check_reachable, open_run, prove
from contract_tests.target import at_url
from latchkey import Contract, load
from mockserver import Mock
from tests.conftest import Served


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


class Gathering:
    """A server that answers nobody before `guests` requests are there; then all of them."""

    def __init__(self, guests: int) -> None:
        self.guests = guests
        self.here = 0
        self.complete = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.here += 1
        if self.here >= self.guests:
            self.complete.set()
        await asyncio.wait_for(self.complete.wait(), 10)
        await PlainTextResponse("welcome")(scope, receive, send)


def test_all_requests_are_under_way_at_the_same_time(serving: Callable[[Any], Served], client: Client):
    """A server that waits for a hundred requests gets a hundred before it has answered one."""
    url = serving(Gathering(100)).url
    exchanges = client.send_at_once([client.prepare("GET", url)] * 100)

    assert [item.response.text for item in exchanges if item.response] == ["welcome"] * 100
    assert max(item.left for item in exchanges) < min(item.came for item in exchanges)
    assert client.total == 100


class Door:
    """A server that opens, or closes, at the request of /close."""

    def __init__(self) -> None:
        self.closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.closed = self.closed or scope["path"] == "/close"
            await PlainTextResponse("", 403 if self.closed else 200)(scope, receive, send)


def test_what_happens_meanwhile_is_surrounded(serving: Callable[[Any], Served], client: Client):
    """The same number of requests always: some answered before the action began, some sent when it was over."""
    url = serving(Door()).url
    happening = client.send_during(
        client.prepare("GET", url), lambda: client.send(client.prepare("POST", url + "/close"))
    )
    statuses = {
        "before": {item.response.status_code for item in happening.exchanges if item.response and item.came < happening.began},
        "after": {item.response.status_code for item in happening.exchanges if item.response and item.left > happening.done},
    }  # fmt: skip

    assert statuses == {"before": {200}, "after": {403}}
    assert (len(happening.exchanges), client.total) == (40, 41)


def test_a_problem_of_the_action_is_its_own(serving: Callable[[Any], Served], client: Client):
    """What the action raises comes out, once everybody has come home."""

    def action() -> None:
        raise NotVerifiable("nobody may do this")

    url = serving(Door()).url
    with pytest.raises(NotVerifiable, match="nobody may"):
        client.send_during(client.prepare("GET", url), action)


class Torn:
    """A server that drops every other connection without an answer."""

    def __init__(self) -> None:
        self.number = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.number += 1
        if self.number % 2:
            # What uvicorn makes of half an answer is a connection that ends.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            await send({"type": "http.response.body", "body": b"half", "more_body": False})
        else:
            await PlainTextResponse("")(scope, receive, send)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_broken_connections_are_no_answers(serving: Callable[[Any], Served], client: Client):
    """A connection that breaks gives no answer, and takes no other with it."""
    url = serving(Torn()).url
    exchanges = client.send_at_once([client.prepare("GET", url)] * 10)

    assert sum(item.response is None for item in exchanges) == 5


def test_nobody_at_home(client: Client):
    """Where no connection is answered the target is unreachable."""
    with pytest.raises(Unreachable, match=r"none of 5 connections"):
        client.send_at_once([client.prepare("GET", "http://127.0.0.1:1/")] * 5)


def test_curl_lines_run_in_a_shell(serving: Callable[[Any], Served], client: Client):
    """What is printed can be pasted: it sends as many requests at once, with the secret from the environment."""
    door = Gathering(12)
    url = serving(door).url
    client.hide("s3cret-k3y", "KEY")
    requests = [client.prepare("GET", url, headers={"Authorization": "Bearer s3cret-k3y"})] * 11
    client.send_at_once([*requests, client.prepare("POST", url, json={"a": "; done"})])
    lines = curl_lines(client.take_sent(), client.redact)
    door.here = 0
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={"KEY": "s3cret-k3y"},
    )

    assert "s3cret" not in "".join(lines)
    assert done.stdout.count("welcome") == 12
    assert lines[0].startswith("for i in $(seq 11); do curl")
    assert lines[0].endswith("wait")


def test_a_happening_is_printed_as_one(serving: Callable[[Any], Served], client: Client):
    """Many ask in the background, the action's own requests follow, and then one waits."""
    url = serving(Door()).url
    client.send_during(client.prepare("GET", url), lambda: client.send(client.prepare("POST", url + "/close")))
    lines = curl_lines(client.take_sent(), client.redact)

    assert [line.split()[0] for line in lines] == ["for", "curl", "wait"]
    assert subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=True).returncode == 0


# What is judged.


class Told:
    """A lab whose calls are answered as the test says: statuses of each burst, None for a broken connection."""

    def __init__(self, contract: Contract, *bursts: Sequence[int | None], lasting: float = 0.1) -> None:
        self.contract = contract
        self.bursts = list(bursts)
        self.lasting = lasting
        self.time = 0.0

    def may_spend(self) -> None: ...

    def window(self, seconds: float) -> float:
        return seconds

    def now(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds

    def at_once(self, calls: Sequence[Any]) -> list[Attempt]:
        statuses = self.bursts.pop(0)
        self.time += self.lasting
        assert len(statuses) == len(calls)
        return [Attempt(self.answer(status), 0.0, self.lasting) for status in statuses]

    def answer(self, status: int | None) -> Answer | None:
        request = httpx.Request("GET", "http://target.invalid/")
        response = httpx.Response(status, request=request) if status else None
        return Answer(response, self.contract, None, "none") if response else None


def burst(passing: int, *, lost: int = 0) -> list[int | None]:
    return [200] * passing + [None] * lost + [429] * (100 - passing - lost)


@pytest.mark.parametrize(
    ("bursts", "lasting"),
    [
        ([burst(60)], 0.1),
        # A bucket gave a unit back, for a second had passed.
        ([burst(61)], 1.0),
        # A fixed minute ended in the midst of the first burst.
        ([burst(75), burst(60), burst(60)], 0.1),
        # Broken connections may have used units up.
        ([burst(50, lost=10)], 0.1),
    ],
)
def test_a_limit_is_believed_where_the_answers_do_not_contradict(
    contract: Contract, bursts: list[list[int | None]], lasting: float
):
    """Whatever window the words allow, and whatever got lost on the way."""
    lab: Any = Told(contract, *bursts, lasting=lasting)
    admits(lab, None, 60)  # type: ignore[arg-type]

    assert lab.bursts == []


@pytest.mark.parametrize(
    ("bursts", "told"),
    [
        ([burst(61), burst(61)], "61 did"),
        ([burst(61), burst(60), burst(62)], "62 did"),
        ([burst(59)], "41 were refused"),
        ([burst(100), burst(100)], "100 did"),
        ([burst(62, lost=30), burst(62, lost=30)], "62 did"),
    ],
)
def test_a_limit_is_violated_where_nothing_else_explains_the_answers(
    contract: Contract, bursts: list[list[int | None]], told: str
):
    """Too many twice, or too few once."""
    lab: Any = Told(contract, *bursts)
    with pytest.raises(Violation, match=told):
        admits(lab, None, 60)  # type: ignore[arg-type]


def test_a_limit_behind_which_nothing_passes_is_not_judged(contract: Contract):
    """Where every call fails for another reason, nothing is known of the limit."""
    lab: Any = Told(contract, [500] * 100)
    with pytest.raises(NotVerifiable, match="none of 100 calls"):
        admits(lab, None, 60)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statuses", "problem"),
    [
        ([200] + [404] * 39, None),
        ([200] * 2 + [404] * 38, Violation),
        ([200] * 2 + [None] * 38, Violation),
        ([404] * 40, Violation),
        ([404] * 39 + [None], NotVerifiable),
        ([404] * 39 + [503], NotVerifiable),
    ],
)
def test_a_token_is_judged_by_its_successes(
    contract: Contract, statuses: list[int | None], problem: type[Exception] | None
):
    """Two are too many whatever the others got; none is too few where every answer is known."""
    lab: Any = Told(contract, statuses)
    if problem is None:
        redeems_once(lab, None)  # type: ignore[arg-type]
    else:
        with pytest.raises(problem):
            redeems_once(lab, None)  # type: ignore[arg-type]


def test_only_what_begins_after_the_end_is_held_against_it(contract: Contract):
    """A call that left before the end was answered may pass; one that left after it may not."""
    answers = Told(contract)
    early = Attempt(answers.answer(200), 0.0, 1.0)
    amid = Attempt(answers.answer(200), 1.9, 9.0)
    refused = Attempt(answers.answer(401), 2.1, 2.2)
    late = Attempt(answers.answer(200), 2.1, 2.2)

    def lab(*attempts: Attempt) -> Any:
        told: Any = Told(contract)
        told.during = lambda call, action: Race(attempts, 1.5, 2.0)
        return told

    ends(lab(early, amid, refused), None, lambda: None, "the end")  # type: ignore[arg-type]
    with pytest.raises(Violation, match="1 of 2 did"):
        ends(lab(early, amid, refused, late), None, lambda: None, "the end")  # type: ignore[arg-type]
    with pytest.raises(NotVerifiable, match="no call passed before"):
        ends(lab(amid, refused), None, lambda: None, "the end")  # type: ignore[arg-type]
    with pytest.raises(NotVerifiable, match="answered but with 429"):
        ends(lab(early, Attempt(answers.answer(429), 2.1, 2.2)), None, lambda: None, "the end")  # type: ignore[arg-type]


# On mocks.


def raced(url: str, contract: Contract, *patterns: str) -> list[Result]:
    run = open_run(at_url(url, contract), contract)
    check_reachable(run)
    prove(run, patterns)
    run.client.close()
    assert isinstance(run.provisioner, Control)
    run.provisioner.close()
    return run.results


@pytest.mark.parametrize(
    ("rule", "sabotage", "actual"),
    [
        ("dezerx.race.token", "token-race", r"\d+ did"),
        ("fileforge.race.limit", "limit-race", r"\d+ did, in"),
        ("fileforge.race.bulk", "limit-race", r"\d+ did, in"),
        ("fileforge.race.revoke", "callers-cached", r"(\d+) of \1 did, e\.g\. 200 "),
        ("fileflare.race.delete", "fileflare-delete-late", r"(\d+) of \1 did, e\.g\. 200 "),
    ],
)
def test_what_goes_wrong_only_at_the_same_time_is_caught(contract: Contract, rule: str, sabotage: str, actual: str):
    """A gap between look and use, and an end that comes late, each with the requests that show it and without a key."""
    provider = rule.split(".")[0]
    start = [sys.executable, "-m", "contract_tests.mutants.sabotage", sabotage]
    with own_mock([provider], 0, start) as url:
        results = raced(url, contract.only(provider), rule)
    (result,) = results

    assert result.outcome is Outcome.VIOLATED
    assert re.match(actual, result.actual or ""), result.actual
    assert any(line.startswith("for i in $(seq ") and " & done" in line for line in result.curl)
    assert not re.search(r"ff_live_[a-z2-7]{32}|DEZERX_[A-Z0-9]{16}", str(result))


def test_sequential_proofs_do_not_see_a_gap(contract: Contract):
    """One after another, nobody notices a limiter that looks first and counts later: this is what races are for."""
    start = [sys.executable, "-m", "contract_tests.mutants.sabotage", "limit-race"]
    with own_mock(["fileforge"], 0, start) as url:
        results = raced(url, contract.only("fileforge"), "fileforge.limit.conversions")

    assert [result.outcome for result in results] == [Outcome.VERIFIED]


def test_no_race_is_lost_on_the_correct_mock(contract: Contract, contract_mock: Mock, mock: Served):
    """Three times every race, on a clock that stands and on one that runs."""
    began = monotonic()
    outcomes = set()
    for clock in (contract_mock.world.clock.freeze, contract_mock.world.clock.run, contract_mock.world.clock.freeze):
        clock()
        outcomes |= {(result.rule, result.outcome) for result in raced(mock.url, contract, "*.race.*")}

    assert {outcome for _, outcome in outcomes} == {Outcome.VERIFIED}
    assert len(outcomes) == 21
    assert monotonic() - began < 60
