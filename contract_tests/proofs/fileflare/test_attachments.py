"""Proofs of the rules of Fileflare: assets attached to products and orders."""

from __future__ import annotations

from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileflare.steps import (
    NOTHING,
    a_link,
    a_product,
    an_order,
    attached,
    attached_again,
    customer_order,
    detached,
    dropped,
    entries,
    given_to_order,
    known_order,
    made_link,
    may_email,
    own_assets,
    products_of,
    taken_from_order,
)

# fileflare.io/docs, api-attaching-assets-to-products


@rule("fileflare.attach.products")
def test_attach_products(lab: Lab) -> None:
    """Attaching is answered with the products and variants, and shows in the list."""
    shown = attached(lab)
    product, answer = shown.product, shown.answer.expect(201)
    check(answer.member("attached") is True, "attached true", answer)
    check(answer.member("product_ids") == [product["product_id"]], "the product_ids of the request", answer)
    variants = answer.member("variant_ids")
    # None were named: whether the answer then tells none, as the request did, or all that got it, nobody says.
    right = isinstance(variants, list) and (not variants or product["variant_id"] in variants)
    check(right, f"a list with variant {product['variant_id']}, or with none", variants)
    check(product["id"] in shown.named, "the asset to be listed with the product", shown.named)


@rule("fileflare.attach.variants")
def test_attach_variants(lab: Lab) -> None:
    """One variant of a product that has more gets the asset alone; without a choice all of them get it."""
    variants = _variants(lab)
    chosen, ids = variants[0], {item["id"] for item in variants}
    asset, body = made_link(lab), {"product_ids": [variants[0]["product_id"]]}
    at = {"asset": asset["id"]}
    narrow = {**body, "variant_ids": [chosen["variant_id"]]}
    answer = lab.call("attach_to_products", key=lab.key(), path=at, json=narrow).expect(201)
    check(answer.member("variant_ids") == [chosen["variant_id"]], "the variant_ids of the request", answer)
    named = products_of(lab, asset["filename"])
    check(named == {chosen["id"]}, "the asset with the chosen variant alone", named)
    lab.call("attach_to_products", key=lab.key(), path=at, json=body).expect(201)
    named = products_of(lab, asset["filename"])
    check(named == ids, "the asset with every variant of the product", named)
    dropped(lab, asset["id"])


@rule("fileflare.attach.idempotent")
def test_attach_idempotent(lab: Lab) -> None:
    """A second attachment passes and adds nothing."""
    first = attached(lab)
    first.answer.passes()
    answer, again = attached_again(lab)
    answer.passes()
    check(first.named == again, f"the same products as after the first time, {first.named}", again)


@rule("fileflare.attach.unknown-product")
def test_unknown_product(lab: Lab) -> None:
    """Product 1 is none of the store's."""
    asset = a_link(lab)
    for operation in ("attach_to_products", "detach_from_products"):
        lab.call(operation, key=lab.key(), path={"asset": asset["id"]}, json={"product_ids": [1]}).expect(404)


@rule("fileflare.attach.malformed")
def test_malformed_products(lab: Lab) -> None:
    """No list of numbers, no attachment."""
    asset = a_link(lab)
    for operation in ("attach_to_products", "detach_from_products"):
        for body in lab.some([{}, {"product_ids": "all"}, {"product_ids": ["one"]}]):
            lab.call(operation, key=lab.key(), path={"asset": asset["id"]}, json=body).expect(422)


@rule("fileflare.attach.detach")
def test_detach_products(lab: Lab) -> None:
    """A detached asset is no longer listed with the product."""
    shown = attached(lab)
    if shown.product["id"] not in shown.named:
        raise NotVerifiable("a step before it failed: the attached product is not listed")
    answer, named = detached(lab)
    answer.expect(200)
    check(shown.product["id"] not in named, "the asset without the product", named)


