"""The control plane does what settings pages do, and keeps strangers out."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from mockserver import create_app
from tests.conftest import Served


@pytest.fixture
def control(mock: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{mock.url}/_mock", trust_env=False) as client:
        yield client


def formats(mock: Served, key: str) -> int:
    return httpx.get(f"{mock.url}/v1/formats", headers={"X-API-Key": key}).status_code


@pytest.fixture
def account(control: httpx.Client) -> str:
    return control.post("/accounts", json={"provider": "fileforge"}).json()["id"]


def test_a_created_key_is_shown_once_and_works(mock: Served, control: httpx.Client, account: str):
    """The creation answer holds the raw key; no later answer does."""
    created = control.post(f"/accounts/{account}/keys", json={"name": "CI", "scopes": ["files:read"]}).json()

    assert formats(mock, created["key"]) == 200
    shown = control.get(f"/keys/{created['id']}").text + control.get(f"/accounts/{account}/keys").text
    assert created["key"] not in shown
    assert created["prefix"] == created["key"][:12]


def test_rotation_ends_the_old_key_and_copies_it(mock: Served, control: httpx.Client, account: str):
    """The new key has the old one's name and scopes; the old one is refused at once."""
    old = control.post(f"/accounts/{account}/keys", json={"name": "CI", "scopes": ["files:read"]}).json()
    new = control.post(f"/keys/{old['id']}/rotate").json()

    assert (formats(mock, old["key"]), formats(mock, new["key"])) == (401, 200)
    assert (new["name"], new["scopes"]) == ("CI", ["files:read"])


def test_revocation_is_immediate(mock: Served, control: httpx.Client, account: str):
    """The very next call is refused."""
    key = control.post(f"/accounts/{account}/keys", json={}).json()
    assert formats(mock, key["key"]) == 200
    control.post(f"/keys/{key['id']}/revoke")

    assert formats(mock, key["key"]) == 401


def test_downgrade_and_upgrade(mock: Served, control: httpx.Client, account: str):
    """Dropping to free closes the API to a key that lives on; upgrading opens it again."""
    key = control.post(f"/accounts/{account}/keys", json={}).json()["key"]

    statuses = []
    for tier in ("free", "pro"):
        control.patch(f"/accounts/{account}", json={"tier": tier})
        statuses.append(formats(mock, key))
    assert statuses == [403, 200]


def test_a_free_account_gets_no_key(control: httpx.Client):
    """Creation is refused on a tier that has no keys, with what to do."""
    free = control.post("/accounts", json={"provider": "fileforge", "tier": "free"}).json()["id"]
    refused = control.post(f"/accounts/{free}/keys", json={})

    assert refused.status_code == 403
    assert "upgrade to pro" in refused.json()["detail"]


def test_an_unlimited_key_counts_and_is_never_refused(mock: Served, control: httpx.Client, account: str):
    """Seventy calls on a limit of sixty pass."""
    key = control.post(f"/accounts/{account}/keys", json={"unlimited": True}).json()["key"]

    assert {formats(mock, key) for _ in range(70)} == {200}


def test_the_clock_moves_windows(mock: Served, control: httpx.Client, account: str):
    """A used-up window is whole again when the clock was advanced by it."""
    key = control.post(f"/accounts/{account}/keys", json={}).json()["key"]
    assert [formats(mock, key) for _ in range(61)] == [200] * 60 + [429]
    control.patch("/clock", json={"advance": 60})

    assert formats(mock, key) == 200


def test_accounts_do_not_share_rows(mock: Served, control: httpx.Client):
    """Two accounts copied from the same fixtures have rows with ids of their own."""
    ids = []
    for _ in range(2):
        account = control.post("/accounts", json={"provider": "fileforge"}).json()["id"]
        ids.append({row["id"] for row in control.get(f"/accounts/{account}/rows/files").json()})

    assert ids[0] and not ids[0] & ids[1]


