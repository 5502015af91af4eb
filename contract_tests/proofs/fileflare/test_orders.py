"""Proofs of the rules of Fileflare: orders, products and a customer's downloads."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileflare.steps import (
    UUID,
    attached,
    customer_answer,
    dropped,
    entries,
    is_whole,
    known_order,
    made_link,
    own_assets,
    pages,
    taken,
)

# digital-downloads.com, api-viewing-orders, api-viewing-products, api-viewing-download-links


@rule("fileflare.orders.fields")
def test_order_fields(lab: Lab) -> None:
    """Each listed order has its four members, times in Unix seconds."""
    for order in lab.call("list_orders", key=lab.key()).expect(200).member("data"):
        check(re.fullmatch(UUID, str(order.get("id"))) is not None, "a UUID as id", order)
        check(is_whole(order.get("order_number")), "a whole order_number", order)
        check(_is_time(order.get("ordered_at")), "ordered_at in Unix seconds", order)
        check("email_sent_at" in order, "email_sent_at", order)
        sent = order["email_sent_at"]
        check(sent is None or _is_time(sent), "email_sent_at in Unix seconds", order)


@rule("fileflare.orders.paging")
def test_order_paging(lab: Lab) -> None:
    """Pages of 2 hold 2, do not overlap and together are as many as the total says."""
    total = taken(lab.call("list_orders", key=lab.key(), query={"limit": 2, "page": 1}), "meta", "total")
    if total < 3:
        raise NotVerifiable(f"it needs a store with 3 orders or more, this one has {total}")
    sizes, found = [], []
    for page in pages(lab, "list_orders", limit=2):
        ids = [order["id"] for order in page.member("data")]
        sizes.append(len(ids))
        found += ids
    check(set(sizes[:-1]) == {2} and sizes[-1] <= 2, "pages of 2 orders", sizes)
    check(len(set(found)) == len(found) == min(total, 40), f"{total} different orders", f"{len(set(found))}")


@rule("fileflare.orders.by-number")
def test_order_by_number(lab: Lab) -> None:
    """Each of two order numbers finds its own order, and part of one finds no order with another number."""
    tried: set[int] = set()
    for order in entries(lab, "list_orders", limit=2):
        number = order["order_number"]
        shown = lab.call("list_orders", key=lab.key(), query={"order_number": number}).expect(200)
        ids = [entry["id"] for entry in shown.member("data")]
        check(ids == [order["id"]], f"the order {number} alone", shown)
        part = number // 10
        if part in tried:
            continue
        tried.add(part)
        shown = lab.call("list_orders", key=lab.key(), query={"order_number": part}).expect(200)
        numbers = {entry["order_number"] for entry in shown.member("data")}
        check(numbers <= {part}, f"no order whose number is not {part}", sorted(numbers))


@rule("fileflare.orders.with-assets")
def test_order_with_assets(lab: Lab) -> None:
    """An order lists the asset attached to it; an asset attached to every product is in no order's list."""
    order, own, sold = known_order(lab), made_link(lab), made_link(lab)
    body = {"asset_ids": [own["id"]]}
    lab.call("attach_to_order", key=lab.key(), path=order.at, json=body).given()
    ids = list(dict.fromkeys(product["product_id"] for product in entries(lab, "list_products")))
    at = {"asset": sold["id"]}
    lab.call("attach_to_products", key=lab.key(), path=at, json={"product_ids": ids}).given()
    shown = lab.call("list_orders", key=lab.key(), query={"with_assets": True}).expect(200).member("data")
    held = {asset["id"] for entry in shown for asset in entry.get("assets", ())}
    check(own["id"] in own_assets(lab, order.row), "the order to list its asset", "it does not")
    check(sold["id"] not in held, "no asset of a product", "there is one")
    dropped(lab, own["id"], sold["id"])


