"""The official Files.com Python SDK, pointed at the mock: nothing but its base URL is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import Served

files_sdk = pytest.importorskip("files_sdk", reason="the Files.com SDK is not installed")


@pytest.fixture
def client(mock: Served) -> Any:
    """An SDK client with the site-wide key."""
    return files_sdk.Client(api_key=mock.key("filescom"), base_url=mock.url)


@pytest.fixture
def clock(mock: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{mock.url}/_mock", trust_env=False) as control:
        yield control


def with_key(mock: Served, key: str) -> Any:
    return files_sdk.Client(api_key=key, base_url=mock.url)


def test_a_created_key_is_revealed_once_and_works(mock: Served, client: Any):
    """create answers with the key; find and list do not show it again; it opens the API."""
    created = client.api_key.create({"name": "Nightly export"})

    assert with_key(mock, created.key).api_key.find_current().id == created.id
    assert client.api_key.find(created.id).name == "Nightly export"
    shown = [client.api_key.find(created.id), *client.api_key.list().auto_paging_iter()]
    assert created.key not in str([vars(item) for item in shown])


def test_list_pages_by_itself(client: Any):
    """Over pages of two, every key comes exactly once."""
    for number in range(5):
        client.api_key.create({"name": f"Key {number}"})
    whole = [item.id for item in client.api_key.list().auto_paging_iter()]
    paged = [item.id for item in client.api_key.list({"per_page": 2}).auto_paging_iter()]

    assert len(whole) >= 6
    assert paged == whole


def test_update_and_delete(mock: Served, client: Any):
    """A renamed key shows its new name; a deleted one is refused at once."""
    created = client.api_key.create({"name": "Old"})
    client.api_key.update(created.id, {"name": "New"})
    assert client.api_key.find(created.id).name == "New"

    client.api_key.delete(created.id)
    with pytest.raises(files_sdk.error.NotAuthenticatedError):
        with_key(mock, created.key).api_key.find_current()
    with pytest.raises(files_sdk.error.NotFoundError):
        client.api_key.find(created.id)


def test_current_key_updates_and_deletes_itself(mock: Served, client: Any):
    """The key that is used can be renamed and ended through itself."""
    own = with_key(mock, client.api_key.create({"name": "Mine"}).key)
    own.api_key.update_current({"name": "Still mine"})
    assert own.api_key.find_current().name == "Still mine"

    own.api_key.delete_current()
    with pytest.raises(files_sdk.error.NotAuthenticatedError):
        own.api_key.find_current()


def test_a_key_expires(mock: Served, client: Any, clock: httpx.Client):
    """Until its date it works; then it is refused."""
    soon = datetime.fromtimestamp(clock.get("/clock").json()["now"], UTC) + timedelta(hours=1)
    own = with_key(mock, client.api_key.create({"name": "Soon over", "expires_at": soon.isoformat()}).key)
    assert own.api_key.find_current().name == "Soon over"

    clock.patch("/clock", json={"advance": 3600})
    with pytest.raises(files_sdk.error.NotAuthenticatedError):
        own.api_key.find_current()


def test_a_revoked_key_is_refused_with_the_recorded_error(mock: Served):
    """The error has the class, status and title of a recorded answer."""
    with pytest.raises(files_sdk.error.InvalidCredentialsError) as refused:
        with_key(mock, mock.key("filescom", "revoked")).api_key.find_current()

    assert (refused.value.http_code, refused.value.title) == (401, "Invalid Credentials")


def test_a_member_cannot_list_users(mock: Served):
    """A non-administrator's key has no access to site administration."""
    with pytest.raises(files_sdk.error.NotAuthorizedError):
        list(with_key(mock, mock.key("filescom", "member")).user.list().auto_paging_iter())


def test_sessions_open_and_end(mock: Served):
    """A user name and a password give a session that works until it is ended."""
    user = next(row for row in mock.app.world.accounts[first_site(mock)].table("users").values() if row.get("password"))
    anonymous = files_sdk.Client(base_url=mock.url)
    session = anonymous.session.create({"username": user["username"], "password": user["password"]})

    signed_in = files_sdk.Client(session_id=session.id, base_url=mock.url)
    assert list(signed_in.api_key.list().auto_paging_iter()) is not None
    signed_in.session.delete()
    with pytest.raises(files_sdk.error.NotAuthenticatedError):
        list(signed_in.api_key.list().auto_paging_iter())


def first_site(mock: Served) -> str:
    return next(account.id for account in mock.app.world.accounts_of("filescom"))
