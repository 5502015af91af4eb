"""What limits have left and what became of tokens can be read."""

from __future__ import annotations

import httpx

from tests.conftest import Served

LICENCE = {"X-Domain": "acme.example", "X-Product-ID": "1"}


def test_budgets_are_told_by_key_and_by_address(mock: Served):
    """The one with the smallest share left comes first; a window that has passed is gone."""
    flare = {"Authorization": f"Bearer {mock.key('fileflare')}"}
    for _ in range(3):
        httpx.get(f"{mock.url}/api/v1/orders", headers=flare)
    httpx.get(f"{mock.url}/api/license/verify", headers={"Authorization": f"Bearer {mock.key('dezerx')}", **LICENCE})
    tight, loose = httpx.get(f"{mock.url}/_mock/budgets").json()
    now = mock.app.world.clock.now()

    assert (tight["provider"], tight["partition"], tight["remaining"], tight["quota"]) == ("fileflare", "key", 57, 60)
    assert tight["of"] == mock.app.world.keys.get(tight["key_id"]).name
    assert (loose["partition"], loose["of"], loose["remaining"]) == ("address", "127.0.0.1", 59)
    assert (tight["reset"], tight["window"]) == (now + 60, 60)
    assert [item["provider"] for item in httpx.get(f"{mock.url}/_mock/budgets?provider=dezerx").json()] == ["dezerx"]
    httpx.patch(f"{mock.url}/_mock/clock", json={"advance": 60})
    assert httpx.get(f"{mock.url}/_mock/budgets").json() == []


def test_tokens_are_told_with_their_state_and_never_shown(mock: Served):
    """Valid when issued, spent when redeemed, expired when their time is over."""
    licence = {"Authorization": f"Bearer {mock.key('dezerx')}", **LICENCE}
    issued = [httpx.post(f"{mock.url}/api/license/download", headers=licence).json()["data"] for _ in range(2)]
    tokens = [data["download_url"].rpartition("/")[2] for data in issued]
    httpx.get(f"{mock.url}/api/license/download-file/{tokens[0]}")
    listed = httpx.get(f"{mock.url}/_mock/tokens")

    assert [item["state"] for item in listed.json()] == ["valid", "spent"]
    assert listed.json()[0]["expires"] - listed.json()[0]["issued"] == 86400
    assert not any(token in listed.text for token in tokens)
    httpx.patch(f"{mock.url}/_mock/clock", json={"advance": 86400})
    assert {item["state"] for item in httpx.get(f"{mock.url}/_mock/tokens").json()} == {"expired"}
