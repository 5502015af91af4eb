"""Users of a site, for its administrators."""

from __future__ import annotations

from typing import Any

from mockserver.exchange import Exchange, Reply
from mockserver.providers.filescom import moments
from mockserver.providers.filescom.lists import listed
from mockserver.world import Row


def list_users(call: Exchange) -> Reply:
    users = sorted(call.table("users").values(), key=lambda user: int(user["id"]))
    return listed(call, users, field=_field, place=lambda user: str(user["id"]), view=lambda user: _view(call, user))


def find_user(call: Exchange) -> Reply:
    return Reply(body=_view(call, _find(call)))


def delete_user(call: Exchange) -> Reply:
    """The user goes with their permissions, keys and sessions."""
    id = _find(call)["id"]
    del call.table("users")[id]
    permissions = call.table("permissions")
    for permission in [row["id"] for row in permissions.values() if row.get("user_id") == id]:
        del permissions[permission]
    for kind in ("key", "session"):
        for key in call.world.keys.of(call.account.id, kind):
            if key.user == id:
                call.world.revoke(key)
    return Reply(204)


def _find(call: Exchange) -> Row:
    user = call.table("users").get(call.parameters["id"])
    if user is None:
        call.refuse("user_not_found", f"this site has no user {call.parameters['id']}")
    return user


def _field(user: Row, name: str) -> Any:
    admin = bool(user.get("site_admin"))
    return {"site_admin": admin, "not_site_admin": not admin}.get(name, user.get(name))


def _view(call: Exchange, user: Row) -> dict[str, Any]:
    keys = [key for key in call.world.keys.of(call.account.id) if key.user == user["id"] and key.revoked_at is None]
    used = [key.last_used_at for key in keys if key.last_used_at is not None]
    return {
        "id": user["id"],
        "username": str(user.get("username", "")),
        "name": user.get("name"),
        "email": user.get("email"),
        "company": user.get("company"),
        "site_admin": bool(user.get("site_admin")),
        "disabled": bool(user.get("disabled")),
        "authentication_method": "password",
        "restapi_permission": True,
        "api_keys_count": len(keys),
        "last_api_use_at": moments.told(max(used, default=None)),
        "created_at": moments.told(user.get("created_at", call.now)),
    }
