"""Lists, and what is shown of a row, broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import Handler, member, sabotages, status, without
from contract_tests.mutants.sabotage.fileflare._changes import (
    HANDLERS,
    Function,
    Shown,
    Wrap,
    before,
    instead,
    showing,
    wraps,
)

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Row


# Lists.


def _paged(change: Callable[[int, int], tuple[int, int]]) -> Wrap:
    """The rows of a page are those of another begin or end; its numbers are as they should be."""

    def wrap(page: Function) -> Function:
        def paged(call: Exchange, rows: list[Row], size: int, show: Callable[[Row], Any]) -> Reply:
            reply: Reply = page(call, rows, size, show)
            begin = (call.parameters["page"] - 1) * size
            first, last = change(begin, begin + size)
            shown = [show(row) for row in rows[first:last]] if begin < len(rows) else []
            return replace(reply, body={**reply.body, "data": shown})

        return paged

    return wrap


def _first_page(page: Function) -> Function:
    def paged(call: Exchange, *words: Any) -> Any:
        call.parameters["page"] = 1
        return page(call, *words)

    return paged


def _meta(change: Callable[[Shown, Shown], Shown]) -> Wrap:
    """The meta data of a page are changed so; the second argument is the whole body."""

    def wrap(page: Function) -> Function:
        def paged(*given: Any) -> Reply:
            reply: Reply = page(*given)
            meta = change(dict(reply.body["meta"]), reply.body)
            return replace(reply, body={**reply.body, "meta": {**reply.body["meta"], **meta}})

        return paged

    return wrap


def _links(change: Callable[[Exchange, Shown], Shown]) -> Wrap:
    def wrap(page: Function) -> Function:
        def paged(call: Exchange, *words: Any) -> Reply:
            reply: Reply = page(call, *words)
            links = {**reply.body["links"], **change(call, dict(reply.body["links"]))}
            return replace(reply, body={**reply.body, "links": links})

        return paged

    return wrap


def _query_lost(call: Exchange, links: Shown) -> Shown:
    return {
        name: link and f"{call.url}?page={link.rpartition('page=')[2].split('&')[0]}" for name, link in links.items()
    }


def _no_links(page: Function) -> Function:
    def paged(*given: Any) -> Reply:
        reply: Reply = page(*given)
        return replace(reply, body={name: value for name, value in reply.body.items() if name != "links"})

    return paged


def _whole_names(reply: Reply, call: Exchange) -> Reply:
    wanted = call.parameters.get("filename")
    shown = [asset for asset in reply.body["data"] if wanted in (None, asset["filename"])]
    return replace(reply, body={**reply.body, "data": shown})


def _part_of_number(handler: Handler) -> Handler:
    def handled(call: Exchange) -> Reply:
        wanted = str(call.parameters.pop("order_number", ""))
        rows, own = call.account.rows, call.table("orders")
        rows["orders"] = {id: row for id, row in own.items() if wanted in str(row["order_number"])}
        try:
            return handler(call)
        finally:
            rows["orders"] = own

    return handled


def _limit_per_page(call: Exchange) -> None:
    if "limit" in call.parameters:
        call.parameters["per_page"] = call.parameters.pop("limit")


def _none_after_last(page: Function) -> Function:
    def paged(call: Exchange, *given: Any) -> Reply:
        reply: Reply = page(call, *given)
        if not reply.body["data"] and reply.body["meta"]["current_page"] > 1:
            call.refuse("not_found", "no page comes after the last", what="page")
        return reply

    return paged


def _pending_too(handler: Handler) -> Handler:
    def handled(call: Exchange) -> Reply:
        own = call.table("assets")
        pending = {
            id: {**row, "is_file": True, "products": [], "created_at": row["signed_at"]}
            for id, row in call.table("uploads").items()
        }
        call.account.rows["assets"] = {**own, **pending}
        try:
            return handler(call)
        finally:
            call.account.rows["assets"] = own

    return handled


sabotages(
    {
        "fileflare-orders-206": ("fileflare.list_orders", status(206)),
        "fileflare-orders-tell-key": (
            "fileflare.list_orders",
            member("meta", value=lambda meta, call: {**meta, "api_key": call.caller.raw}),
        ),
        "fileflare-assets-bare": ("fileflare.list_assets", lambda reply, call: replace(reply, body=reply.body["data"])),
        "fileflare-whole-filenames": ("fileflare.list_assets", _whole_names),
    }
)


def _basic_plane_only(call: Exchange) -> None:
    """As a search does whose collation knows three bytes of a character."""
    if max(call.parameters.get("vendor", ""), default="") > "\uffff":
        raise ValueError("illegal mix of collations")


wraps(
    {
        "fileflare-emoji-search-fails": ("list_products", before(_basic_plane_only)),
        "fileflare-no-page-after-last": ("_page", _none_after_last),
        "fileflare-pages-from-0": ("_page", _meta(lambda meta, body: {"current_page": meta["current_page"] - 1})),
        "fileflare-pages-overlap": ("_page", _paged(lambda begin, end: (max(0, begin - 1), end))),
        "fileflare-page-ignored": ("_page", _first_page),
        "fileflare-total-of-page": ("_page", _meta(lambda meta, body: {"total": len(body["data"])})),
        "fileflare-pages-rounded-down": (
            "_page",
            _meta(lambda meta, body: {"last_page": max(1, meta["total"] // meta["per_page"])}),
        ),
        "fileflare-from-0": ("_page", _meta(lambda meta, body: {"from": meta["from"] and meta["from"] - 1})),
        "fileflare-no-links": ("_page", _no_links),
        "fileflare-links-lose-query": ("_page", _links(_query_lost)),
        "fileflare-links-endless": ("_page", _links(lambda call, links: {"next": links["next"] or links["last"]})),
        "fileflare-next-is-self": ("_page", _links(lambda call, links: {"next": f"{call.url}?{call.query}"})),
        "fileflare-limit-ignored": ("_list_size", instead(lambda call: 25)),
        "fileflare-limit-per-page": ("list_assets", before(_limit_per_page)),
        "fileflare-part-of-number": ("list_orders", _part_of_number),
        "fileflare-lists-pending": ("list_assets", _pending_too),
    }
)


# What is shown of a row.


def _times(change: Callable[[int], Any]) -> Callable[[Shown], Shown]:
    names = ("ordered_at", "email_sent_at")
    return lambda shown: {**shown, **{name: shown[name] and change(shown[name]) for name in names}}


def _text_of(moment: int) -> str:
    from mockserver.clock import iso

    return iso(moment)


def _every_product(account: Any, row: Row) -> Shown:
    handlers = import_module(HANDLERS)
    products = account.table("products").values()
    return {**handlers._asset(account, row), "products": [handlers._product(account, item) for item in products]}


def _assets_of_products_too(old: Function) -> Function:
    def order(call: Exchange, row: Row, *, with_assets: bool = False) -> Shown:
        handlers = import_module(HANDLERS)
        shown: Shown = old(call, row, with_assets=with_assets)
        sold = [asset for line in row["lines"] for asset in handlers._assets_of(call.account, line["product"])]
        if with_assets:
            shown["assets"] += [handlers._asset(call.account, asset) for asset in sold]
        return shown

    return order


wraps(
    {
        "fileflare-created-local": (
            "_asset",
            showing(lambda shown: {**shown, "created_at": shown["created_at"][:19].replace("T", " ")}),
        ),
        "fileflare-size-in-words": ("_asset", showing(lambda shown: {**shown, "size": f"{shown['size']} bytes"})),
        "fileflare-file-without-url": (
            "_asset",
            showing(lambda shown: {name: value for name, value in shown.items() if name != "url" or value}),
        ),
        "fileflare-file-with-url": (
            "_asset",
            showing(lambda shown: {**shown, "url": shown["url"] or f"https://example.com/{shown['id']}"}),
        ),
        "fileflare-all-files": ("_asset", showing(lambda shown: {**shown, "is_file": True})),
        "fileflare-no-products-named": ("_asset_with_products", showing(lambda shown: {**shown, "products": []})),
        "fileflare-all-products-named": ("_asset_with_products", instead(_every_product)),
        "fileflare-no-product-assets": ("_product_with_assets", showing(lambda shown: {**shown, "assets": []})),
        "fileflare-all-assets-named": (
            "_assets_of",
            instead(lambda account, product: list(account.table("assets").values())),
        ),
        "fileflare-tags-in-one": ("_product", showing(lambda shown: {**shown, "tags": ", ".join(shown["tags"])})),
        "fileflare-product-ids-text": (
            "_product",
            showing(lambda shown: {**shown, "product_id": str(shown["product_id"])}),
        ),
        "fileflare-product-without-variant": (
            "_product",
            showing(lambda shown: {name: value for name, value in shown.items() if name != "variant_id"}),
        ),
        "fileflare-order-times-text": ("_order", showing(_times(_text_of))),
        "fileflare-order-times-ms": ("_order", showing(_times(lambda moment: 1000 * moment))),
        "fileflare-unsent-left-out": (
            "_order",
            showing(lambda shown: {name: value for name, value in shown.items() if value is not None}),
        ),
        "fileflare-no-order-assets": (
            "_order",
            showing(lambda shown: {name: value for name, value in shown.items() if name != "assets"}),
        ),
        "fileflare-order-all-assets": ("_order", _assets_of_products_too),
        "fileflare-lines-without-limits": (
            "_line",
            showing(lambda shown: {**shown, "assets": [{"data": item["data"]} for item in shown["assets"]]}),
        ),
    }
)


def _newest_link(reply: Reply, call: Exchange) -> Reply:
    links = [row for row in call.table("assets").values() if not row["is_file"]]
    return replace(reply, body={"data": import_module(HANDLERS)._asset(call.account, links[0])})


def _one_line(lines: list[Any], call: Exchange) -> list[Any]:
    return lines[:1]


sabotages(
    {
        "fileflare-shows-newest": ("fileflare.find_asset", _newest_link),
        "fileflare-one-asset-short": (
            "fileflare.find_asset",
            lambda reply, call: without("data", "size")(without("data", "url")(reply, call), call),
        ),
        "fileflare-one-under-asset": (
            "fileflare.find_asset",
            lambda reply, call: replace(reply, body={"asset": reply.body["data"]}),
        ),
        "fileflare-number-as-name": (
            "fileflare.find_customer_order",
            member("order", "order_number", value=lambda number, call: f"#{number}"),
        ),
        "fileflare-one-line": ("fileflare.find_customer_order", member("order", "lines", value=_one_line)),
    }
)