@rule("fileflare.list.envelope")
def test_list_envelope(lab: Lab) -> None:
    """Lists tell where they are in Laravel's words."""
    for operation in lab.some(["list_orders", "list_products"], 1, "lists"):
        answer = lab.call(operation, key=lab.key(), query={"limit": 2}).expect(200)
        links, meta, shown = answer.member("links"), answer.member("meta"), answer.member("data")
        check({"first", "last", "prev", "next"} <= links.keys(), "links first, last, prev and next", links)
        check(isinstance(meta.get("path"), str), "a path", meta)
        for name in ("last_page", "total"):
            check(is_whole(meta.get(name)), f"a whole {name}", meta)
        told = {name: meta.get(name) for name in ("current_page", "per_page", "from", "to")}
        edges = {"from": 1, "to": len(shown)} if shown else {"from": None, "to": None}
        expected = {"current_page": 1, "per_page": 2, **edges}
        check(told == expected, str(expected), told)
        check(meta["last_page"] == max(1, -(-meta["total"] // 2)), "as many pages as the total needs", meta)


@rule("fileflare.list.links-work")
def test_list_links(lab: Lab) -> None:
    """The links lead forward and back, and end where the list does."""
    headers = lab.credential(lab.key())
    for operation in lab.some(["list_orders", "list_products"], 1, "lists"):
        first = lab.call(operation, key=lab.key(), query={"limit": 2}).expect(200)
        if taken(first, "meta", "total") < 3:
            raise NotVerifiable("it needs a store with 3 orders and 3 products or more")
        check(first.member("links", "prev") is None, "no link before the first page", first.member("links"))
        second = lab.request("GET", str(first.member("links", "next")), headers=headers).expect(200)
        check(second.member("meta", "current_page") == 2, "next to lead to page 2", second.member("meta"))
        after = [entry["id"] for entry in entries(lab, operation, limit=2, page=2)]
        shown = [entry["id"] for entry in second.member("data")]
        check(shown == after, "next to lead to the entries after those of the page", shown)
        back = lab.request("GET", str(second.member("links", "prev")), headers=headers).expect(200)
        check(back.member("meta", "current_page") == 1, "prev to lead back to page 1", back.member("meta"))
        last = lab.request("GET", str(first.member("links", "last")), headers=headers).expect(200)
        check(last.member("links", "next") is None, "no link after the last page", last.member("links"))


@rule("fileflare.list.max")
def test_list_max(lab: Lab) -> None:
    """A limit of 1000 is served; one of 5000 is refused or cut to 1000."""
    for operation in lab.some(["list_orders", "list_products"], 1, "lists"):
        lab.call(operation, key=lab.key(), query={"limit": 1000}).expect(200)
        answer = lab.call(operation, key=lab.key(), query={"limit": 5000})
        if answer.passed:
            size = max(len(answer.member("data")), answer.member("meta").get("per_page", 0))
            check(size <= 1000, "at most 1000 entries", size)


@rule("fileflare.products.list")
def test_list_products(lab: Lab) -> None:
    """Each listed product has its eight members."""
    for product in lab.call("list_products", key=lab.key()).expect(200).member("data"):
        check(re.fullmatch(UUID, str(product.get("id"))) is not None, "a UUID as id", product)
        check(isinstance(product.get("name"), str), "a name", product)
        for name in ("variant_name", "sku", "vendor"):
            check(name in product and isinstance(product[name], str | None), f"{name}, a text or null", product)
        for name in ("product_id", "variant_id"):
            check(is_whole(product.get(name)), f"a whole {name}", product)
        tags = product.get("tags")
        check(isinstance(tags, list) and all(isinstance(tag, str) for tag in tags), "a list of tags", product)


@rule("fileflare.products.filters")
@pytest.mark.parametrize("name", ["name", "sku", "product_id", "vendor", "tag"])
def test_product_filters(lab: Lab, name: str) -> None:
    """A filter finds the products that have the value, no others, and none for a value that no product has."""
    every = entries(lab, "list_products")
    having: list[dict[str, Any]] = [item for item in every if (item["tags"] if name == "tag" else item.get(name))]
    if not having:
        raise NotVerifiable(f"it needs a product with a {name}")
    wanted = having[-1]
    value = wanted["tags"][-1] if name == "tag" else wanted[name]
    found = lab.call("list_products", key=lab.key(), query={name: value}).expect(200).member("data")
    check(wanted["id"] in {item["id"] for item in found}, f"the product with {name} {value}", found)
    for item in found:
        kept = value in item["tags"] if name == "tag" else str(value).lower() in str(item[name]).lower()
        check(kept, f"only products with {name} {value}", item)
    if lab.thrifty:
        return
    nothing = "1" if name == "product_id" else "no such thing"
    found = lab.call("list_products", key=lab.key(), query={name: nothing}).expect(200).member("data")
    check(found == [], f"no product with {name} {nothing}", found)


@rule("fileflare.products.with-assets")
def test_product_with_assets(lab: Lab) -> None:
    """A product lists the asset once it is attached."""
    shown = attached(lab)
    shown.answer.given()
    check(shown.asset["id"] not in shown.sold_before, "the product without the asset", "it has it")
    check(shown.asset["id"] in shown.sold_after, "the product with the asset", "it has it not")


@rule("fileflare.customer.no-key")
def test_customer_no_key(lab: Lab) -> None:
    """The id of an order's status URL opens the order without a key."""
    id = str(lab.beside(lab.key())["status_id"])
    check(re.fullmatch("[0-9a-f]{32}", id) is not None, "32 hexadecimal digits", id)
    customer_answer(lab).passes()


@rule("fileflare.customer.lines")
def test_customer_lines(lab: Lab) -> None:
    """The customer is told the order's number, its products, their assets and the downloads of each."""
    answer = customer_answer(lab).expect(200).conforms()
    number, lines = answer.member("order", "order_number"), answer.member("order", "lines")
    _is_the_order(lab, number, [line["product"]["id"] for line in lines])
    counted = [asset["limits"] for line in lines for asset in line["assets"]]
    check(bool(counted), "assets with their limits", lines)
    check(all(0 <= limits["downloaded"] <= limits["limit"] for limits in counted), "downloads within limits", counted)


@rule("fileflare.customer.unknown")
def test_customer_unknown(lab: Lab) -> None:
    """An unknown id is 404, a missing or misshapen one 422."""
    lab.call("find_customer_order", query={"id": "0" * 32}).expect(404)
    lab.call("find_customer_order").expect(422)
    lab.call("find_customer_order", query={"id": "1056"}).expect(422)


def _is_the_order(lab: Lab, number: Any, products: list[str]) -> None:
    """Judges what a customer's order has; where nobody shows the orders, against the lists of orders and of products."""
    try:
        orders = {row["status_id"]: row for row in lab.admin.rows("orders")}
    except NotVerifiable:
        numbers = {order["order_number"] for order in entries(lab, "list_orders", order_number=number)}
        check(number in numbers, "the order_number of an order of the store", number)
        # Most stores show all of them at once, which was asked before.
        unknown = set(products) - {product["id"] for product in entries(lab, "list_products")}
        if unknown:
            unknown -= {product["id"] for product in entries(lab, "list_products", limit=1000)}
        check(not unknown, "products of the store", products)
    else:
        order = orders[lab.beside(lab.key())["status_id"]]
        check(number == order["order_number"], str(order["order_number"]), number)
        # In whatever order.
        expected = sorted(line["product"] for line in order["lines"])
        check(sorted(products) == expected, f"the products {expected}", sorted(products))


def _is_time(value: Any) -> bool:
    """Unix seconds since the year 2001; milliseconds would be larger."""
    return is_whole(value) and 10**9 <= value < 10**10
