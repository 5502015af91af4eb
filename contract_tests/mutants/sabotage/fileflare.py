"""A Fileflare that makes mistakes in what it answers and does: lists, uploads, attachments, deletions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import Change, Handler, body, header, member, sabotages, status, without
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Row

Function = Callable[..., Any]
Wrap = Callable[[Function], Function]
Shown = dict[str, Any]

HANDLERS = "mockserver.providers.fileflare"


def wrap_all(wrap: Wrap, *names: str) -> None:
    """Puts other functions in the place of these of the handlers' module."""
    module = import_module(HANDLERS)
    for name in names:
        setattr(module, name, wrap(getattr(module, name)))


def wraps(changes: Mapping[str, tuple[str, Wrap]]) -> None:
    """Registers each as a sabotage: name to a function of the handlers' module, and what it becomes."""
    for name, (function, wrap) in changes.items():
        sabotage(name)(partial(wrap_all, wrap, function))


# Ways to change a function.


def instead(new: Function) -> Wrap:
    return lambda old: new


def showing(change: Callable[[Shown], Shown]) -> Wrap:
    """What it shows of a row is changed so."""
    return lambda old: lambda *given, **named: change(old(*given, **named))


def before(done: Callable[[Exchange], Any]) -> Wrap:
    """Something else happens first."""

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            done(call)
            return handler(call)

        return handled

    return wrap


def undone(*tables: str) -> Wrap:
    """It answers as it should, and these tables of the account are left as they were."""
    from copy import deepcopy

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            kept = {name: deepcopy(call.table(name)) for name in tables}
            reply = handler(call)
            call.account.rows.update(kept)
            return reply

        return handled

    return wrap


def over_all_stores(*tables: str) -> Wrap:
    """It looks through these tables of all stores."""

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            with _all_stores(call, *tables):
                return handler(call)

        return handled

    return wrap


@contextmanager
def _all_stores(call: Exchange, *tables: str) -> Iterator[None]:
    rows, stores = call.account.rows, list(call.world.accounts_of("fileflare"))
    own = {name: call.table(name) for name in tables}
    rows.update({name: {id: row for store in stores for id, row in store.table(name).items()} for name in tables})
    try:
        yield
    finally:
        rows.update(own)


def refused_where(condition: Callable[[Exchange], bool], code: int, message: str) -> Wrap:
    """It is refused beforehand where this is so."""

    def wrap(handler: Handler) -> Handler:
        def handled(call: Exchange) -> Reply:
            from mockserver.exchange import Reply

            return Reply(code, {"message": message}) if condition(call) else handler(call)

        return handled

    return wrap


def not_found_where(condition: Callable[[Exchange], bool], what: str) -> Wrap:
    """It finds nothing where this is so."""

    def look(call: Exchange) -> None:
        if condition(call):
            call.refuse("not_found", "it does not look there", what=what)

    return before(look)


def only_answering(code: int, answer: Any) -> Wrap:
    """It answers and does nothing."""

    def handled(call: Exchange) -> Reply:
        from mockserver.exchange import Reply

        return Reply(code, answer)

    return instead(handled)


def and_then(done: Callable[[Exchange], Any]) -> Change:
    """Something else happens afterwards."""

    def change(reply: Reply, call: Exchange) -> Reply:
        done(call)
        return reply

    return change


# The account's rows.


def _asset_row(call: Exchange) -> Row:
    return call.table("assets").get(call.parameters["asset"], {})


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
                    not _asset_row(call)
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
wraps(
    {
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
        row = _asset_row(call)
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


# Products.


def _twice(attach: Handler) -> Handler:
    def attached(call: Exchange) -> Reply:
        had = list(_asset_row(call).get("products", ()))
        reply = attach(call)
        row = _asset_row(call)
        row["products"] += [id for id in row["products"] if id in had]
        return reply

    return attached


def _attached_already(call: Exchange) -> bool:
    products = call.table("products")
    attached = {products[id]["product_id"] for id in _asset_row(call).get("products", ())}
    return bool(attached & set(call.payload["product_ids"]))


def _first_variant(call: Exchange) -> None:
    if "variant_ids" not in call.payload:
        rows = [row for row in call.table("products").values() if row["product_id"] in call.payload["product_ids"]]
        call.payload = {**call.payload, "variant_ids": [row["variant_id"] for row in rows[:1]]}


sabotages(
    {
        "fileflare-attaches-200": ("fileflare.attach_to_products", status(200)),
        "fileflare-attaches-without-variants": ("fileflare.attach_to_products", without("variant_ids")),
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
    row = _asset_row(call)
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
        row = _asset_row(call)
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
