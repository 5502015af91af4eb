"""Stories: sequences of calls that are told once, of which each rule judges its own part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.client import Fault
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable
from contract_tests.run import Run
from contract_tests.story import Steps, answered, told
from contract_tests.target import Permit
from contract_tests.trail import Sent
from tests.staging import standing


@pytest.fixture
def run() -> Iterator[Run]:
    """A run where requests are dear."""
    with standing(Permit()) as stand:
        yield stand.run


def listed(lab: Lab, **query: int) -> Steps:
    """Two lists of users: with the site's key, and with one that nobody has."""
    yield "allowed", lab.call("list_users", key=lab.key(), query=query)
    yield "forged", (refused := lab.call("list_users", key=lab.forged(), query=query))
    refused.given(200)
    yield "never", lab.call("list_users", key=lab.key())


def paths(run: Run) -> list[str]:
    """The paths of the requests that would stand in a finding."""
    return [step.request.url.path for step in run.client.take_sent() if isinstance(step, Sent)]


def test_what_comes_before_a_failure_is_judged(run: Run):
    """Where a step fails that others build on, it and those before are there; the others say which step it was."""
    lab = run.lab("filescom")

    story = told(lab, "lists", lambda: listed(lab))

    assert (story["allowed"].status, story["forged"].status) == (200, 401)
    with pytest.raises(NotVerifiable, match=r"a step before it failed: GET /api/rest/v1/users answered 401"):
        story["never"]


def test_a_violation_on_the_way_blames_no_rule(run: Run):
    """A story that trips over what another rule promises ends there, and whoever builds on it cannot be verified."""
    lab = run.lab("filescom")

    def tell() -> Steps:
        yield "refused", lab.call("list_users").passes()

    with pytest.raises(NotVerifiable, match="to pass"):
        told(lab, "trips", tell)["refused"]


def test_a_story_is_told_once_and_stands_in_every_finding(run: Run):
    """A second proof sends nothing, and has the requests in its trail as often as the first."""
    first = run.lab("filescom")
    told(first, "lists", lambda: listed(first))
    told(first, "lists", lambda: listed(first))
    sent, trail = run.client.total, paths(run)
    second = run.lab("filescom")

    story = told(second, "lists", lambda: listed(second))

    assert story["allowed"].status == 200
    assert run.client.total == sent == 2
    assert paths(run) == trail == ["/api/rest/v1/users"] * 2


def test_a_lost_request_is_not_the_end_of_a_story(run: Run):
    """A story in which a request got lost is told anew to the next who asks."""
    lab = run.lab("filescom")
    losses = iter([True, False])

    def call():
        if next(losses):
            raise Fault("lost")
        return lab.call("list_users", key=lab.key())

    with pytest.raises(Fault):
        answered(lab, "users", call)
    assert answered(lab, "users", call).status == 200
