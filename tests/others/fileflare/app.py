"""What each operation does."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from tests.others.fileflare.refusals import (
    ASSETS,
    FILE,
    LINK,
    PRODUCTS,
    Invalid,
    Refused,
    Reply,
    Row,
    as_json,
    number,
    valid,
)
from tests.others.fileflare.store import UUID, Store, Throttle

BASE, BUCKET = "/api/v1", "/bucket/"
HALF_A_DAY = 43_200


class App:
    """What each route does. `url` is where it is served."""

    def __init__(self, now: Callable[[], float], store: type[Store], throttle: type[Throttle]) -> None:
        self.now, self.kind, self.throttle, self.url = now, store, throttle(now), ""
        brim = store("brim", now, room=27 * 4_000)
        self.stores = {"isle": store("isle", now), "cove": store("cove", now), "brim": brim}
        self.secret = b"of the bucket"
        #: The digest of each key, its store, and whether it was revoked.
        self.keys: dict[str, tuple[str, bool]] = {}
        self.own = {name: self.key(name) for name in self.stores}

    def key(self, store: str, *, revoked: bool = False) -> str:
        raw = f"{len(self.keys) + 1}|{hashlib.sha256(f'{store} {len(self.keys)}'.encode()).hexdigest()[:40]}"
        self.keys[hashlib.sha256(raw.encode()).hexdigest()] = store, revoked
        return raw

    def revoke(self, raw: str) -> None:
        digest = hashlib.sha256(raw.encode()).hexdigest()
        self.keys[digest] = self.keys[digest][0], True

    def named(self, raw: str) -> str:
        """The name of the store of a key that there is."""
        return self.keys[hashlib.sha256(raw.encode()).hexdigest()][0]

    def store(self, raw: str) -> Store:
        """The store of a key, which may stand in the header or in the query."""
        name, revoked = self.keys.get(hashlib.sha256(raw.encode()).hexdigest(), ("", True))
        if revoked:
            raise Refused(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
        return self.stores[name]

    # Lists.

    def orders(self, store: Store, query: Row, body: Row) -> Reply:
        wanted = query.get("order_number")
        found = [order for order in store.orders if wanted in (None, str(order["order_number"]))]
        names = ("id", "order_number", "ordered_at", "email_sent_at")
        rows = [{name: order[name] for name in names} for order in found]
        if flag(query, "with_assets"):
            for row, order in zip(rows, found, strict=True):
                row["assets"] = [store.shown(store.assets[id]) for id in order["assets"] if self.queued(store, id)]
        return self.paged("orders", rows, query)

    def products(self, store: Store, query: Row, body: Row) -> Reply:
        rows = [
            product
            for product in store.products
            if all(query[name].lower() == str(product[name]).lower() for name in query.keys() & product.keys())
            and query.get("tag", product["tags"][0]) in product["tags"]
        ]
        if flag(query, "with_assets"):
            sold = [(store.assets[asset], product) for asset, product in list(store.sold) if self.queued(store, asset)]
            rows = [{**row, "assets": [store.shown(asset) for asset, id in sold if id == row["id"]]} for row in rows]
        return self.paged("products", rows, query)

    def queued(self, store: Store, id: str) -> bool:
        """Whether an asset is still where it was put."""
        return store.assets[id].get("ends", self.now() + 1) > self.now()

    def paged(self, path: str, rows: Sequence[Row], query: Row) -> Reply:
        size, page = min(1_000, whole_of(query, "limit", 15)), whole_of(query, "page", 1)
        last, shown = max(1, -(-len(rows) // size)), rows[(page - 1) * size : page * size]
        here, start = f"{self.url}{BASE}/{path}", (page - 1) * size + 1

        def link(number: int) -> str | None:
            return f"{here}?{urlencode({**query, 'page': number})}" if 1 <= number <= last else None

        links = {"first": link(1), "last": link(last), "prev": link(page - 1), "next": link(page + 1)}
        meta = {"current_page": page, "last_page": last, "path": here, "per_page": size, "total": len(rows)}
        meta |= {"from": start, "to": start + len(shown) - 1} if shown else {"from": None, "to": None}
        return as_json(200, {"data": shown, "links": links, "meta": meta})

    def assets(self, store: Store, query: Row, body: Row) -> Reply:
        if (size := whole_of(query, "per_page", 25)) > 100:
            raise Invalid({"per_page": ["Up to 100 fit on a page."]})
        page, name = whole_of(query, "page", 1), query.get("filename", "").lower()
        rows = [asset for asset in store.listed() if name in asset["filename"].lower()]
        shown = [store.shown(asset) for asset in rows[: whole_of(query, "limit", len(rows) or 1)]]
        shown = shown[(page - 1) * size : page * size]
        if flag(query, "with_products"):
            for asset in shown:
                asset["products"] = [item for item in store.products if (asset["id"], item["id"]) in store.sold]
        return as_json(200, {"data": shown, "meta": {"current_page": page, "total": len(rows)}})

    # One order.

    def email(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        """It waits in a queue. When the first one was sent is what an order remembers."""
        order = store.order(id)
        order["email_sent_at"] = order["email_sent_at"] or int(self.now())
        return as_json(202, {"queued": True})

    def give(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        order, assets = self.given(store, body, id)
        order["assets"] += [asset for asset in assets if asset not in order["assets"]]
        return as_json(201, {"attached": True, "asset_ids": assets})

    def take(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        order, assets = self.given(store, body, id)
        if set(assets) - set(order["assets"]):
            raise Refused(404, "The order has not got them all")
        order["assets"] = [asset for asset in order["assets"] if asset not in assets]
        return as_json(200, {})

    def given(self, store: Store, body: Row, id: str) -> tuple[Row, list[str]]:
        order = store.order(id)
        valid(body, ASSETS)
        for asset in body["asset_ids"]:
            if not UUID.fullmatch(asset):
                raise Refused(404, "No such asset")
            store.asset(asset)
        return order, body["asset_ids"]

    # Assets.

    def asset(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        return as_json(200, store.shown(store.asset(id)))

    def link(self, store: Store, query: Row, body: Row) -> Reply:
        valid(body, LINK)
        asset = store.add(body["filename"], body["size"], body["url"])
        return as_json(200, {"asset": {name: value for name, value in asset.items() if name != "created_at"}})

    def change(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        """All of a link, and the name of a file."""
        asset = store.asset(id)
        fields = {name: LINK[name] for name in (("filename", "size", "url") if asset["is_link"] else ("filename",))}
        valid(body, fields)
        asset.update(
            {name: body[name] for name in fields} | ({"size": number(body["size"])} if "size" in fields else {})
        )
        return as_json(200, {"data": store.shown(asset)})

    def delete(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        store.delete(store.asset(id))
        return as_json(202, {"deleted": True})

    def clear(self, store: Store, query: Row, body: Row) -> Reply:
        gone = [store.delete(asset) for asset in store.listed()]
        return as_json(202, {"queued": len(gone)})

    def sell(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        """The answer has the ids of the request; what is sold already is answered 200."""
        asset = store.asset(id)
        valid(body, PRODUCTS)
        new = {(asset["id"], product["id"]) for product in store.variants(body)} - store.sold
        store.sold |= new
        told = {"product_ids": body["product_ids"], "variant_ids": body.get("variant_ids") or []}
        return as_json(201 if new else 200, {"attached": True, **told})

    def unsell(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        asset = store.asset(id)
        valid(body, PRODUCTS)
        gone = {(asset["id"], product["id"]) for product in store.variants(body)} & store.sold
        if not gone:
            raise Refused(404, "It is not sold with them")
        store.sold -= gone
        return as_json(200, {"message": "Detached."})

    # Uploads. A placeholder is listed at once, and nobody looks whether its bytes came.

    def sign(self, store: Store, query: Row, body: Row) -> Reply:
        valid(body, FILE)
        if store.used() + number(body["size"]) > store.room:
            raise Refused(402, "Your plan has no room for it")
        asset = store.add(body["filename"], body["size"], pending=True)
        about = {name: asset[name] for name in ("id", "filename", "size")}
        return as_json(200, {"asset": about, "upload_url": self.signed(asset["id"]), "method": "PUT"})

    def signed(self, id: str) -> str:
        ends = str(int(self.now()) + HALF_A_DAY)
        return f"{self.url}{BUCKET}{id}?{urlencode({'Until': ends, 'X-Amz-Signature': self.signature(id, ends)})}"

    def signature(self, id: str, ends: str) -> str:
        return hmac.new(self.secret, f"{id} {ends}".encode(), hashlib.sha256).hexdigest()

    def stored(self, id: str, query: Row, content: bytes) -> Reply:
        right = hmac.compare_digest(query.get("X-Amz-Signature", ""), self.signature(id, query.get("Until", "")))
        if not right or int(query["Until"]) <= self.now():
            return 403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        return 200, {"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}, b""

    def confirm(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        store.asset(id).pop("pending", None)
        return 204, {}, b""

    def cancel(self, store: Store, query: Row, body: Row, id: str) -> Reply:
        if "pending" not in store.asset(id):
            raise Refused(404, "No such upload")
        del store.assets[id]
        return 204, {}, b""

    def customer(self, query: Row) -> Reply:
        every = ((store, order) for store in self.stores.values() for order in store.orders)
        for store, order in every:
            if order["status_id"] == query.get("id"):
                counted = {"downloaded": 1, "limit": 3}
                lines = [
                    {
                        "product": product,
                        "assets": [{"limits": counted, "data": store.shown(store.assets[id])} for id in assets],
                    }
                    for product, assets in order["lines"]
                ]
                return as_json(200, {"order": {"order_number": order["order_number"], "lines": lines}})
        raise Refused(404, "No such order")


def flag(query: Row, name: str) -> bool:
    return query.get(name, "").lower() in {"1", "true", "on", "yes"}


def whole_of(query: Row, name: str, default: int) -> int:
    """What is no number from 1 is as if it were not there."""
    text = query.get(name, "")
    return int(text) if re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII) else default


ID = r"/([^/]+)"
ROUTES = {
    r"/orders": {"GET": "orders"},
    rf"/orders{ID}": {"PUT": "email"},
    rf"/orders{ID}/attach": {"POST": "give"},
    rf"/orders{ID}/detach": {"POST": "take"},
    r"/products": {"GET": "products"},
    r"/assets": {"GET": "assets"},
    r"/assets/signed": {"POST": "sign"},
    r"/assets/store": {"POST": "link"},
    r"/assets/deleted-all": {"POST": "clear"},
    rf"/assets{ID}": {"GET": "asset", "PUT": "change", "DELETE": "delete"},
    rf"/assets{ID}/uploaded": {"POST": "confirm"},
    rf"/assets{ID}/cancel": {"POST": "cancel"},
    rf"/assets{ID}/attach": {"POST": "sell"},
    rf"/assets{ID}/detach": {"POST": "unsell"},
}
