"""Fileflare: a store's orders and products, and the assets that are delivered with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mockserver.clock import iso
from mockserver.exchange import Exchange, Reply
from mockserver.world import Account, Row


def list_orders(call: Exchange) -> Reply:
    number = call.parameters.get("order_number")
    rows = [row for row in call.table("orders").values() if number in (None, row["order_number"])]
    rows.sort(key=itemgetter("ordered_at"), reverse=True)
    with_assets = call.parameters["with_assets"]
    return _page(call, rows, _list_size(call), lambda row: _order(call, row, with_assets=with_assets))


def send_email(call: Exchange) -> Reply:
    row = _find_order(call)
    row["email_sent_at"] = call.now
    return Reply(body={"data": _order(call, row)})


def attach_to_order(call: Exchange) -> Reply:
    order, assets = _find_order(call), _named_assets(call)
    order["assets"] += [id for id in assets if id not in order["assets"]]
    return Reply(201, {"attached": True, "asset_ids": assets})


def detach_from_order(call: Exchange) -> Reply:
    order, assets = _find_order(call), _named_assets(call)
    order["assets"] = [id for id in order["assets"] if id not in assets]
    return Reply(body={"detached": True, "asset_ids": assets})


def list_assets(call: Exchange) -> Reply:
    asked = call.parameters
    rows = list(call.table("assets").values())
    if "filename" in asked:
        part = asked["filename"].casefold()
        rows = [row for row in rows if part in row["filename"].casefold()]
    rows.sort(key=itemgetter("created_at"), reverse=True)
    shown = partial(_asset_with_products if asked["with_products"] else _asset, call.account)
    return _page(call, rows[: asked.get("limit")], asked["per_page"], shown)


def find_asset(call: Exchange) -> Reply:
    return Reply(body={"data": _asset(call.account, _find_asset(call))})


def sign_upload(call: Exchange) -> Reply:
    wanted, room = call.payload, call.allowance["max_storage"] - _storage_used(call)
    if wanted["size"] > room:
        call.refuse("storage_full", f"{wanted['size']} bytes do not fit: {max(0, room)} are left on this plan")
    row = {
        "id": call.world.source.uuid(),
        "filename": wanted["filename"],
        "size": int(wanted["size"]),
        "mime_type": wanted.get("mime_type"),
        "signed_at": call.now,
    }
    call.table("uploads")[row["id"]] = row
    signature = call.issue("upload", id=row["id"])
    asset = {name: row[name] for name in ("id", "filename", "size")}
    url = f"{call.origin}/fileflare-uploads/{row['id']}?X-Amz-Signature={signature}"
    return Reply(body={"asset": asset, "upload_url": url})


def upload(call: Exchange) -> Reply:
    grant = call.look("upload", call.parameters.get("X-Amz-Signature", ""), "signature_mismatch")
    id = call.parameters["storage_key"]
    if id != grant.data["id"]:
        call.refuse("signature_mismatch", "the URL was signed for another object")
    account = call.world.accounts.get(grant.account)
    if account is None or id not in account.table("uploads"):
        call.refuse("signature_mismatch", "this upload was confirmed or cancelled")
    account.objects[id] = call.body
    return Reply(headers={"ETag": f'"{hashlib.md5(call.body, usedforsecurity=False).hexdigest()}"'})


def confirm_upload(call: Exchange) -> Reply:
    started = _find_upload(call)
    content = call.account.objects.get(started["id"])
    if content is None:
        call.refuse("not_uploaded", "nothing was sent to the upload_url yet")
    del call.table("uploads")[started["id"]]
    row = _add_asset(call, id=started["id"], filename=started["filename"], size=len(content), is_file=True, url=None)
    row["mime_type"] = started["mime_type"]
    return Reply(201, {"data": _asset(call.account, row)})


def cancel_upload(call: Exchange) -> Reply:
    _forget(call, "uploads", _find_upload(call)["id"])
    return Reply(body={"cancelled": True})


def store_asset(call: Exchange) -> Reply:
    wanted = {name: call.payload[name] for name in ("filename", "size", "url")}
    row = _add_asset(call, id=call.world.source.uuid(), is_file=False, **wanted)
    return Reply(body={"asset": _asset(call.account, row)})


def update_asset(call: Exchange) -> Reply:
    row = _find_asset(call)
    if row["is_file"]:
        call.refuse("not_found", "the asset is an uploaded file, not an URL asset", what="URL asset")
    row.update({name: call.payload[name] for name in ("filename", "size", "url") if name in call.payload})
    return Reply(body={"data": _asset(call.account, row)})


def attach_to_products(call: Exchange) -> Reply:
    asset, variants = _find_asset(call), _named_variants(call)
    asset["products"] += [row["id"] for row in variants if row["id"] not in asset["products"]]
    return Reply(201, {"attached": True, **_shopify_ids(call, variants)})


def detach_from_products(call: Exchange) -> Reply:
    asset, variants = _find_asset(call), _named_variants(call)
    gone = {row["id"] for row in variants}
    asset["products"] = [id for id in asset["products"] if id not in gone]
    return Reply(body={"detached": True, **_shopify_ids(call, variants)})


def delete_asset(call: Exchange) -> Reply:
    _forget(call, "assets", _find_asset(call)["id"])
    return Reply(202, {"deleted": True})


def delete_all_assets(call: Exchange) -> Reply:
    for id in list(call.table("assets")):
        _forget(call, "assets", id)
    return Reply(202, {"deleted": True})


def list_products(call: Exchange) -> Reply:
    asked = call.parameters
    rows = [
        row
        for row in call.table("products").values()
        if asked.get("name", "").casefold() in row["name"].casefold()
        and all(asked[name] == row[name] for name in ("sku", "product_id", "vendor") if name in asked)
        and ("tag" not in asked or asked["tag"] in row["tags"])
    ]
    shown = partial(_product_with_assets if asked["with_assets"] else _product, call.account)
    return _page(call, rows, _list_size(call), shown)


def find_customer_order(call: Exchange) -> Reply:
    assert call.provider
    found = (
        (account, order)
        for account in call.world.having(call.provider.name, "orders", status_id=call.parameters["id"])
        for order in account.table("orders").values()
        if order["status_id"] == call.parameters["id"]
    )
    account, order = next(found, (None, None))
    if account is None or order is None:
        call.refuse("not_found", "no order of any store has this id", what="order")
    lines = [_line(account, line) for line in order["lines"]]
    return Reply(body={"order": {"order_number": order["order_number"], "lines": lines}})


# Rows found, or refused.


def _find_order(call: Exchange) -> Row:
    """The order of the path, named by Fileflare's id or by Shopify's."""
    wanted = call.parameters["order"]
    rows = (row for row in call.table("orders").values() if wanted in (row["id"], str(row["shopify_id"])))
    row = next(rows, None)
    if row is None:
        call.refuse("not_found", f"this account has no order {wanted!r}", what="order")
    return row


def _find_asset(call: Exchange, id: str | None = None) -> Row:
    wanted = call.parameters["asset"] if id is None else id
    row = call.table("assets").get(wanted)
    if row is None:
        call.refuse("not_found", f"this account has no asset {wanted!r}", what="asset")
    return row


def _find_upload(call: Exchange) -> Row:
    row = call.table("uploads").get(call.parameters["asset"])
    if row is None:
        call.refuse("not_found", "this account has no such upload under way", what="upload")
    return row


def _named_assets(call: Exchange) -> list[str]:
    """The ids of the body, each once. Refused where one is unknown."""
    ids = list(dict.fromkeys(call.payload["asset_ids"]))
    return [_find_asset(call, id)["id"] for id in ids]


def _named_variants(call: Exchange) -> list[Row]:
    """The product rows of the body: all variants of its products or those it names. Refused where one is unknown."""
    products, variants = call.payload["product_ids"], call.payload.get("variant_ids")
    rows = [row for row in call.table("products").values() if row["product_id"] in products]
    unknown = set(products) - {row["product_id"] for row in rows}
    if variants is not None:
        unknown |= set(variants) - {row["variant_id"] for row in rows}
        rows = [row for row in rows if row["variant_id"] in variants]
    if unknown:
        call.refuse("not_found", f"this account has no product or variant {min(unknown)}", what="product")
    return rows


def _shopify_ids(call: Exchange, variants: Iterable[Row]) -> dict[str, list[int]]:
    return {"product_ids": call.payload["product_ids"], "variant_ids": [row["variant_id"] for row in variants]}


# Rows made and dropped.


def _add_asset(call: Exchange, *, size: float, **members: Any) -> Row:
    row: Row = {**members, "size": int(size), "products": [], "created_at": call.now}
    call.table("assets")[row["id"]] = row
    return row


def _forget(call: Exchange, table: str, id: str) -> None:
    """Drops the row and its bytes; orders no longer have the asset."""
    del call.table(table)[id]
    call.account.objects.pop(id, None)
    for order in call.table("orders").values():
        order["assets"] = [asset for asset in order["assets"] if asset != id]


def _storage_used(call: Exchange) -> int:
    """Bytes of files, of uploads under way and of what the account holds besides. Drops uploads that are too old."""
    assert call.provider
    oldest = call.now - call.provider.tokens["upload"].ttl
    for id in [id for id, row in call.table("uploads").items() if row["signed_at"] <= oldest]:
        _forget(call, "uploads", id)
    files = (row["size"] for row in call.table("assets").values() if row["is_file"])
    uploads = (row["size"] for row in call.table("uploads").values())
    return int(sum(files) + sum(uploads) + (call.account.attribute("storage_used") or 0))


# Rows as they are shown.


def _list_size(call: Exchange) -> int:
    return int(min(call.parameters["limit"], call.facts["list_max"]))


def _page(call: Exchange, rows: list[Row], size: int, show: Callable[[Row], Any]) -> Reply:
    """One page of the rows in Laravel's envelope; its links keep the rest of the query."""
    page, total = call.parameters["page"], len(rows)
    last = max(1, -(-total // size))
    begin = (page - 1) * size
    shown = rows[begin : begin + size]
    path = call.url
    pages = f"{path}?{_before_page(call.query)}page="
    numbered = [{"url": f"{pages}{number}", "label": f"{number}", "active": False} for number in range(1, last + 1)]
    if page <= last:
        numbered[page - 1]["active"] = True
    before = f"{pages}{page - 1}" if 1 < page <= last + 1 else None
    after = f"{pages}{page + 1}" if page < last else None
    meta = {
        "current_page": page,
        "from": begin + 1 if shown else None,
        "last_page": last,
        "links": [
            {"url": before, "label": "&laquo; Previous", "active": False},
            *numbered,
            {"url": after, "label": "Next &raquo;", "active": False},
        ],
        "path": path,
        "per_page": size,
        "to": begin + len(shown) if shown else None,
        "total": total,
    }
    links = {"first": f"{pages}1", "last": f"{pages}{last}", "prev": before, "next": after}
    return Reply(body={"data": [show(row) for row in shown], "links": links, "meta": meta})


@lru_cache(maxsize=1024)  # clients ask the same again and again
def _before_page(query: str) -> str:
    """The query's other parameters, ready for one more."""
    asked = [(name, value) for name, value in parse_qsl(query) if name != "page"]
    return f"{urlencode(asked)}&" if asked else ""


def _asset(account: Account, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "filename": row["filename"],
        "size": row["size"],
        "is_file": row["is_file"],
        "is_link": not row["is_file"],
        "url": row.get("url"),
        "created_at": iso(row["created_at"]),
    }


def _asset_with_products(account: Account, row: Row) -> dict[str, Any]:
    products = account.table("products")
    return {**_asset(account, row), "products": [_product(account, products[id]) for id in row["products"]]}


def _product(account: Account, row: Row) -> dict[str, Any]:
    shown = ("id", "name", "variant_name", "sku", "product_id", "variant_id", "vendor", "tags")
    return {name: row[name] for name in shown}


def _product_with_assets(account: Account, row: Row) -> dict[str, Any]:
    return {**_product(account, row), "assets": [_asset(account, asset) for asset in _assets_of(account, row["id"])]}


def _assets_of(account: Account, product: str) -> list[Row]:
    return [row for row in account.table("assets").values() if product in row["products"]]


def _order(call: Exchange, row: Row, *, with_assets: bool = False) -> dict[str, Any]:
    sent = row["email_sent_at"]
    assets = call.table("assets")
    return {
        "id": row["id"],
        "order_number": row["order_number"],
        "email_sent_at": None if sent is None else int(sent),
        "ordered_at": int(row["ordered_at"]),
        **({"assets": [_asset(call.account, assets[id]) for id in row["assets"]]} if with_assets else {}),
    }


def _line(account: Account, line: Row) -> dict[str, Any]:
    product = account.table("products")[line["product"]]
    limits = {name: line[name] for name in ("downloaded", "limit")}
    assets = [{"limits": limits, "data": _asset(account, row)} for row in _assets_of(account, product["id"])]
    return {"product": _product(account, product), "assets": assets}
