"""Products and orders, broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import Handler, member, sabotages, status, without
from contract_tests.mutants.sabotage.fileflare._changes import (
    Function,
    asset_row,
    before,
    not_found_where,
    refused_where,
    undone,
    wraps,
)

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Row


def _order_row(call: Exchange) -> Row:
    wanted = call.parameters["order"]
    found = (row for row in call.table("orders").values() if wanted in (row["id"], str(row["shopify_id"])))
    return next(found, {})


def _without_unknown(member_name: str, table: str, id: str) -> Callable[[Exchange], Any]:
    """Leaves ids that the account does not have out of the body."""

    def leave_out(call: Exchange) -> None:
        known = {row[id] for row in call.table(table).values()}
        call.payload = {**call.payload, member_name: [item for item in call.payload[member_name] if item in known]}

    return leave_out


def _without_body_member(name: str) -> Callable[[Exchange], Any]:
    def leave_out(call: Exchange) -> None:
        call.payload = {key: value for key, value in call.payload.items() if key != name}

    return leave_out


# Products.


def _twice(attach: Handler) -> Handler:
    def attached(call: Exchange) -> Reply:
        had = list(asset_row(call).get("products", ()))
        reply = attach(call)
        row = asset_row(call)
        row["products"] += [id for id in row["products"] if id in had]
        return reply

    return attached


def _attached_already(call: Exchange) -> bool:
    products = call.table("products")
    attached = {products[id]["product_id"] for id in asset_row(call).get("products", ())}
    return bool(attached & set(call.payload["product_ids"]))


def _first_variant(call: Exchange) -> None:
    if "variant_ids" not in call.payload:
        rows = [row for row in call.table("products").values() if row["product_id"] in call.payload["product_ids"]]
        call.payload = {**call.payload, "variant_ids": [row["variant_id"] for row in rows[:1]]}


sabotages(
    {
        "fileflare-attaches-200": ("fileflare.attach_to_products", status(200)),
        "fileflare-attaches-without-variants": ("fileflare.attach_to_products", without("variant_ids")),
        "fileflare-attaches-as-asked": (
            "fileflare.attach_to_products",
            member("variant_ids", value=lambda ids, call: call.payload.get("variant_ids", [])),
        ),
        "fileflare-detaches-204": (
            "fileflare.detach_from_products",
            lambda reply, call: replace(reply, status=204, body=None),
        ),
    }
)


wraps(
    {
        "fileflare-attaches-nothing": ("attach_to_products", undone("assets")),
        "fileflare-variants-ignored": ("attach_to_products", before(_without_body_member("variant_ids"))),
        "fileflare-first-variant-only": ("attach_to_products", before(_first_variant)),
        "fileflare-attaches-twice": ("attach_to_products", _twice),
        "fileflare-attaching-conflicts": (
            "attach_to_products",
            refused_where(_attached_already, 409, "It is attached already."),
        ),
        "fileflare-unknown-products-ignored": (
            "attach_to_products",
            before(_without_unknown("product_ids", "products", "product_id")),
        ),
        "fileflare-detaches-nothing": ("detach_from_products", undone("assets")),
        "fileflare-detaching-not-found": (
            "detach_from_products",
            not_found_where(lambda call: not _attached_already(call), "attachment"),
        ),
    }
)


# Orders.


def _attach_known(call: Exchange) -> None:
    known = [id for id in call.payload["asset_ids"] if id in call.table("assets")]
    _order_row(call).setdefault("assets", []).extend(known)


def _newest_by_shopify(find: Function) -> Function:
    def found(call: Exchange) -> Any:
        return next(iter(call.table("orders").values())) if call.parameters["order"].isdecimal() else find(call)

    return found


def _not_attached(call: Exchange) -> bool:
    return not set(call.payload["asset_ids"]) <= set(_order_row(call).get("assets", ()))


sabotages(
    {
        "fileflare-order-attaches-200": ("fileflare.attach_to_order", status(200)),
        "fileflare-order-attaches-silently": ("fileflare.attach_to_order", without("asset_ids")),
        "fileflare-order-detaches-204": (
            "fileflare.detach_from_order",
            lambda reply, call: replace(reply, status=204, body=None),
        ),
    }
)


wraps(
    {
        "fileflare-order-attaches-nothing": ("attach_to_order", undone("orders")),
        "fileflare-order-attaches-some": ("attach_to_order", before(_attach_known)),
        "fileflare-unknown-assets-ignored": ("attach_to_order", before(_without_unknown("asset_ids", "assets", "id"))),
        "fileflare-order-detaches-nothing": ("detach_from_order", undone("orders")),
        "fileflare-detaching-conflicts": (
            "detach_from_order",
            refused_where(_not_attached, 409, "It is not attached."),
        ),
        "fileflare-emails-once": (
            "send_email",
            refused_where(lambda call: bool(_order_row(call).get("email_sent_at")), 409, "It was sent already."),
        ),
        "fileflare-email-time-stays": ("send_email", undone("orders")),
        "fileflare-own-id-only": (
            "_find_order",
            not_found_where(lambda call: call.parameters["order"].isdecimal(), "order"),
        ),
        "fileflare-shopify-id-newest": ("_find_order", _newest_by_shopify),
        "fileflare-shopify-id-only": (
            "_find_order",
            not_found_where(lambda call: not call.parameters["order"].isdecimal(), "order"),
        ),
    }
)
