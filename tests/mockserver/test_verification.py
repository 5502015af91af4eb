"""Was this called, with what? Questions to the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Served


@pytest.fixture
def control(mock: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{mock.url}/_mock", trust_env=False) as client:
        yield client


@pytest.fixture
def traffic(mock: Served) -> None:
    """A list, an upload, an upload that breaks the schema, and a call without a key."""
    with httpx.Client(base_url=mock.url, trust_env=False, headers={"X-API-Key": mock.key("fileforge")}) as client:
        client.get("/v1/files?limit=5")
        client.post("/v1/files/presign-upload", json={"filename": "a.pdf", "size": 8, "mime": "application/pdf"})
        client.post("/v1/files/presign-upload", json={"filename": "b.pdf"})
    httpx.get(f"{mock.url}/v1/formats", trust_env=False)


@pytest.mark.parametrize(
    ("asked", "statuses"),
    [
        ({}, [200, 201, 400, 401]),
        ({"provider": "dezerx"}, []),
        ({"account": "acme-fileforge"}, [200, 201, 400]),
        ({"operation": "fileforge.presign_upload"}, [201, 400]),
        ({"method": "post", "status": "201"}, [201]),
        ({"path": "/v1/files"}, [200]),
        ({"path": "/v1/files*"}, [200, 201, 400]),
        ({"path": "/v1/f[io]*"}, []),
        ({"status": "4xx"}, [400, 401]),
        ({"refusal": "missing_key"}, [401]),
        ({"text": "B.PDF"}, [400]),
        ({"text": '"filename":"a.pdf"'}, [201]),
        ({"since": 99999999999}, []),
        ({"limit": 1}, [401]),
        ({"status": "2xx", "limit": 1}, [201]),
    ],
)
@pytest.mark.usefixtures("traffic")
def test_the_journal_is_filtered(control: httpx.Client, asked: dict[str, Any], statuses: list[int]):
    """Each filter by itself, oldest first; `limit` counts the newest of what matched."""
    assert [entry["status"] for entry in control.get("/journal", params=asked).json()] == statuses


@pytest.mark.usefixtures("traffic")
def test_the_journal_is_filtered_by_key(control: httpx.Client):
    """By the key's name or its id."""
    entry = control.get("/journal?limit=2").json()[0]

    assert len(control.get("/journal", params={"key": entry["key"]}).json()) == 3
    assert len(control.get("/journal", params={"key": entry["key_id"]}).json()) == 3
    assert control.get("/journal", params={"key": "None"}).json() == []


@pytest.mark.parametrize(
    "asked",
    [
        {"operation": "fileforge.list_files", "expect": {"count": 1}},
        {"operation": "fileforge.list_files", "query": {"limit": "5"}},
        {"operation": "fileforge.presign_upload", "expect": {"at_least": 2, "at_most": 2}},
        {"body": {"filename": "a.pdf"}, "expect": {"count": 1}},
        {"body": {"filename": "{any}", "size": 8}, "expect": {"count": 1}},
        {"headers": {"Content-Type": "application/json"}, "expect": {"count": 2}},
        {"status": 401, "expect": {"count": 1}},
        {"status": "5xx", "expect": {"count": 0}},
        {"method": "GET", "expect": {"at_most": 3}},
    ],
)
@pytest.mark.usefixtures("traffic")
def test_what_was_called_is_verified(control: httpx.Client, asked: dict[str, Any]):
    """So many requests of a kind are there; they come with the answer."""
    answer = control.post("/verify", json=asked)

    assert answer.status_code == 200, answer.text
    assert answer.json()["count"] == len(answer.json()["entries"])


@pytest.mark.usefixtures("traffic")
def test_what_was_not_called_is_told_with_what_came_nearest(control: httpx.Client):
    """The first is the request with the fewest differences, each of them a sentence."""
    answer = control.post(
        "/verify",
        json={
            "operation": "fileforge.presign_upload",
            "body": {"filename": "b.pdf", "size": 8},
            "headers": {"X-Trace": "1"},
            "expect": {"count": 2},
        },
    )
    told = answer.json()

    assert (answer.status_code, told["detail"]) == (409, "2 expected, 0 found")
    assert [len(near["differences"]) for near in told["nearest"]] == [2, 2, 3]
    assert told["nearest"][0]["differences"] == ["header X-Trace: is missing", "body.size: is missing"]
    assert told["nearest"][1]["differences"][1] == "body.filename: 'a.pdf' is not 'b.pdf'"
    assert told["nearest"][0]["entry"]["status"] == 400


@pytest.mark.usefixtures("traffic")
def test_too_many_calls_are_no_success(control: httpx.Client):
    """Those that were found are told."""
    answer = control.post("/verify", json={"status": "4xx", "expect": {"at_most": 1}})

    assert (answer.status_code, answer.json()["detail"]) == (409, "at most 1 expected, 2 found")
    assert [entry["status"] for entry in answer.json()["entries"]] == [400, 401]


@pytest.mark.usefixtures("traffic")
def test_a_question_reveals_no_secret(mock: Served, control: httpx.Client):
    """A raw key that is asked for is found nowhere, and no answer shows one."""
    raw = mock.key("fileforge")
    asked = control.post("/verify", json={"headers": {"X-API-Key": raw}})

    assert asked.status_code == 409
    assert control.get("/journal", params={"text": raw}).json() == []
    assert raw not in control.post("/verify", json={"path": "/nowhere"}).text


@pytest.mark.parametrize("asked", [{"expect": {}}, {"expect": {"count": -1}}, {"status": "6xx"}, {"colour": "red"}])
def test_a_question_that_makes_no_sense_is_refused(control: httpx.Client, asked: dict[str, Any]):
    """An unknown member or expectation is no match of nothing."""
    assert control.post("/verify", json=asked).status_code == 400
