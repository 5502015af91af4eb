"""What the mock remembers is bounded: what is over goes, and a search costs the same however much is stored."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from mockserver.index import Index
from mockserver.keys import REMEMBERED
from mockserver.world import Account, World
from tests.conftest import Served

DAY = 86_400


@pytest.fixture
def world(mock: Served) -> World:
    return mock.app.world


@pytest.fixture
def client(mock: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=mock.url, trust_env=False) as client:
        yield client


@pytest.fixture
def account(world: World) -> Account:
    return world.open_account(world.contract.providers["fileforge"])


def uploader(client: httpx.Client, world: World, account: Account) -> dict[str, str]:
    key, raw = world.create_key(account, scopes=("convert:write", "files:read", "files:write", "files:delete"))
    key.unlimited = True
    return {"X-API-Key": raw}


def uploaded(client: httpx.Client, key: dict[str, str]) -> str:
    """The id of a fresh text file of three bytes."""
    wanted = {"filename": "a.txt", "size": 3, "mime": "text/plain"}
    signed = client.post("/v1/files/presign-upload", json=wanted, headers=key).json()
    assert client.put(signed["upload_url"], content=b"abc").status_code == 200
    named = {"storage_key": signed["storage_key"], "original_name": "a.txt", "declared_mime": "text/plain"}
    return client.post(f"/v1/files/{signed['file_id']}/finalize", json=named, headers=key).json()["id"]


def converted(client: httpx.Client, key: dict[str, str], file: str) -> str:
    wanted = {"input_file_id": file, "target_format": "pdf"}
    return client.post("/v1/conversions", json=wanted, headers=key).json()["id"]


def test_a_closed_account_leaves_nothing(client: httpx.Client, world: World, account: Account):
    """Its bytes, rows and keys go with it, and no search finds it."""
    keys = len(world.keys)
    file = uploaded(client, uploader(client, world, account))
    held = [account for account in world.accounts.values() if account.objects]
    proposed = list(world.having("fileforge", "files", id=file))
    world.close_account(account)

    assert held == proposed == [account]
    assert len(world.keys) == keys
    assert [account for account in world.accounts.values() if account.objects] == []
    assert list(world.having("fileforge", "files", id=file)) == []


def test_files_go_when_their_time_is_over(client: httpx.Client, world: World, account: Account):
    """A day later a new upload has taken the place of the old one, its bytes included."""
    key = uploader(client, world, account)
    uploaded(client, key)
    world.clock.advance(DAY)
    file = uploaded(client, key)

    assert list(account.table("files")) == [file]
    assert len(account.objects) == 1


def test_moving_the_clock_ends_what_nobody_asks_for(client: httpx.Client, world: World, account: Account):
    """A day later the bytes of an account that does nothing more are gone, too."""
    uploaded(client, uploader(client, world, account))
    client.patch("/_mock/clock", json={"advance": DAY})

    assert (account.table("files"), account.objects) == ({}, {})


def test_uploads_that_were_given_up_go(client: httpx.Client, world: World, account: Account):
    """Bytes that nobody finalized are dropped after a day."""
    key = uploader(client, world, account)
    wanted = {"filename": "a.txt", "size": 3, "mime": "text/plain"}
    for _ in range(2):
        client.put(
            client.post("/v1/files/presign-upload", json=wanted, headers=key).json()["upload_url"], content=b"abc"
        )
        assert len(account.objects) == 1
        world.clock.advance(DAY)


def test_conversions_are_kept_for_a_month(client: httpx.Client, world: World, account: Account):
    """After 30 days the next conversion takes the place of the old one and its output."""
    key = uploader(client, world, account)
    old = converted(client, key, uploaded(client, key))
    world.clock.advance(10)
    assert client.get(f"/v1/conversions/{old}", headers=key).json()["output"]
    world.clock.advance(30 * DAY)
    new = converted(client, key, uploaded(client, key))

    assert list(account.table("conversions")) == [new]
    assert len(account.objects) == 1


def test_old_revoked_keys_are_forgotten(world: World, account: Account):
    """Of a thousand rotations the newest hundred revoked keys are remembered."""
    key, _ = world.create_key(account)
    for _ in range(1000):
        key, _ = world.rotate(key)

    assert len(world.keys.of(account.id)) == REMEMBERED + 1
    assert key in world.keys.of(account.id)


def test_moving_the_clock_drops_what_is_over(client: httpx.Client, world: World, account: Account):
    """Neither tokens nor windows of yesterday are kept."""
    for _ in range(20):
        uploaded(client, uploader(client, world, account))
    held = len(world.tokens), len(world.limiter)
    client.patch("/_mock/clock", json={"advance": DAY})

    assert held == (20, 20)
    assert (len(world.tokens), len(world.limiter)) == (0, 0)


def test_an_index_proposes_accounts_in_their_order():
    """Letters in any case; an account that is noted again has its old rows forgotten."""
    index = Index(("name", "town"))
    index.note("a", [{"name": "Olga", "town": "Riga"}, {"name": "Bo"}])
    index.note("b", [{"name": "olga", "town": "RIGA"}])
    index.note("c", [{"name": "Olga", "town": "Oslo"}])

    assert index.find(["OLGA", "riga"]) == ["a", "b"]
    index.note("a", [])
    index.drop("b")
    assert index.find(["olga", "riga"]) == []


def test_a_row_that_is_added_or_changed_is_found(client: httpx.Client, world: World):
    """A sign-in and an order page see what the control plane wrote after the first search."""
    site = world.open_account(world.contract.providers["filescom"]).id
    assert client.post("/api/rest/v1/sessions", json={"username": "nina", "password": "hush"}).status_code == 401
    user = client.post(f"/_mock/accounts/{site}/rows/users", json={"username": "nina", "password": "hush"}).json()
    signed_in = client.post("/api/rest/v1/sessions", json={"username": "Nina", "password": "hush"})
    client.patch(f"/_mock/accounts/{site}/rows/users/{user['id']}", json={"password": "loud"})

    assert signed_in.status_code == 201
    assert client.post("/api/rest/v1/sessions", json={"username": "nina", "password": "hush"}).status_code == 401
    assert client.post("/api/rest/v1/sessions", json={"username": "nina", "password": "loud"}).status_code == 201
