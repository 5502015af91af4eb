"""The rows of a shop, and how often its keys may call."""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.others.fileflare.refusals import Invalid, Refused, Row, number

MINUTE = 60
GIGABYTE = 10**9
#: Seconds for which the queue leaves what was deleted where it can still be asked for by its id.
QUEUED = 30
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Throttle:
    """So many calls in a minute of the clock on the wall; one that is refused counts, too, and changes nothing."""

    quota, emails, seconds = 60, 30, MINUTE

    def __init__(self, now: Callable[[], float]) -> None:
        self.now, self.lock = now, threading.Lock()
        self.calls: Counter[str] = Counter()

    def take(self, who: str, quota: int) -> int:
        """How many calls are left, this one taken; below zero where it may not pass."""
        with self.lock:
            window = f"{who} {self.now() // self.seconds}"
            self.calls[window] += 1
            return quota - self.calls[window]


class Store:
    """One shop's rows. Whoever asks for one that is not there is Refused."""

    def __init__(self, name: str, now: Callable[[], float], *, room: int = 100 * GIGABYTE) -> None:
        self.now, self.room = now, room
        self.assets: dict[str, Row] = {}
        for count in range(27):
            self.add(f"{name} {count:02}.wav", 4_000)
        self.products = list(_products(name))
        first = next(iter(self.assets))
        self.sold = {(first, self.products[0]["id"])}
        self.orders = list(_orders(name, int(now()), self.products, first))

    def add(self, filename: str, size: Any, url: str | None = None, **members: Any) -> Row:
        asset = {"id": str(uuid.uuid4()), "filename": filename, "size": number(size), "url": url, **members}
        asset |= {"is_file": url is None, "is_link": url is not None, "created_at": written(self.now())}
        self.assets[asset["id"]] = asset
        return asset

    def listed(self) -> list[Row]:
        """The assets of lists, the oldest first."""
        return [asset for asset in list(self.assets.values()) if "ends" not in asset]

    def asset(self, id: str) -> Row:
        if not UUID.fullmatch(id):
            raise Invalid({"asset": ["This is no id."]})
        asset = self.assets.get(id)
        if asset is None or asset.get("ends", self.now() + 1) <= self.now():
            raise Refused(404, "No such asset")
        return asset

    def order(self, id: str) -> Row:
        """Shopify's number names it, and nothing else."""
        found = next((order for order in self.orders if str(order["shopify_id"]) == id), None)
        if found is None:
            raise Refused(404, "No such order")
        return found

    def variants(self, body: Row) -> list[Row]:
        """The variants that a request names."""
        wanted = set(map(number, body["product_ids"]))
        found = [product for product in self.products if product["product_id"] in wanted]
        if {product["product_id"] for product in found} != wanted:
            raise Refused(404, "No such product")
        chosen = set(map(number, body.get("variant_ids") or ()))
        if chosen - {product["variant_id"] for product in found}:
            raise Invalid({"variant_ids": ["One is none of these products'."]})
        return [product for product in found if not chosen or product["variant_id"] in chosen]

    def delete(self, asset: Row) -> None:
        """Out of the lists at once; the queue does the rest."""
        asset.setdefault("ends", self.now() + QUEUED)

    def used(self) -> int:
        return sum(asset["size"] for asset in list(self.assets.values()) if asset["is_file"])

    def shown(self, asset: Row) -> Row:
        return {name: value for name, value in asset.items() if name not in {"ends", "bytes"}}


def _products(name: str) -> Iterator[Row]:
    wares = [("Poster", "A3", 1), ("Poster", "A4", 1), ("Sampler", None, 2), ("Notes", None, 3), ("Loops", "WAV", 4)]
    first = _number(f"{name} product")
    for count, (ware, variant, product) in enumerate(wares):
        ids = {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name} product {count}")), "product_id": first + product}
        yield {
            **ids,
            "name": ware,
            "variant_name": variant,
            "sku": f"{ware}-{count}",
            "variant_id": 10 * first + count,
            "vendor": f"{name} & daughters",
            "tags": [ware.lower(), "for sale"],
        }


def _orders(name: str, now: int, products: Sequence[Row], asset: str) -> Iterator[Row]:
    for count in range(5):
        yield {
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name} order {count}")),
            "order_number": 1_000 + count,
            "ordered_at": now - 90_000 + count,
            "email_sent_at": now - 80_000 if count < 4 else None,
            "shopify_id": _number(f"{name} order") + count,
            "status_id": hashlib.sha256(f"{name} {count}".encode()).hexdigest()[:32],
            "assets": [],
            "lines": [(products[count], [asset])],
        }


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:10], 16)


def written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
