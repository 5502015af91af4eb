"""The journal keeps whole exchanges, shows no secret of them, and can send a request again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mockserver.curl import curl
from tests.conftest import Served


@pytest.fixture
def http(mock: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=mock.url, trust_env=False) as client:
        yield client


def newest(http: httpx.Client) -> dict[str, Any]:
    entry: dict[str, Any] = http.get("/_mock/journal?limit=1").json()[0]
    return entry


def test_an_entry_holds_the_whole_exchange(mock: Served, http: httpx.Client):
    """Headers, query and bodies of both sides; the credential as its prefix."""
    key = mock.key("fileforge")
    wanted = {"filename": "a.png", "size": 3, "mime": "image/png"}
    answer = http.post("/v1/files/presign-upload?note=1", json=wanted, headers={"X-API-Key": key})
    entry = newest(http)

    assert answer.status_code < 300
    assert entry["request"]["headers"]["x-api-key"] == f"{key[:12]}…"
    assert (entry["request"]["query"], entry["request"]["body"]) == (
        "note=1",
        '{"filename":"a.png","size":3,"mime":"image/png"}',
    )
    assert entry["response"]["headers"]["content-type"] == "application/json"
    assert answer.json()["file_id"] in entry["response"]["body"]
    assert entry["stages"][-1] == "handler"


def secrets_of(mock: Served, http: httpx.Client) -> Iterator[str]:
    """Does things whose requests and answers carry secrets; each secret."""
    site = {"X-FilesAPI-Key": mock.key("filescom")}
    yield site["X-FilesAPI-Key"]
    yield http.post("/api/rest/v1/api_keys", json={"name": "new"}, headers=site).json()["key"]
    login = {"username": "maya", "password": "ginkgo-lantern-42"}
    yield login["password"]
    session = http.post("/api/rest/v1/sessions", json=login).json()["id"]
    yield session
    http.get("/api/rest/v1/folders/handbook", headers={"X-FilesAPI-Auth": session})
    licence = {"Authorization": f"Bearer {mock.key('dezerx')}", "X-Domain": "acme.example", "X-Product-ID": "1"}
    yield mock.key("dezerx")
    issued = http.post("/api/license/download", headers=licence)
    token = issued.json()["data"]["download_url"].rpartition("/")[2]
    yield token
    http.get(f"/api/license/download-file/{token}")
    http.get(f"/api/license/download-file/{token}/nowhere?token={token}")
    forge = {"Authorization": f"Bearer {mock.key('fileforge')}"}
    signed = http.post(
        "/v1/files/presign-upload", json={"filename": "a.png", "size": 3, "mime": "image/png"}, headers=forge
    ).json()["upload_url"]
    yield signed.partition("X-Amz-Signature=")[2]
    http.put(signed, content=b"abc")
    http.get("/v1/formats", headers={"Authorization": "Basic c2VjcmV0OnNlY3JldA==", "Cookie": "sid=biscuit-9731"})
    yield "c2VjcmV0OnNlY3JldA=="
    yield "biscuit-9731"


def test_no_secret_is_shown(mock: Served, http: httpx.Client):
    """Neither keys, sessions, passwords, tokens nor signatures stand in the journal, its curl lines or its records."""
    secrets = list(secrets_of(mock, http))
    world = mock.app.world
    lines = [curl(entry, world.contract.providers.get(entry.provider or "")) for entry in world.journal]
    shown = http.get("/_mock/journal").text + "\n".join(lines) + repr(list(world.journal))

    assert len(set(secrets)) == 9
    assert [secret for secret in secrets if secret in shown] == []


@pytest.mark.parametrize(
    ("provider", "header", "variable"),
    [("fileflare", "Authorization: Bearer", "FILEFLARE_KEY"), ("filescom", "X-FilesAPI-Key:", "FILESCOM_KEY")],
)
def test_a_curl_line_runs_when_its_variables_are_set(
    mock: Served, http: httpx.Client, provider: str, header: str, variable: str
):
    """The shell puts the secret in; the answer is the one of the journal."""
    name, _, scheme = header.partition(": ")
    path = mock.app.world.contract.operations[mock.app.world.contract.providers[provider].example].path
    http.get(f"{path}?q=it's $5 `x`", headers={name.rstrip(":"): f"{scheme} {mock.key(provider)}".strip()})
    entry = list(mock.app.world.journal)[-1]
    line = curl(entry, mock.app.world.contract.providers[provider])

    assert f"${{{variable}}}" in line
    done = subprocess.run(
        ["sh", "-c", f"{line} -s -o {os.devnull} -w '%{{http_code}}'"],
        env={**os.environ, variable: mock.key(provider)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == str(entry.status)
    again = list(mock.app.world.journal)[-1]
    assert (again.key, again.transcript.query) == (entry.key, entry.transcript.query)


def test_a_replay_is_the_same_request_again(mock: Served, http: httpx.Client):
    """Same caller, same bytes, an entry of its own: a second order costs a second unit."""
    key = mock.key("fileflare")
    http.get("/api/v1/orders", headers={"Authorization": f"Bearer {key}"})
    first = newest(http)
    again = http.post(f"/_mock/journal/{first['id']}/replay")

    assert again.status_code == 201
    second = again.json()
    assert (second["status"], second["key_id"], second["path"]) == (200, first["key_id"], "/api/v1/orders")
    assert second["id"] != first["id"]
    remaining = [item["response"]["headers"]["x-ratelimit-remaining"] for item in (first, second)]
    assert remaining == ["59", "58"]


def test_what_was_not_kept_whole_is_not_sent_again(mock: Served, http: httpx.Client):
    """A large body is cut in the journal, which says its size, and its replay is refused."""
    http.post("/v1/files/presign-upload", content=b"x" * 20000, headers={"X-API-Key": mock.key("fileforge")})
    entry = newest(http)
    refused = http.post(f"/_mock/journal/{entry['id']}/replay")

    assert (entry["request"]["size"], len(entry["request"]["body"])) == (20000, 16384)
    assert (refused.status_code, "16384 of the body's 20000" in refused.json()["detail"]) == (409, True)
    assert http.post("/_mock/journal/none/replay").status_code == 404


def test_bodies_that_are_no_text_are_not_shown(mock: Served, http: httpx.Client):
    """Their size is."""
    http.post(
        "/v1/files/presign-upload", content=b"\x89PNG\xff\xfe\x00" * 9, headers={"X-API-Key": mock.key("fileforge")}
    )

    assert (newest(http)["request"]["body"], newest(http)["request"]["size"]) == (None, 63)


def test_a_replay_that_a_fault_drops_is_still_told(mock: Served, http: httpx.Client):
    """The new entry says what the fault did."""
    http.get("/api/v1/orders", headers={"Authorization": f"Bearer {mock.key('fileflare')}"})
    http.post("/_mock/faults", json={"provider": "fileflare", "drop": True})
    again = http.post(f"/_mock/journal/{newest(http)['id']}/replay")

    assert again.status_code == 201
    assert "closed the connection without an answer" in again.json()["fault"]