@rule("fileflare.attach.detach-again")
def test_detach_again(lab: Lab) -> None:
    """Detaching what was never attached passes."""
    product, order, asset = a_product(lab), known_order(lab), made_link(lab)
    before = own_assets(lab, order.row)
    products, assets = {"product_ids": [product["product_id"]]}, {"asset_ids": [asset["id"]]}
    lab.call("detach_from_products", key=lab.key(), path={"asset": asset["id"]}, json=products).passes()
    lab.call("detach_from_order", key=lab.key(), path=order.at, json=assets).passes()
    after = own_assets(lab, order.row)
    check(before == after, f"the order's assets as before, {before}", after)
    dropped(lab, asset["id"])


# fileflare.io/docs, api-attaching-assets-to-orders


@rule("fileflare.orders.attach")
def test_attach_order(lab: Lab) -> None:
    """Attaching to an order is answered with the assets, and shows in the list of orders."""
    order, asset, answer, held = given_to_order(lab)
    answer.expect(201)
    check(answer.member("attached") is True, "attached true", answer)
    check(answer.member("asset_ids") == [asset["id"]], "the asset_ids of the request", answer)
    check(asset["id"] in held, f"order {order.row['order_number']} to have the asset", "it has not")


@rule("fileflare.orders.attach-unknown-asset")
def test_attach_unknown_asset(lab: Lab) -> None:
    """One unknown asset among good ones, and none of them is attached."""
    order, asset = known_order(lab), a_link(lab)
    for operation in ("attach_to_order", "detach_from_order"):
        body = {"asset_ids": [asset["id"], NOTHING["asset"]]}
        lab.call(operation, key=lab.key(), path=order.at, json=body).expect(404)
    check(asset["id"] not in own_assets(lab, order.row), "nothing to be attached", "the known asset was")


@rule("fileflare.orders.detach")
def test_detach_order(lab: Lab) -> None:
    """A detached asset is no longer the order's."""
    _, asset, _, held = given_to_order(lab)
    if asset["id"] not in held:
        raise NotVerifiable("a step before it failed: the attached asset is not the order's")
    answer, left = taken_from_order(lab)
    answer.expect(200)
    check(asset["id"] not in left, "the order without the asset", "it still has it")


@rule("fileflare.orders.send-email")
def test_send_email(lab: Lab) -> None:
    """Sending an order's e-mail passes."""
    may_email(lab)
    lab.call("send_email", key=lab.key(), path=known_order(lab).at).passes()


@rule("fileflare.orders.email-sent-at")
def test_email_sent_at(lab: Lab) -> None:
    """The order tells when its last e-mail was sent."""
    may_email(lab)
    order = known_order(lab)
    before = lab.now()
    lab.call("send_email", key=lab.key(), path=order.at).given()
    after = lab.now()
    shown = lab.call("list_orders", key=lab.key(), query={"order_number": order.row["order_number"]}).given()
    sent = shown.member("data", 0, "email_sent_at")
    check(isinstance(sent, int) and before - 2 <= sent <= after + 2, f"a time about {before:.0f}", sent)


@rule("fileflare.orders.shopify-id")
def test_shopify_id(lab: Lab) -> None:
    """An order with downloads is found by Shopify's id, and it is that order."""
    given, order, asset = lab.beside(lab.key()), customer_order(lab), a_link(lab)
    body = {"asset_ids": [asset["id"]]}
    lab.call("attach_to_order", key=lab.key(), path={"order": given["shopify_id"]}, json=body).expect(201)
    check(asset["id"] in own_assets(lab, order), "that order to have the asset", "it has not")


@rule("fileflare.orders.own-id")
def test_own_id(lab: Lab) -> None:
    """An order is found by the id of the list."""
    order, asset = an_order(lab), made_link(lab)
    for operation in ("attach_to_order", "detach_from_order"):
        body = {"asset_ids": [asset["id"]]}
        lab.call(operation, key=lab.key(), path={"order": order["id"]}, json=body).passes()
    dropped(lab, asset["id"])


def _variants(lab: Lab) -> list[dict[str, Any]]:
    """The entries of a product that has several variants."""
    by_product: dict[int, list[dict[str, Any]]] = {}
    for product in entries(lab, "list_products"):
        by_product.setdefault(product["product_id"], []).append(product)
    for variants in by_product.values():
        if len(variants) > 1:
            return variants
    raise NotVerifiable("it needs a store with a product of two variants")
