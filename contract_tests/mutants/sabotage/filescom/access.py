"""Who may do what, broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.filescom._changes import (
    answered,
    as_administrator,
    silent,
    told,
    without,
)
from contract_tests.mutants.sabotage.filescom._parts import sabotages
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Caller, Exchange, Reply


sabotages(
    {
        f"filescom-unchecked-{name.replace('_', '-')}": (f"{module}.{name}", as_administrator)
        for module, names in {
            "api_keys": (
                "list_api_keys",
                "create_api_key",
                "create_own_api_key",
                "create_user_api_key",
                "find_api_key",
                "update_api_key",
                "delete_api_key",
                "delete_current_api_key",
            ),
            "files": ("find_file", "download_file", "delete_file"),
            "uploads": ("begin_upload",),
        }.items()
        for name in names
    }
)


@sabotage("filescom-nobody-is-nobody")
def nobody_is_nobody() -> None:
    """Only users can be administrators, and a site-wide key has no user."""
    from mockserver.exchange import Caller

    setattr(Caller, "administrator", property(lambda self: bool((self.user or {}).get("site_admin"))))  # noqa: B010


@sabotage("filescom-users-are-members")
def users_are_members() -> None:
    """What a user's key may do does not depend on whether the user is an administrator."""
    from mockserver.exchange import Caller

    setattr(Caller, "administrator", property(lambda self: self.user is None))  # noqa: B010


@sabotage("filescom-last-caller-remembered")
def last_caller_remembered() -> None:
    """A request without a credential is taken for one of whoever asked last."""
    from mockserver.refusals import Refused
    from mockserver.stages import STAGES

    identify = STAGES["identify"]
    last: list[Caller | None] = []

    def remembering(exchange: Exchange) -> None:
        try:
            identify(exchange)
        except Refused:
            if not last or "x-filesapi-key" in exchange.headers:
                raise
            exchange.caller = last[-1]
        last.append(exchange.caller)

    STAGES["identify"] = remembering  # type: ignore[index]


@sabotage("filescom-folders-public")
def folders_public() -> None:
    """Whoever asks for a folder without a credential sees what the first site has."""
    from mockserver.exchange import Caller
    from mockserver.refusals import Refused
    from mockserver.stages import STAGES

    identify = STAGES["identify"]

    def public(exchange: Exchange) -> None:
        try:
            identify(exchange)
        except Refused as refused:
            open_to_all = exchange.operation and exchange.operation.id == "filescom.list_folder"
            if not open_to_all or refused.name != "authentication_required":
                raise
            account = next(exchange.world.accounts_of("filescom"))
            exchange.caller = Caller(account=account, key=exchange.world.keys.of(account.id)[0], raw="")

    STAGES["identify"] = public  # type: ignore[index]


def _refuse_administrators(delete: Any, call: Exchange) -> Reply:
    if call.table("users").get(call.parameters["id"], {}).get("site_admin"):
        call.refuse("users_cannot_manage_keys", "administrators are not deleted")
    reply: Reply = delete(call)
    return reply


def _keys_to_nobody(delete: Any, call: Exchange) -> Reply:
    keys = [key for key in call.world.keys.of(call.account.id) if key.user == call.parameters["id"]]
    reply: Reply = delete(call)
    for key in keys:
        key.user, key.revoked_at = None, None
    return reply


def _soft_delete(delete: Any, call: Exchange) -> Reply:
    call.table("users")[call.parameters["id"]]["disabled"] = True
    return silent(delete, call)


sabotages(
    {
        "filescom-administrators-stay": ("users.delete_user", _refuse_administrators),
        "filescom-user-deleted-softly": ("users.delete_user", _soft_delete),
        "filescom-user-leaves-keys-to-nobody": ("users.delete_user", _keys_to_nobody),
        "filescom-users-find-first": (
            "users.find_user",
            lambda find, call: (call.parameters.update(id=min(call.table("users"))), find(call))[1],
        ),
        "filescom-users-without-role": ("users.list_users", told(without("site_admin"))),
        "filescom-users-all-members": (
            "users.list_users",
            told(lambda rows: [{**row, "site_admin": False} for row in rows]),
        ),
        "filescom-users-without-username": ("users.list_users", told(without("username"))),
        "filescom-users-show-password": (
            "users._view",
            lambda view, call, user: {**view(call, user), "password": user.get("password")},
        ),
        "filescom-users-200-deleted": ("users.delete_user", answered(200, body={})),
    }
)
