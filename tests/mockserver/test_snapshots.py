"""Snapshots: a whole world comes back, as often as wanted."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import httpx
import pytest

from mockserver import create_app
from tests.conftest import Served


@pytest.fixture
def control(mock: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{mock.url}/_mock", trust_env=False) as client:
        yield client


def call(mock: Served, key: str, path: str = "/v1/formats") -> int:
    return httpx.get(mock.url + path, headers={"X-API-Key": key}, trust_env=False).status_code


def test_everything_comes_back(mock: Served, control: httpx.Client):
    """Keys, tiers, rows, windows and faults are as they were; what was made since is gone."""
    account = control.post("/accounts", json={"provider": "fileforge"}).json()["id"]
    key = control.post(f"/accounts/{account}/keys", json={}).json()
    assert [call(mock, key["key"]) for _ in range(59)] == [200] * 59
    control.post("/faults", json={"provider": "dezerx", "refusal": "internal"})
    rows = control.get(f"/accounts/{account}/rows/files").json()
    assert control.post("/snapshots", json={"name": "then"}).status_code == 201

    control.post(f"/keys/{key['id']}/revoke")
    control.patch(f"/accounts/{account}", json={"tier": "free"})
    control.delete(f"/accounts/{account}/rows/files/{rows[0]['id']}")
    control.delete("/faults")
    later = control.post("/accounts", json={"provider": "fileforge"}).json()["id"]
    control.post("/snapshots/then/restore")

    assert [call(mock, key["key"]) for _ in range(2)] == [200, 429]
    assert control.get(f"/accounts/{account}/rows/files").json() == rows
    assert len(control.get("/faults").json()) == 1
    assert control.get(f"/accounts/{later}").status_code == 404


def test_time_comes_back_too(mock: Served, control: httpx.Client):
    """A key that has expired since is valid again; the clock runs or stands still as it did."""
    key = control.post("/accounts/acme-filescom/keys", json={"expires_in": 60}).json()["key"]
    files = f"{mock.url}/api/rest/v1/folders/"
    before = control.get("/clock").json()
    control.post("/snapshots", json={"name": "then"})
    control.patch("/clock", json={"advance": 3600, "frozen": False})
    assert httpx.get(files, headers={"X-FilesAPI-Key": key}, trust_env=False).status_code == 401
    control.post("/snapshots/then/restore")

    assert control.get("/clock").json() == before
    assert httpx.get(files, headers={"X-FilesAPI-Key": key}, trust_env=False).status_code == 200


def test_restoring_repeats(mock: Served, control: httpx.Client):
    """In a mock with a seed, what is made after each restoring has the same ids and keys."""
    control.post("/snapshots", json={"name": "then"})
    made = []
    for _ in range(3):
        control.post("/snapshots/then/restore")
        account = control.post("/accounts", json={"provider": "fileforge"}).json()
        made.append((account["id"], control.post(f"/accounts/{account['id']}/keys", json={}).json()["key"]))

    assert made[0] == made[1] == made[2]


def test_uploads_are_shared_not_copied():
    """Bytes do not change: a snapshot and the world it restores hold the very same."""
    world = create_app("fileforge", seed=1).world
    (account, *_) = world.accounts.values()
    account.objects["big"] = uploaded = bytes(10_000_000)
    snapshot = world.snapshots.save(world, "then")
    del account.objects["big"]
    world.snapshots.restore(world, "then")

    assert len(snapshot.state) < 1_000_000
    assert world.accounts[account.id].objects["big"] is uploaded


def test_a_mock_without_a_seed_has_snapshots(mock: Served):
    """Keys that are made after restoring are as random as ever."""
    world = create_app("fileforge").world
    (account, *_) = world.accounts.values()
    world.snapshots.save(world, "then")
    made = set()
    for _ in range(2):
        world.snapshots.restore(world, "then")
        made.add(world.create_key(world.accounts[account.id])[1])

    assert len(made) == 2


def test_no_raw_key_is_in_a_snapshot(mock: Served, control: httpx.Client):
    """Neither in what is shown nor in what is kept."""
    raw = control.post("/accounts/acme-fileforge/keys", json={}).json()["key"]
    shown = control.post("/snapshots", json={"name": "then"}).text + control.get("/snapshots").text
    (kept,) = mock.app.world.snapshots

    assert raw not in shown
    assert raw[12:].encode() not in kept.state
    assert kept.state[-1:] == pickle.STOP


def test_snapshots_are_listed_replaced_and_forgotten(control: httpx.Client):
    """A name that is taken holds the newer state; a reset keeps them; an unknown name is told with those there are."""
    for name in ("a", "b", "a"):
        control.post("/snapshots", json={"name": name})
    control.post("/reset")
    assert [each["name"] for each in control.get("/snapshots").json()] == ["b", "a"]

    assert control.delete("/snapshots/b").status_code == 204
    for answer in (control.delete("/snapshots/b"), control.post("/snapshots/b/restore")):
        assert (answer.status_code, answer.json()["detail"]) == (404, "there is no snapshot 'b'; there is: a")
    assert control.post("/snapshots", json={"name": "../x"}).status_code == 400


def test_snapshots_are_bounded(control: httpx.Client):
    """The twenty-first is refused; a name that is there still takes a newer state."""
    names = [f"s{number}" for number in range(20)]
    assert {control.post("/snapshots", json={"name": name}).status_code for name in names} == {201}

    assert control.post("/snapshots", json={"name": "more"}).status_code == 409
    assert control.post("/snapshots", json={"name": "s3"}).status_code == 201


@pytest.fixture(autouse=True)
def no_snapshots(mock: Served) -> None:
    """The contract's mock is shared by all tests, and a reset keeps snapshots."""
    mock.app.world.snapshots.clear()
