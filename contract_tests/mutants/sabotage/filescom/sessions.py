"""Sessions and the log, broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.filescom._changes import (
    answered,
    silent,
    told,
)
from contract_tests.mutants.sabotage.filescom._parts import sabotages

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Row


# Sessions.


def _session_of(choose: Callable[[Exchange, int | None], int | None]) -> Callable[..., Reply]:
    """Around the handler that opens a session: it is of the user that `choose` says."""

    def around(create: Any, call: Exchange) -> Reply:
        reply: Reply = create(call)
        assert call.provider
        session = call.world.keys.find(call.provider.name, "session", reply.body["id"], call.provider.keys.stored)
        assert session
        session.user = choose(call, session.user)
        return reply

    return around


def _of_key(call: Exchange, user: int | None) -> int | None:
    assert call.provider
    raw = call.headers.get("x-filesapi-key", "")
    key = call.world.keys.find(call.provider.name, "key", raw, call.provider.keys.stored)
    return key.user if key else user


def _unknown_told(sign_in: Any, call: Exchange) -> Any:
    assert call.provider
    names = {
        user.get("username")
        for site in call.world.accounts_of(call.provider.name)
        for user in site.table("users").values()
    }
    if call.payload.get("username") not in names:
        call.refuse("user_not_found", "nobody has this name")
    return sign_in(call)


def _all_sessions_end(delete: Any, call: Exchange) -> Reply:
    assert call.caller
    for session in call.world.keys.of(call.account.id, "session"):
        if session.user == call.caller.key.user:
            call.world.keys.remove(session)
    return silent(delete, call)


sabotages(
    {
        "filescom-session-200": ("sessions.create_session", answered(200)),
        "filescom-session-password-any-case": (
            "sessions._matches",
            lambda matches, user, name, password: matches(user, name, password.lower()),
        ),
        "filescom-session-unknown-user-told": ("sessions._sign_in", _unknown_told),
        "filescom-session-of-key": ("sessions.create_session", _session_of(_of_key)),
        "filescom-session-of-nobody": ("sessions.create_session", _session_of(lambda call, user: None)),
        "filescom-session-of-first-member": ("sessions.create_session", _session_of(lambda call, user: 2)),
        "filescom-session-stays": ("sessions.delete_session", silent),
        "filescom-session-ends-all": ("sessions.delete_session", _all_sessions_end),
        "filescom-session-end-by-key": (
            "sessions.delete_session",
            lambda delete, call: delete(call) if call.caller.key.kind == "session" else silent(delete, call),
        ),
    }
)


# The log.


def _logged(**members: Any) -> Callable[..., Row]:
    return lambda view, call, entry: {**view(call, entry), **members}


sabotages(
    {
        "filescom-log-first-user": ("request_logs._view", _logged(user_id=1)),
        "filescom-log-no-user": ("request_logs._view", _logged(user_id=None, username=None)),
        "filescom-log-site-wide-user": (
            "request_logs._view",
            lambda view, call, entry: {**view(call, entry), "user_id": entry.user or 1},
        ),
        "filescom-log-no-key": ("request_logs._view", _logged(api_key_id=None, api_key_prefix=None)),
        "filescom-log-always-201": ("request_logs._view", _logged(response_code=201)),
        "filescom-log-no-path": ("request_logs._view", _logged(request_path="/api/rest/v1")),
        "filescom-log-other-id": ("request_logs._view", _logged(request_id="unknown")),
        "filescom-log-always-success": ("request_logs._view", _logged(success=True)),
        "filescom-log-no-error": ("request_logs._view", _logged(error_type=None)),
        "filescom-log-passed-only": (
            "request_logs.list_api_request_logs",
            told(lambda rows: [row for row in rows if row["success"]]),
        ),
    }
)
