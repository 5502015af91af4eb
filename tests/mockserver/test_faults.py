"""Faults on purpose: what strikes which request, how often, and what the journal says of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from latchkey import load
from latchkey.template import placeholders
from mockserver import Mock
from mockserver.exchange import Exchange
from mockserver.faults import Fault
from mockserver.layers.answer import refuse
from mockserver.refusals import unprovoked
from tests.conftest import Served


@pytest.fixture
def control(mock: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{mock.url}/_mock", trust_env=False) as client:
        yield client


def call(mock: Served, path: str = "/v1/formats", key: str | None = None) -> httpx.Response:
    """FileForge, asked with its full key unless another is given."""
    return httpx.get(mock.url + path, headers={"X-API-Key": key or mock.key("fileforge")}, trust_env=False)


def strike(control: httpx.Client, **fault: Any) -> int:
    answer = control.post("/faults", json=fault)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_a_refusal_is_the_providers_own_and_ends_after_so_many_times(mock: Served, control: httpx.Client):
    """Body and headers are those of a real 429; the third call passes again."""
    strike(control, operation="fileforge.list_formats", refusal="rate_limited", times=2)
    first, second, third = (call(mock) for _ in range(3))

    assert [first.status_code, second.status_code, third.status_code] == [429, 429, 200]
    assert first.json()["error"] == {
        "code": "rate_limited",
        "message": "request rate exceeded (60/min)",
        "details": {"retry_after_seconds": 60},
    }
    assert first.headers["Retry-After"] == "60"
    assert first.headers["X-RateLimit-Remaining"] == "0"


def test_a_fault_strikes_its_own_operation_provider_account_and_key_only(mock: Served, control: httpx.Client):
    """Everything beside its scope passes."""
    for scope in (
        {"operation": "fileforge.list_files"},
        {"provider": "filescom"},
        {"account": "acme-filescom"},
        {"key": control.get("/accounts/acme-fileforge/keys").json()[1]["id"]},
    ):
        strike(control, **scope, delay=0.001)
    assert (call(mock).status_code, call(mock, "/v1/files").status_code) == (200, 200)

    assert [fault["fired"] for fault in control.get("/faults").json()] == [1, 0, 0, 0]


def test_a_fault_of_one_key_leaves_the_other_alone(mock: Served, control: httpx.Client):
    """Two keys of one account: one is refused, one is answered."""
    unlucky, lucky = (control.post("/accounts/acme-fileforge/keys", json={}).json() for _ in range(2))
    strike(control, key=unlucky["id"], refusal="internal")

    assert (call(mock, key=unlucky["key"]).status_code, call(mock, key=lucky["key"]).status_code) == (500, 200)


def test_a_struck_request_counts_against_no_limit_and_changes_nothing(mock: Served, control: httpx.Client):
    """Seventy injected refusals leave the window whole."""
    strike(control, provider="fileforge", refusal="internal", times=70)
    assert {call(mock).status_code for _ in range(70)} == {500}

    assert {call(mock).status_code for _ in range(60)} == {200}


def test_a_dropped_connection_gives_no_answer(mock: Served, control: httpx.Client):
    """The client sees the connection end before a status line; the next call is answered."""
    strike(control, drop=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        call(mock)

    assert call(mock).status_code == 200


def test_a_truncated_body_ends_in_its_midst(mock: Served, control: httpx.Client):
    """Content-Length promises all, ten bytes come; a body that is shorter passes whole."""
    strike(control, truncate=10, times=1)
    with httpx.stream("GET", f"{mock.url}/v1/formats", headers={"X-API-Key": mock.key("fileforge")}) as answer:
        received = b""
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            for chunk in answer.iter_raw():
                received += chunk
    assert (answer.status_code, len(received)) == (200, 10)
    assert int(answer.headers["Content-Length"]) > 10
    strike(control, truncate=1_000_000, times=1)

    assert call(mock).json()


def test_a_delay_takes_real_time_and_goes_with_a_refusal(mock: Served, control: httpx.Client):
    """The answer comes later, and not that of the handler."""
    strike(control, delay=0.2, refusal="internal", provider="fileforge", times=1)
    begun = time.monotonic()

    assert call(mock).status_code == 500
    assert time.monotonic() - begun >= 0.2


def test_a_share_strikes_alike_with_the_same_seed(mock: Served, control: httpx.Client):
    """Half of forty calls or so, and the same ones again after a reset."""
    rounds = []
    for _ in range(2):
        control.post("/reset")
        strike(control, provider="fileforge", refusal="internal", share=0.5)
        rounds.append([call(mock).status_code for _ in range(40)])

    assert rounds[0] == rounds[1]
    assert 10 < rounds[0].count(500) < 30


def test_the_journal_says_that_a_fault_answered(mock: Served, control: httpx.Client):
    """What was done, by which fault, and to whom; no rule is named, for none was kept."""
    number = strike(control, provider="fileforge", refusal="missing_scope", times=3)
    call(mock)
    entry = control.get("/journal?limit=1").json()[0]

    assert entry["fault"] == f"fault {number} answered missing_scope instead (time 1 of 3)"
    assert (entry["reason"], entry["rule"], entry["account"]) == (entry["fault"], None, "acme-fileforge")
    assert entry["stages"] == ["fault"]


def test_the_journal_knows_dropped_and_delayed_requests(mock: Served, control: httpx.Client):
    """A request without an answer is there, too; a delayed one says how long, and went through every check."""
    strike(control, drop=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        call(mock)
    strike(control, delay=0.01, times=1)
    call(mock)
    dropped, delayed = control.get("/journal?limit=2").json()

    assert "closed the connection without an answer" in dropped["fault"]
    assert "waited 0.01 s" in delayed["fault"]
    assert delayed["stages"][-1] == "handler"


def test_faults_are_listed_and_taken_away(mock: Served, control: httpx.Client):
    """One by its id, or all; a spent one stays in the list until then."""
    first = strike(control, provider="fileforge", refusal="internal", times=1)
    second = strike(control, provider="fileforge", refusal="rate_limited")
    assert [call(mock).status_code for _ in range(3)] == [500, 429, 429]
    told = {fault["id"]: (fault["fired"], fault["spent"]) for fault in control.get("/faults").json()}
    assert told == {first: (1, True), second: (2, False)}

    assert control.delete(f"/faults/{second}").status_code == 204
    assert control.get(f"/faults/{second}").status_code == 404
    assert control.delete(f"/faults/{second}").status_code == 404
    assert call(mock).status_code == 200
    assert control.delete("/faults").status_code == 204
    assert control.get("/faults").json() == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({}, "say one of"),
        ({"drop": False}, "say one of"),
        ({"drop": True, "truncate": 3}, "say one of"),
        ({"refusal": "internal"}, "say which provider"),
        ({"provider": "nobody", "drop": True}, "unknown provider 'nobody'; there is: fileflare"),
        ({"operation": "fileforge.fly", "drop": True}, "unknown operation 'fileforge.fly'; there is: "),
        ({"provider": "fileforge", "refusal": "sad"}, "unknown refusal of FileForge 'sad'; there is: missing_key"),
        ({"account": "nobody", "drop": True}, "unknown account 'nobody'"),
        ({"key": 99999, "drop": True}, "no key 99999"),
        ({"provider": "dezerx", "operation": "fileforge.list_files", "drop": True}, "several providers"),
        ({"drop": True, "share": 2}, "maximum"),
        ({"drop": True, "sometimes": True}, "sometimes"),
    ],
)
def test_a_fault_that_makes_no_sense_is_told(control: httpx.Client, fault: dict[str, Any], told: str):
    """The answer says what is wrong and what there is."""
    answer = control.post("/faults", json=fault)

    assert (answer.status_code, told in answer.json()["detail"]) == (400, True), answer.text


def test_faults_are_bounded(mock: Served, control: httpx.Client):
    """A thousand at most: a spent one makes room, and without one the next is refused."""
    strike(control, provider="fileforge", refusal="internal", times=1)
    call(mock)
    for _ in range(1000):
        mock.app.world.faults.add(Fault(drop=True, provider="dezerx"))

    assert len(control.get("/faults").json()) == 1000
    assert "1000 faults already" in control.post("/faults", json={"drop": True}).json()["detail"]


CONTRACT = load()


@pytest.mark.parametrize(
    ("provider", "refusal"), [(each.name, name) for each in CONTRACT.providers.values() for name in each.refusals]
)
def test_every_refusal_can_be_injected_whole(contract_mock: Mock, provider: str, refusal: str):
    """No placeholder is left, and a JSON body keeps the provider's schema of errors."""
    world = contract_mock.world
    record = world.contract.providers[provider]
    exchange = Exchange(
        world=world, id="1", at=0, method="GET", path="/", query="", headers={}, body=b"", client="", origin="",
        provider=record,
    )  # fmt: skip
    reply = refuse(exchange, unprovoked(exchange, refusal, "a fault"))

    assert placeholders([reply.body, dict(reply.headers)]) == set()
    if isinstance(reply.body, dict):
        schema = world.contract.schemas.validator({"$ref": record.error_schema})
        assert [error.message for error in schema.iter_errors(reply.body)] == []
