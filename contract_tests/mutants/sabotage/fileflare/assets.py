"""Uploads, URL assets and deletions, broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import (
    Handler,
    answers_first,
    body,
    header,
    member,
    sabotages,
    status,
    without,
)
from contract_tests.mutants.sabotage.fileflare._changes import (
    HANDLERS,
    Function,
    and_then,
    asset_row,
    before,
    instead,
    only_answering,
    refused_where,
    undone,
    wrap_all,
    wraps,
)
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Row


# Uploads.


def _unchecked(upload: Handler) -> Handler:
    def uploaded(call: Exchange) -> Reply:
        for grant in call.world.tokens.grants():
            if grant.data.get("id") == call.parameters["storage_key"]:
                call.look = lambda *words, found=grant: found  # type: ignore[method-assign]
        return upload(call)

    return uploaded


def _empty_content(call: Exchange) -> None:
    call.account.objects.setdefault(call.parameters["asset"], b"")


def _drop_confirmed(call: Exchange) -> None:
    call.table("assets").pop(call.parameters["asset"], None)


sabotages(
    {
        "fileflare-signs-201": ("fileflare.sign_upload", status(201)),
        "fileflare-signs-path": (
            "fileflare.sign_upload",
            member("upload_url", value=lambda url, call: url.removeprefix(call.origin)),
        ),
        "fileflare-signs-without-size": ("fileflare.sign_upload", without("asset", "size")),
        "fileflare-etag-bare": (
            "fileflare.upload",
            lambda reply, call: replace(reply, headers={"ETag": reply.headers["ETag"].strip('"')}),
        ),
        "fileflare-etag-none": ("fileflare.upload", header("ETag", None)),
        "fileflare-confirms-200": ("fileflare.confirm_upload", status(200)),
        "fileflare-confirms-nothing": ("fileflare.confirm_upload", and_then(_drop_confirmed)),
    }
)


wraps(
    {
        "fileflare-signature-unchecked": ("upload", _unchecked),
        "fileflare-confirms-empty": ("confirm_upload", before(_empty_content)),
        "fileflare-cancels-nothing": ("cancel_upload", only_answering(200, {"cancelled": True})),
        "fileflare-cancels-only-empty": (
            "cancel_upload",
            refused_where(
                lambda call: call.parameters["asset"] in call.account.objects, 409, "It is uploaded already."
            ),
        ),
    }
)


# URL assets.


def _cut_changes(call: Exchange) -> None:
    call.payload = {name: value for name, value in call.payload.items() if name == "filename"}


def _emptied(call: Exchange) -> None:
    call.payload = {"filename": "", "size": 0, "url": None, **call.payload}


def _as_link(update: Handler) -> Handler:
    def updated(call: Exchange) -> Reply:
        row = asset_row(call)
        was = row.get("is_file")
        row["is_file"] = False
        try:
            return update(call)
        finally:
            row["is_file"] = was

    return updated


def _failing_beyond_the_basic_plane(add: Function) -> Function:
    """As a column does that holds three bytes for a character."""

    def added(call: Exchange, **members: Any) -> Any:
        if max(members["filename"]) > "\uffff":
            raise ValueError("incorrect string value")
        return add(call, **members)

    return added


sabotages(
    {
        "fileflare-confirms-204": (
            "fileflare.confirm_upload",
            lambda reply, call: replace(reply, status=204, body=None),
        ),
        "fileflare-stores-201": ("fileflare.store_asset", status(201)),
        "fileflare-stores-under-data": (
            "fileflare.store_asset",
            lambda reply, call: replace(reply, body={"data": reply.body["asset"]}),
        ),
        "fileflare-stores-file": ("fileflare.store_asset", member("asset", "is_link", value=False)),
    }
)


wraps(
    {
        "fileflare-updates-name-only": ("update_asset", before(_cut_changes)),
        "fileflare-updates-nothing": ("update_asset", undone("assets")),
        "fileflare-updates-whole": ("update_asset", before(_emptied)),
        "fileflare-updates-files": ("update_asset", _as_link),
        "fileflare-emoji-fails": ("_add_asset", _failing_beyond_the_basic_plane),
    }
)


@sabotage("fileflare-size-with-unit")
def size_with_unit() -> None:
    """A size may be a number followed by its unit, as the older generation sends it."""
    from mockserver.stages import STAGES

    validate = STAGES["validate"]

    def reading(exchange: Exchange) -> None:
        size = exchange.member("size")
        if isinstance(size, str) and size.endswith("MB"):
            exchange.__dict__["json"] = {**exchange.json, "size": int(size.removesuffix("MB")) * 1_000_000}
        validate(exchange)

    STAGES["validate"] = reading  # type: ignore[index]


# Deletions.


def _later(listing: Handler) -> Handler:
    """What was deleted less than a minute ago is still listed."""

    def listed(call: Exchange) -> Reply:
        own = call.table("assets")
        queued = {id: row for id, row in call.table("deleted").items() if call.now - row["deleted_at"] < 60}
        call.account.rows["assets"] = {**own, **queued}
        try:
            return listing(call)
        finally:
            call.account.rows["assets"] = own

    return listed


def _queue(call: Exchange) -> None:
    row = asset_row(call)
    if row:
        call.table("deleted")[row["id"]] = {**row, "deleted_at": call.now}


@sabotage("fileflare-deletes-later")
def deletes_later() -> None:
    wrap_all(before(_queue), "delete_asset")
    wrap_all(_later, "list_assets")


@sabotage("fileflare-deletes-from-lists")
def deletes_from_lists() -> None:
    wrap_all(before(_queue), "delete_asset")
    wrap_all(_later, "find_asset")


def _kept_in_orders(delete: Handler) -> Handler:
    def deleted(call: Exchange) -> Reply:
        kept = {id: list(order["assets"]) for id, order in call.table("orders").items()}
        row = asset_row(call)
        reply = delete(call)
        call.table("deleted")[row["id"]] = row
        for id, assets in kept.items():
            call.table("orders")[id]["assets"] = assets
        return reply

    return deleted


def _with_deleted(show: Function) -> Function:
    def shown(call: Exchange, row: Row, **words: Any) -> Any:
        own = call.table("assets")
        call.account.rows["assets"] = {**call.table("deleted"), **own}
        try:
            return show(call, row, **words)
        finally:
            call.account.rows["assets"] = own

    return shown


@sabotage("fileflare-deleted-in-orders")
def deleted_in_orders() -> None:
    wrap_all(_kept_in_orders, "delete_asset")
    wrap_all(_with_deleted, "_order")


def _deleting(chosen: Callable[[list[Row]], list[Row]]) -> Handler:
    """Deletes only what is chosen of all assets."""

    def handled(call: Exchange) -> Reply:
        from mockserver.exchange import Reply

        for row in chosen(list(call.table("assets").values())):
            import_module(HANDLERS)._forget(call, "assets", row["id"])
        return Reply(202, {"deleted": True})

    return handled


sabotages(
    {
        "fileflare-deletes-200": ("fileflare.delete_asset", status(200)),
        "fileflare-deletes-204": ("fileflare.delete_asset", lambda reply, call: replace(reply, status=204, body=None)),
        "fileflare-deletes-counted": ("fileflare.delete_all_assets", body({"deleted": 27})),
    }
)


wraps(
    {
        "fileflare-deletes-a-page": ("delete_all_assets", instead(_deleting(lambda rows: rows[:25]))),
        "fileflare-deletes-files": (
            "delete_all_assets",
            instead(_deleting(lambda rows: [row for row in rows if row["is_file"]])),
        ),
    }
)


@sabotage("fileflare-delete-late")
def delete_late() -> None:
    """A deleted asset is listed for a while."""
    answers_first("fileflare", "delete_asset", 202, {"deleted": True})
