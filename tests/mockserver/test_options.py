"""What `--explain`, `--auth` and `--cors` do."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from mockserver import create_app
from mockserver.banner import banner
from mockserver.cli import main
from tests.conftest import Served

Serve = Callable[[Any], Served]
PAGE = "http://localhost:5173"


def test_explain_says_which_rule_and_why(serving: Serve):
    """A refusal carries its rule and a plain sentence; an answer that passes carries nothing more."""
    mock = serving(create_app("fileforge", seed=1, explain=True))
    refused = httpx.get(f"{mock.url}/v1/files", headers={"X-API-Key": mock.key("fileforge", "no_scopes")})
    passed = httpx.get(f"{mock.url}/v1/formats", headers={"X-API-Key": mock.key("fileforge")})

    assert refused.headers["x-mock-explain"] == "fileforge.scope.required: key 'Status board' lacks scope files:read"
    assert "x-mock-explain" not in passed.headers


def test_without_explain_a_refusal_carries_nothing_the_provider_would_not_send(mock: Served):
    """No header of the mock's own."""
    refused = httpx.get(f"{mock.url}/v1/files")

    assert [name for name in refused.headers if "mock" in name or "explain" in name] == []


@pytest.mark.parametrize(
    ("auth", "statuses"), [("strict", [401, 401, 200]), ("presence", [401, 200, 200]), ("off", [200, 200, 200])]
)
def test_auth_may_be_relaxed(serving: Serve, auth: Any, statuses: list[int]):
    """Without a key, with any key, with a real key."""
    mock = serving(create_app("fileforge", "dezerx", seed=1, auth=auth))
    keys = [{}, {"X-API-Key": "anything"}, {"X-API-Key": mock.key("fileforge")}]

    assert [httpx.get(f"{mock.url}/v1/files", headers=headers).status_code for headers in keys] == statuses
    bare = httpx.get(
        f"{mock.url}/api/license/verify", headers={"Authorization": "Bearer x"} if auth == "presence" else {}
    )
    assert bare.status_code == (401 if auth == "strict" else 200)


def test_how_keys_are_looked_up_is_told_at_the_start():
    """The banner's first line says which mode is on."""
    for auth in ("strict", "presence", "off"):
        assert f"(--auth {auth})" in banner(create_app("fileforge", seed=1, auth=auth), "http://x").splitlines()[0]


@pytest.fixture
def page(serving: Serve) -> Served:
    return serving(create_app(seed=1, cors=PAGE))


def test_a_preflight_is_granted_and_never_counts(page: Served):
    """Seventy preflights leave the key's budget whole."""
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for _ in range(70):
        granted = httpx.options(f"{page.url}/api/v1/orders", headers=asked)
    answer = httpx.get(f"{page.url}/api/v1/orders", headers={"Authorization": f"Bearer {page.key('fileflare')}"})

    assert granted.status_code == 204
    assert granted.headers["access-control-allow-origin"] == PAGE
    assert granted.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["x-ratelimit-remaining"] == "59"


@pytest.mark.parametrize(("key", "status"), [("none", 401), ("full", 200)])
def test_every_answer_is_open_to_the_page(page: Served, key: str, status: int):
    """Refusals too, with the headers that a page wants to read named one by one, so that it works with credentials."""
    headers = {"Origin": PAGE} | ({} if key == "none" else {"Authorization": f"Bearer {page.key('fileflare')}"})
    answer = httpx.get(f"{page.url}/api/v1/orders", headers=headers)
    named = answer.headers["access-control-expose-headers"].split(", ")

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert {"X-RateLimit-Remaining", "Retry-After", "Location", "Content-Disposition"} <= set(named)
    assert "*" not in named


def test_a_provider_that_rules_cors_out_stays_closed(page: Served):
    """No header and no preflight; the banner shows the dev server's proxy lines instead."""
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    preflight = httpx.options(f"{page.url}/v1/formats", headers=asked)
    answer = httpx.get(f"{page.url}/v1/formats", headers={"Origin": PAGE, "X-API-Key": page.key("fileforge")})

    assert preflight.status_code == 405
    assert [name for name in [*preflight.headers, *answer.headers] if name.startswith("access-control")] == []
    told = banner(page.app, page.url)
    assert f"proxy: {{ '/v1': {{ target: '{page.url}' }}, '/fileforge-inputs': " in told
    assert f"context: ['/v1', '/fileforge-inputs', '/fileforge-outputs'], target: '{page.url}'" in told


def test_an_origin_that_is_none_is_told():
    """One line, with an example."""
    done = CliRunner().invoke(main, ["--cors", "localhost"])

    assert (done.exit_code, "is no origin" in done.output) == (2, True)
