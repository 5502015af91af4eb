"""Paths and methods: what is found, and how what is not found is refused."""

import httpx
import pytest

from latchkey import load
from mockserver.layers.route import Route
from tests.conftest import Served


@pytest.fixture(scope="module")
def route() -> Route:
    return Route(app=None, contract=load())


def test_every_operation_is_found_by_its_own_path(route: Route):
    """Whatever the order of the contract, no operation hides another."""
    for operation in load().operations.values():
        values = {
            item.name: "7"
            if item.schema.get("type") == "integer"
            else "a/b"
            if item.schema.get("format") == "path"
            else "x"
            for item in operation.parameters
            if item.location == "path"
        }
        path = operation.path
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
        methods, parameters = route.find(path)

        assert methods[operation.method].id == operation.id
        assert parameters == values


def test_a_literal_path_wins_over_a_pattern(route: Route):
    """`/v1/conversions/bulk` is no conversion called bulk."""
    methods, parameters = route.find("/v1/conversions/bulk")

    assert (set(methods), parameters) == ({"POST"}, {})


@pytest.mark.parametrize("path", ["/v1/formats/", "/v1//formats", "/v1/Formats", "/v1/formats/x"])
def test_a_path_that_differs_at_all_is_unknown(mock: Served, path: str):
    """404 in the provider's envelope, and no redirect."""
    answer = httpx.get(mock.url + path, headers={"X-API-Key": mock.key("fileforge")})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_another_method_is_told_what_there_is(mock: Served):
    """405 with every method of the path in Allow."""
    answer = httpx.patch(f"{mock.url}/v1/formats", headers={"X-API-Key": mock.key("fileforge")})

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_path_of_no_provider_says_whose_there_are(mock: Served):
    """404 of the mock itself, with the prefixes that it knows."""
    answer = httpx.get(f"{mock.url}/nowhere")

    assert answer.status_code == 404
    assert "/v1/" in answer.json()["paths begin with"]
    assert httpx.get(answer.json()["dashboard"]).status_code == 200


def test_a_handler_that_fails_answers_in_the_providers_envelope(mock: Served, caplog: pytest.LogCaptureFixture):
    """500 with the provider's body, the traceback in the log and a line in the journal."""

    def broken(call: object) -> None:
        raise ZeroDivisionError

    answer_layer = mock.app.answer
    handler = answer_layer.handlers["fileforge.list_formats"]
    answer_layer.handlers["fileforge.list_formats"] = broken
    try:
        answer = httpx.get(f"{mock.url}/v1/formats", headers={"X-API-Key": mock.key("fileforge")})
    finally:
        answer_layer.handlers["fileforge.list_formats"] = handler

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "ZeroDivisionError" in caplog.text
    assert list(mock.app.world.journal)[-1].reason == "the mock failed: ZeroDivisionError"
