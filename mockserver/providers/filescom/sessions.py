"""Sessions: a user's name and password turned into a credential."""

from __future__ import annotations

from hmac import compare_digest

from mockserver.exchange import Exchange, Reply
from mockserver.providers.filescom import moments
from mockserver.world import Account, Row


def create_session(call: Exchange) -> Reply:
    assert call.provider and call.provider.session
    account, user = _sign_in(call)
    keys = call.world.keys
    for ended in [session for session in keys.of(account.id, "session") if session.expired(call.now)]:
        keys.remove(ended)
    expires_at = call.now + call.facts["session_ttl"]
    _, raw = keys.open_session(
        call.provider.session,
        provider=call.provider.name,
        account=account.id,
        name=f"session of {user['username']}",
        user=user["id"],
        scopes=call.provider.keys.default_scopes,
        created_at=call.now,
        expires_at=expires_at,
    )
    body = {"id": raw, "language": None, "read_only": False, "sftp_insecure_ciphers": False}
    return Reply(201, {**body, "timeout_at": moments.told(expires_at)})


def delete_session(call: Exchange) -> Reply:
    assert call.caller
    if call.caller.key.kind != "session":
        call.refuse("session_required", "the request was made with an API key")
    call.world.keys.remove(call.caller.key)
    return Reply(204)


def _sign_in(call: Exchange) -> tuple[Account, Row]:
    """The user and their site. Which site is meant a real client says by its host name; here name and password tell."""
    assert call.provider
    wanted = call.payload if isinstance(call.payload, dict) else {}
    username, password = str(wanted.get("username") or ""), str(wanted.get("password") or "")
    sites = call.world.having(call.provider.name, "users", username=username, password=password)
    everyone = ((site, user) for site in sites for user in site.table("users").values())
    found = next((pair for pair in everyone if _matches(pair[1], username, password)), None)
    if found is None:
        call.refuse("invalid_login", "no user who may sign in has this name and password")
    return found


def _matches(user: Row, username: str, password: str) -> bool:
    named = str(user.get("username", "")).lower() == username.lower()
    secret = str(user.get("password") or "")
    return named and bool(secret) and not user.get("disabled") and compare_digest(secret.encode(), password.encode())
