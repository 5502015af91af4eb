"""What keys of Files.com are told of the site's users, and of the log of all requests."""

from __future__ import annotations

from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key
from contract_tests.story import Steps, Story, answered, told

#: How often, and how many seconds apart, the log is asked for an entry before it counts as missing.
LOG_TRIES, LOG_PAUSE = 4, 5.0


def administration(lab: Lab, key: Key) -> list[Answer]:
    """What the key is answered that asks for the users, for the member and for the log of the requests of all."""
    return [listed(lab, key), member(lab, key), log(lab, key)]


def listed(lab: Lab, key: Key) -> Answer:
    name = f"users listed with {key.situation}"
    return answered(lab, name, lambda: lab.call("list_users", key=key, query={"per_page": 10000}))


def member(lab: Lab, key: Key) -> Answer:
    user = steps.user_of(lab, lab.key("member"))
    return answered(lab, f"member found with {key.situation}", lambda: find(lab, key, user))


def second_member(lab: Lab) -> Story:
    """A user whom a member tries to delete: tried, found."""
    return told(lab, "second member", lambda: _second_member(lab))


def _second_member(lab: Lab) -> Steps:
    user = steps.user_of(lab, lab.key("second_member"))
    yield "tried", lab.call("delete_user", key=lab.key("member"), path={"id": user})
    yield "found", find(lab, lab.key(), user)


def find(lab: Lab, key: Key, id: int) -> Answer:
    return lab.call("find_user", key=key, path={"id": id})


def log(lab: Lab, key: Key) -> Answer:
    return answered(lab, f"log read with {key.situation}", lambda: lab.call("list_api_request_logs", key=key))


# The log.


def log_entry(lab: Lab, answer: Answer) -> dict[str, Any]:
    """The entry of the request log about this answer, which may take a moment to appear."""
    id = answer.header("X-Request-Id")
    return lab.once(f"log entry of {id}", lambda: _log_entry(lab, id))


def _log_entry(lab: Lab, id: str) -> dict[str, Any]:
    for attempt in range(LOG_TRIES):
        if attempt:
            lab.advance(LOG_PAUSE)
        log = lab.call("list_api_request_logs", key=lab.key(), query={"filter[request_id]": id}).given(200)
        found = [row for row in steps.rows(log) if row.get("request_id") == id]
        if found:
            return found[0]
    check(False, f"an entry of the request {id} in the log", "none")
    raise AssertionError


def log_about(lab: Lab, path: str, key: int) -> dict[str, Any] | None:
    """The newest entry of the request log about this path by the key of this id, which may take a moment to appear; None
    where there is none.
    """
    for attempt in range(LOG_TRIES):
        if attempt:
            lab.advance(LOG_PAUSE)
        log = lab.call("list_api_request_logs", key=lab.key(), query={"filter[api_key_id]": key}).given(200)
        found = [row for row in steps.rows(log) if path in str(row.get("request_path"))]
        if found:
            return found[0]
    return None
