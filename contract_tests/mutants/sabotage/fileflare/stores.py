"""Other stores, and what does not exist or does not fit, broken."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import Handler
from contract_tests.mutants.sabotage.fileflare._changes import (
    HANDLERS,
    Wrap,
    asset_row,
    before,
    instead,
    over_all_stores,
    refused_where,
    wraps,
)

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply


# Other stores.


def _cancelling_any(call: Exchange) -> Reply:
    from mockserver.exchange import Reply

    for store in call.world.accounts_of("fileflare"):
        if store.table("uploads").pop(call.parameters["asset"], None):
            return Reply(200, {"cancelled": True})
    return import_module(HANDLERS)._find_upload(call)  # type: ignore[no-any-return] # refuses


wraps(
    {
        "fileflare-assets-of-all-stores": ("list_assets", over_all_stores("assets")),
        "fileflare-orders-of-all-stores": ("list_orders", over_all_stores("orders")),
        "fileflare-products-of-all-stores": ("list_products", over_all_stores("products")),
        "fileflare-reads-any-asset": ("find_asset", over_all_stores("assets")),
        "fileflare-emails-any-order": ("send_email", over_all_stores("orders")),
        "fileflare-cancels-any-upload": ("cancel_upload", instead(_cancelling_any)),
        "fileflare-attaches-any-asset": ("attach_to_order", over_all_stores("assets")),
        "fileflare-others-forbidden": (
            "find_asset",
            refused_where(
                lambda call: (
                    not asset_row(call)
                    and any(
                        call.parameters["asset"] in store.table("assets")
                        for store in call.world.accounts_of("fileflare")
                    )
                ),
                403,
                "This is not yours.",
            ),
        ),
    }
)


# What does not exist, and what does not fit.


def _succeeding(code: int, answer: Any) -> Wrap:
    """What is not found is answered as a success."""

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            from mockserver.exchange import Reply
            from mockserver.refusals import Refused

            try:
                return handler(call)
            except Refused as refused:
                if refused.name != "not_found":
                    raise
                return Reply(code, answer)

        return handled

    return wrap


def _free_of_charge(handler: Handler) -> Handler:
    """What it refuses takes no unit of any limit."""

    def handled(call: Exchange) -> Reply:
        from mockserver.refusals import Refused

        try:
            return handler(call)
        except Refused:
            limiter = call.world.limiter
            for reading in call.budget:
                assert call.caller
                limiter._windows[reading.limit.id, str(call.caller.key.id)].used -= 1
            raise

    return handled


def _only_full_noticed(call: Exchange) -> None:
    """As large a file as there is room for, if there is any."""
    used = import_module(HANDLERS)._storage_used(call)
    room = call.allowance["max_storage"] - used
    call.payload = {**call.payload, "size": min(call.payload["size"], max(1, room))}


wraps(
    {
        "fileflare-deletes-nothing": ("delete_asset", _succeeding(202, {"deleted": True})),
        "fileflare-emails-nobody": ("send_email", _succeeding(200, {"data": None})),
        "fileflare-detaches-unknown": ("detach_from_products", _succeeding(200, {"detached": True})),
        "fileflare-not-found-free": ("find_asset", _free_of_charge),
        "fileflare-storage-unsummed": ("_storage_used", instead(lambda call: 0)),
        "fileflare-only-full-noticed": ("sign_upload", before(_only_full_noticed)),
    }
)
