"""Prefer: the client names the answer that it wants to see."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.conftest import Served


def ask(mock: Served, prefer: str, path: str = "/v1/files", key: str | None = None) -> httpx.Response:
    headers = {"Prefer": prefer, "Authorization": f"Bearer {key or mock.key('fileforge')}"}
    return httpx.get(mock.url + path, headers=headers)


def test_a_code_is_answered_by_the_first_refusal_that_has_it(mock: Served):
    """The body, and the numbers in it, are those of a limit with nothing left; nothing was counted."""
    answer = ask(mock, "code=429")

    assert (answer.status_code, answer.json()["error"]) == (
        429,
        {"code": "rate_limited", "message": "request rate exceeded (60/min)", "details": {"retry_after_seconds": 60}},
    )
    assert answer.headers["Retry-After"] == "60"
    assert ask(mock, "code=200").status_code == 200


def test_an_example_names_one_of_several_refusals(mock: Served):
    """A 403 has several reasons; the journal says whose wish it was."""
    assert ask(mock, "example=missing_scope").json()["error"]["message"] == "missing scope: files:read"
    assert ask(mock, "example=banned", key="none").json()["error"]["message"] == "account is banned"
    last = httpx.get(f"{mock.url}/_mock/journal?limit=1").json()[0]
    assert (last["refusal"], last["reason"]) == ("banned", "the client asked for it: Prefer: example=banned")


def test_a_success_is_answered_as_ever(mock: Served):
    """Checks are made, rows are shown."""
    assert ask(mock, "code=200").json()["files"]
    assert ask(mock, "code=200", key="ff_live_none").status_code == 401


@pytest.mark.parametrize("wish", ["code=418", "example=no-such"])
def test_what_the_operation_does_not_have_is_told(mock: Served, wish: str):
    """With all that could be asked for."""
    answer = ask(mock, wish)

    assert answer.status_code == 400
    assert answer.json()["error"] == f"this operation has no answer for Prefer: {wish}"
    assert {"200", "401", "429"} <= set(answer.json()["code"])
    assert {"rate_limited", "missing_scope"} <= set(answer.json()["example"])


def test_other_preferences_change_nothing(mock: Served):
    """`respond-async` is nothing that a mock could prefer."""
    assert ask(mock, "respond-async").status_code == 200


def test_no_refusal_leaves_a_placeholder_open(mock: Served):
    """Every refusal of every operation can be asked for, and says something."""
    contract = mock.app.world.contract
    named = [
        (operation, name)
        for operation in contract.operations.values()
        if "{" not in operation.path
        for answer in contract.answers[operation.id].values()
        for media in answer.get("content", {}).values()
        for name in media.get("examples", {})
    ]
    assert len(named) > 100
    with httpx.Client(base_url=mock.url) as http:
        for operation, name in named:
            answer = http.request(operation.method, operation.path, headers={"Prefer": f"example={name}"})
            assert answer.status_code >= 400, (operation.id, name)
            assert not re.search(r"\{\w+\}", answer.text + str(answer.headers)), (operation.id, name, answer.text)