def test_the_journal_says_why(mock: Served, control: httpx.Client):
    """A refusal is kept with its name, its rule and a plain reason, and no key in it."""
    httpx.get(f"{mock.url}/v1/files", headers={"X-API-Key": mock.key("fileforge", "no_scopes")})
    entry = control.get("/journal?limit=1").json()[0]

    assert (entry["status"], entry["refusal"]) == (403, "missing_scope")
    assert "lacks scope files:read" in entry["reason"]
    assert entry["rule"].startswith("fileforge.")
    assert mock.key("fileforge", "no_scopes") not in str(entry)


def test_reset_goes_back_to_the_fixtures(mock: Served, control: httpx.Client, account: str):
    """Accounts that were opened are gone; fixture keys work as at the start."""
    control.post("/reset")

    assert control.get(f"/accounts/{account}").status_code == 404
    assert formats(mock, mock.key("fileforge")) == 200


def test_rows_can_be_read_added_changed_and_removed(control: httpx.Client, account: str):
    """Any table of an account is open to the control plane."""
    created = control.post(f"/accounts/{account}/rows/notes", json={"id": 1, "text": "a"})
    assert created.status_code == 201
    assert control.post(f"/accounts/{account}/rows/notes", json={"id": 1}).status_code == 400
    assert control.patch(f"/accounts/{account}/rows/notes/1", json={"text": "b"}).json() == {"id": 1, "text": "b"}
    assert control.delete(f"/accounts/{account}/rows/notes/1").status_code == 204
    assert control.get(f"/accounts/{account}/rows/notes").json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("POST", "/accounts", {"provider": "nobody"}, 400, "choose one of"),
        ("POST", "/accounts", {"provider": "fileforge", "tier": "gold"}, 400, "choose one of: free"),
        ("GET", "/accounts/nobody", None, 404, "no account 'nobody'"),
        ("GET", "/keys/99999", None, 404, "no key 99999"),
        ("PATCH", "/clock", {"advance": -1}, 400, "minimum"),
        ("POST", "/accounts/acme-fileforge/keys", {"scopes": ["files:eat"]}, 400, "unknown scope 'files:eat'"),
        ("POST", "/accounts/acme-fileforge/keys", {"situation": "odd"}, 400, "unknown situation 'odd'"),
    ],
)
def test_bad_input_is_told(control: httpx.Client, method: str, path: str, body: Any, status: int, told: str):
    """A mistake is answered with what is wrong and what there is."""
    answer = control.request(method, path, json=body)

    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_a_situation_whose_user_is_gone_is_told(control: httpx.Client):
    """The answer says which user is missing."""
    account = control.post("/accounts", json={"provider": "filescom"}).json()["id"]
    for row in control.get(f"/accounts/{account}/rows/users").json():
        control.delete(f"/accounts/{account}/rows/users/{row['id']}")
    answer = control.post(f"/accounts/{account}/keys", json={"situation": "member"})

    assert (answer.status_code, "has no user with" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_pages_of_other_sites_are_kept_out(control: httpx.Client, headers: dict[str, str]):
    """A foreign Host or Origin is refused."""
    assert control.get("/status", headers=headers).status_code == 403


def test_with_a_token_the_control_plane_asks_for_it(serving: Callable[[Any], Served]):
    """Without it 401, with it the answer; then any host name will do."""
    url = serving(create_app("fileforge", seed=1, token="s3cret")).url
    bearer = {"Authorization": "Bearer s3cret", "Host": "mock.example"}

    assert httpx.get(f"{url}/_mock/status").status_code == 401
    assert httpx.get(f"{url}/_mock/status", headers=bearer).status_code == 200


def test_both_contracts_have_their_page(mock: Served):
    """Swagger UI and the document, for providers and control plane; the real services are not called from there."""
    for base in ("", "/_mock"):
        assert "swagger" in httpx.get(f"{mock.url}{base}/ui/").text.lower()
        assert httpx.get(f"{mock.url}{base}/openapi.json").json()["openapi"] == "3.0.3"
    assert "aldrickb" not in str(httpx.get(f"{mock.url}/openapi.json").json()["paths"]["/v1/formats"].get("servers"))
