"""API keys: site-wide ones and those of users, and the one in use."""

from __future__ import annotations

from typing import Any

from mockserver.exchange import Caller, Exchange, Reply
from mockserver.keys import Key
from mockserver.providers.filescom import moments
from mockserver.providers.filescom.lists import listed

#: Members of a new key that are only kept and shown, and what they are where they are not given.
_KEPT = {"description": None, "path": None, "aws_style_credentials": False, "workspace_id": 0}


def list_api_keys(call: Exchange) -> Reply:
    user_id = call.parameters.get("user_id")
    return _listed(call, None if user_id is None else _user(call, user_id))


list_site_api_keys = list_api_keys


def list_own_api_keys(call: Exchange) -> Reply:
    if "user_id" in call.parameters:
        call.refuse("user_id_on_user_endpoint", "this path lists the caller's keys, user_id names another")
    return _listed(call, _user(call, 0))


def list_user_api_keys(call: Exchange) -> Reply:
    return _listed(call, _user(call, call.parameters["user_id"]))


def create_api_key(call: Exchange) -> Reply:
    user_id = call.payload.get("user_id")
    if user_id is None and not _caller(call).administrator:
        call.refuse("site_admin_required", "without user_id a key is site-wide, which only an administrator creates")
    return _created(call, None if user_id is None else _user(call, int(user_id)))


create_site_api_key = create_api_key


def create_own_api_key(call: Exchange) -> Reply:
    if "user_id" in call.payload:
        call.refuse("user_id_on_user_endpoint", "this path creates keys of the caller, user_id names another")
    return _created(call, _user(call, 0))


def create_user_api_key(call: Exchange) -> Reply:
    return _created(call, _user(call, call.parameters["user_id"]))


def find_api_key(call: Exchange) -> Reply:
    return Reply(body=_view(call, _find(call)))


def update_api_key(call: Exchange) -> Reply:
    return _updated(call, _find(call), "name", "description", "expires_at")


def delete_api_key(call: Exchange) -> Reply:
    return _deleted(call, _find(call))


def find_current_api_key(call: Exchange) -> Reply:
    return Reply(body=_view(call, _current(call)))


def update_current_api_key(call: Exchange) -> Reply:
    return _updated(call, _current(call), "name", "expires_at", "permission_set")


def delete_current_api_key(call: Exchange) -> Reply:
    return _deleted(call, _current(call))


def _caller(call: Exchange) -> Caller:
    assert call.caller
    return call.caller


def _user(call: Exchange, wanted: int) -> int:
    """The id of the user who is meant, 0 being the caller; refused where the caller may not name them."""
    own = _caller(call).key.user
    if wanted == 0:
        if own is None:
            call.refuse("user_required", "a site-wide key has no user that 0 could stand for")
        return own
    if wanted != own and not _caller(call).administrator:
        call.refuse("user_id_without_site_admin", f"user {own} is no administrator and names user {wanted}")
    if wanted not in call.table("users"):
        call.refuse("user_not_found", f"this site has no user {wanted}")
    return wanted


def _visible(call: Exchange, key: Key) -> bool:
    caller = _caller(call)
    return key.revoked_at is None and (caller.administrator or key.user == caller.key.user)


def _listed(call: Exchange, user: int | None) -> Reply:
    keys = [key for key in call.world.keys.of(call.account.id) if _visible(call, key) and user in {None, key.user}]
    return listed(call, keys, field=_field, place=lambda key: str(key.id), view=lambda key: _view(call, key))


def _field(key: Key, name: str) -> Any:
    if name == "expires_at":
        return None if key.expires_at is None else int(key.expires_at)
    return {**_KEPT, **key.attributes}.get(name)


def _find(call: Exchange) -> Key:
    key = call.world.keys.get(call.parameters["id"])
    if key is None or key.account != call.account.id or key.kind != "key" or not _visible(call, key):
        call.refuse("api_key_not_found", "there is no such key, or the caller does not see it")
    return key


def _current(call: Exchange) -> Key:
    key = _caller(call).key
    if key.kind != "key":
        call.refuse("api_key_required", "the request was made with a session")
    return key


def _may_manage(call: Exchange) -> None:
    if not _caller(call).administrator and not call.account.attribute("users_can_create_api_keys"):
        call.refuse("users_cannot_manage_keys", "on this site only administrators create and delete keys")


def _created(call: Exchange, user: int | None) -> Reply:
    _may_manage(call)
    wanted = call.payload
    key, raw = call.world.create_key(
        call.account,
        name=wanted["name"],
        user=user,
        permission_set=wanted.get("permission_set", call.facts["permission_set"]),
        expires_at=moments.given(call, "expires_at"),
        attributes={name: wanted[name] for name in _KEPT if name in wanted},
    )
    return Reply(201, {**_view(call, key), "key": raw})


def _updated(call: Exchange, key: Key, *members: str) -> Reply:
    """Changes these members of the key, as far as the request names them; others it leaves alone."""
    wanted = {name: value for name, value in (call.payload or {}).items() if name in members}
    if "expires_at" in wanted:
        key.expires_at = moments.given(call, "expires_at")
    key.name = wanted.get("name", key.name)
    key.permission_set = wanted.get("permission_set", key.permission_set)
    if "description" in wanted:
        key.attributes["description"] = wanted["description"]
    return Reply(body=_view(call, key))


def _deleted(call: Exchange, key: Key) -> Reply:
    _may_manage(call)
    call.world.revoke(key)
    return Reply(204)


def _view(call: Exchange, key: Key) -> dict[str, Any]:
    user = call.table("users").get(key.user, {}).get("username")
    kind = "Site-wide API key" if key.user is None else f"API key of {user}"
    return {
        "id": key.id,
        "descriptive_label": f"{kind} for {call.origin}/ (key ID #{key.id})",
        "name": key.name,
        "permission_set": key.permission_set or call.facts["permission_set"],
        "user_id": key.user,
        "created_at": moments.told(key.created_at),
        "expires_at": moments.told(key.expires_at),
        "last_use_at": moments.told(key.last_used_at),
        "platform": None,
        "site_name": call.account.name,
        "url": f"{call.origin}/",
        **_KEPT,
        **{name: value for name, value in key.attributes.items() if name in _KEPT},
    }
