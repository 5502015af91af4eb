"""What several of Fileflare's proofs do on their way: make assets, find orders and products, use up a budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from contract_tests import counting
from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, check
from contract_tests.provision import Key
from latchkey.records import Operation

#: Well-formed ids that name nothing.
NOTHING = {"order": "00000000-0000-4000-8000-000000000000", "asset": "00000000-0000-4000-8000-000000000000"}
#: A file that no plan has room for.
TOO_LARGE = {"filename": "everything.zip", "size": 10**15}
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def link(lab: Lab, **members: Any) -> dict[str, Any]:
    """The body of an URL asset with a name of its own."""
    name = lab.name("link")
    return {"filename": name, "size": 1024, "url": "https://example.com/latchkey", "type": "link", **members}


def made_link(lab: Lab, **members: Any) -> dict[str, Any]:
    """An URL asset made for this proof."""
    asset: dict[str, Any] = taken(lab.call("store_asset", key=lab.key(), json=link(lab, **members)), "asset")
    return asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order: what names it in a path, and how the list shows it."""

    at: dict[str, str]
    row: dict[str, Any]


def a_link(lab: Lab) -> dict[str, Any]:
    """An URL asset that stays as it is, but for an order that the last of its proofs gives it to."""
    return lab.once("link", lambda: made_link(lab))


def a_file(lab: Lab) -> tuple[str, str]:
    """An uploaded asset that stays as it is: its id and name."""
    story = upload_story(lab)
    story.confirmed.given()
    return story.id, story.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An asset that a product of the store was given: what it was answered, and where it is shown."""

    asset: dict[str, Any]
    product: dict[str, Any]
    answer: Answer
    sold_before: set[str]
    sold_after: set[str]
    named: list[str]

    @property
    def body(self) -> dict[str, Any]:
        return {"product_ids": [self.product["product_id"]]}


def attached(lab: Lab) -> Attached:
    """An asset attached to a product, once for all who look at it."""
    return lab.once("attached to a product", lambda: _attached(lab))


def _attached(lab: Lab) -> Attached:
    product, asset = a_product(lab), made_link(lab)
    before = sold_with(lab, product)
    at, body = {"asset": asset["id"]}, {"product_ids": [product["product_id"]]}
    answer = lab.call("attach_to_products", key=lab.key(), path=at, json=body)
    named, after = products_named(lab, asset["filename"]), sold_with(lab, product)
    return Attached(asset=asset, product=product, answer=answer, sold_before=before, sold_after=after, named=named)


def attached_again(lab: Lab) -> tuple[Answer, list[str]]:
    """What it is answered to attach that asset once more, and the products that it is listed with then."""
    return lab.once("attached again", lambda: _products(lab, "attach_to_products"))


def detached(lab: Lab) -> tuple[Answer, list[str]]:
    """What it is answered to detach that asset, after all that is shown of it attached, and the products left."""
    if lab.thrifty:
        attached_again(lab)
    return lab.once("detached from a product", lambda: _products(lab, "detach_from_products"))


def _products(lab: Lab, operation: str) -> tuple[Answer, list[str]]:
    shown = attached(lab)
    answer = lab.call(operation, key=lab.key(), path={"asset": shown.asset["id"]}, json=shown.body)
    return answer, products_named(lab, shown.asset["filename"])


def stored(lab: Lab) -> tuple[dict[str, Any], Answer]:
    """The body of an URL asset and what storing it was answered. All who judge a part of its life share it: after it was
    stored it is given to an order, taken from it, changed and deleted.
    """

    def store() -> tuple[dict[str, Any], Answer]:
        body = link(lab, size=10_000_000)
        answer = lab.call("store_asset", key=lab.key(), json=body)
        return body, answer

    return lab.once("stored", store)


def given_to_order(lab: Lab) -> tuple[Order, dict[str, Any], Answer, set[str]]:
    """An order, the stored asset, the answer to attaching it, and the ids of the order's own assets then; once for all."""

    def give() -> tuple[Order, dict[str, Any], Answer, set[str]]:
        order, asset = known_order(lab), taken(stored(lab)[1], "asset")
        return order, asset, *_orders(lab, "attach_to_order", order, asset)

    return lab.once("attached to an order", give)


def taken_from_order(lab: Lab) -> tuple[Answer, set[str]]:
    """What it is answered to detach that asset from its order, and the ids of the order's own assets then."""
    order, asset, *_ = given_to_order(lab)
    return lab.once("detached from an order", lambda: _orders(lab, "detach_from_order", order, asset))


def _orders(lab: Lab, operation: str, order: Order, asset: Mapping[str, Any]) -> tuple[Answer, set[str]]:
    body = {"asset_ids": [asset["id"]]}
    answer = lab.call(operation, key=lab.key(), path=order.at, json=body)
    return answer, own_assets(lab, order.row)


def changed(lab: Lab) -> tuple[dict[str, Any], Answer, Answer]:
    """A change of the stored asset, what it was answered, and what the asset is found as then."""

    def change() -> tuple[dict[str, Any], Answer, Answer]:
        asset = taken(stored(lab)[1], "asset")
        body = {"filename": f"{asset['filename']} again", "size": 2048, "url": "https://example.com/again"}
        at = {"asset": asset["id"]}
        answer = lab.call("update_asset", key=lab.key(), path=at, json=body)
        return body, answer, lab.call("find_asset", key=lab.key(), path=at)

    return lab.once("changed", change)


def deleted(lab: Lab) -> tuple[list[dict[str, Any]], Answer, list[dict[str, Any]]]:
    """How the stored asset was listed before its deletion, what that was answered, and how it was listed after."""

    def delete() -> tuple[list[dict[str, Any]], Answer, list[dict[str, Any]]]:
        asset = taken(stored(lab)[1], "asset")
        name = changed(lab)[0]["filename"] if lab.thrifty else asset["filename"]
        before = listed(lab, name)
        return before, lab.call("delete_asset", key=lab.key(), path={"asset": asset["id"]}), listed(lab, name)

    if lab.thrifty:
        taken_from_order(lab)
    return lab.once("deleted", delete)


def products_named(lab: Lab, name: str) -> list[str]:
    """The ids of the products that the assets of this name are listed with, sorted, as often as they are named."""
    found = listed(lab, name, with_products=True)
    return sorted(product["id"] for asset in found for product in asset.get("products", ()))


def sold_with(lab: Lab, product: Mapping[str, Any]) -> set[str]:
    """The ids of the assets that a product is listed with."""
    query = {"product_id": product["product_id"], "with_assets": True}
    found = lab.call("list_products", key=lab.key(), query=query).expect(200).member("data")
    return {asset["id"] for item in found if item["id"] == product["id"] for asset in item.get("assets", ())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """An uploaded asset: what each step was answered, and how often it was listed before and after its confirmation."""

    name: str
    id: str
    put: Answer
    hidden: list[dict[str, Any]]
    confirmed: Answer
    shown: list[dict[str, Any]]


def upload_story(lab: Lab) -> Uploaded:
    """An upload from its signature to its listing, once for all who judge a part of it."""
    return lab.once("an upload", lambda: _uploaded(lab))


def signed(lab: Lab) -> tuple[str, Answer]:
    """The name of that upload, and what asking for it was answered."""

    def sign() -> tuple[str, Answer]:
        name = f"{lab.name('upload')}.txt"
        return name, lab.call("sign_upload", key=lab.key(), json={"filename": name, "size": 5})

    return lab.once("signed", sign)


def _uploaded(lab: Lab) -> Uploaded:
    name, answer = signed(lab)
    id, url = taken(answer, "asset", "id"), lab.hide(taken(answer, "upload_url"), "UPLOAD_URL")
    put = lab.request("PUT", url, content=b"hello")
    hidden = listed(lab, name)
    confirmed = lab.call("confirm_upload", key=lab.key(), path={"asset": id})
    return Uploaded(name=name, id=id, put=put, hidden=hidden, confirmed=confirmed, shown=listed(lab, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """An upload that came to nothing: what bytes were answered that came to its URL with no signature and with another one,
    its cancellation after the right ones had come, its confirmation then, and how it is listed.
    """

    tampered: list[Answer]
    answer: Answer
    confirmed: Answer
    found: list[dict[str, Any]]


def cancelled(lab: Lab) -> Cancelled:
    """An upload that was begun and cancelled, once for all who judge a part of it."""
    return lab.once("cancelled", lambda: _cancelled(lab))


def _cancelled(lab: Lab) -> Cancelled:
    id, name, url = signed_upload(lab)
    tampered = [lab.request("PUT", changed, content=b"hello") for changed in _tampered(url)]
    lab.request("PUT", url, content=b"hello").given()
    answer = lab.call("cancel_upload", key=lab.key(), path={"asset": id})
    confirmed = lab.call("confirm_upload", key=lab.key(), path={"asset": id})
    return Cancelled(tampered=tampered, answer=answer, confirmed=confirmed, found=listed(lab, name))


def _tampered(url: str) -> Iterator[str]:
    """The URL without its signature, and with another."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "X-Amz-Signature" not in query:
        raise NotVerifiable("it needs an upload_url that shows its X-Amz-Signature")
    signature = query.pop("X-Amz-Signature")
    for changed in (query, {**query, "X-Amz-Signature": "0" * len(signature)}):
        yield urlunsplit(parts._replace(query=urlencode(changed)))


def signed_upload(lab: Lab, **members: Any) -> tuple[str, str, str]:
    """An upload under way: the id of its asset, the name, and where the bytes go."""
    name = f"{lab.name('upload')}.txt"
    answer = lab.call("sign_upload", key=lab.key(), json={"filename": name, "size": 5, **members})
    id, url = taken(answer, "asset", "id"), taken(answer, "upload_url")
    return id, name, lab.hide(url, "UPLOAD_URL")


def made_file(lab: Lab) -> tuple[str, str]:
    """An uploaded asset made for this proof: its id and name."""
    id, name, url = signed_upload(lab)
    lab.request("PUT", url, content=b"hello").given()
    lab.call("confirm_upload", key=lab.key(), path={"asset": id}).given()
    return id, name


def at_least(lab: Lab, count: int) -> list[str]:
    """Sees to it that the store has this many assets; the ids of those that had to be made."""
    total = taken(lab.call("list_assets", key=lab.key()), "meta", "total")
    return [made_link(lab)["id"] for _ in range(count - total)]


def dropped(lab: Lab, *ids: str) -> None:
    """Deletes what a proof made."""
    for id in ids:
        lab.call("delete_asset", key=lab.key(), path={"asset": id})


def taken(answer: Answer, *path: str | int) -> Any:
    """A member of a passing answer that a proof builds on. Raises NotVerifiable where it is not there."""
    value = answer.given().json()
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise NotVerifiable(f"a step before it failed: {answer.request} answered {answer}") from None
    return value


def entries(lab: Lab, operation: str, **query: Any) -> list[dict[str, Any]]:
    """What a list holds, to build on."""
    found: list[dict[str, Any]] = taken(lab.call(operation, key=lab.key(), query=query), "data")
    return found


def an_order(lab: Lab) -> dict[str, Any]:
    """An order of the store."""
    return lab.once("an order", lambda: _first(entries(lab, "list_orders", limit=1), "an order"))


def known_order(lab: Lab) -> Order:
    """An order that a path can name: by Shopify's id, for that its own id does so nobody promises. Raises NotVerifiable where the
    own id names none and Shopify's is not known.
    """
    return lab.once("a known order", lambda: _known_order(lab))


def _known_order(lab: Lab) -> Order:
    try:
        named = lab.beside(lab.key())["shopify_id"]
    except NotVerifiable:
        order = an_order(lab)
        at = {"order": order["id"]}
        if lab.call("attach_to_order", key=lab.key(), path=at, json={}).status == 404:
            raise
        return Order(at=at, row=order)
    return Order(at={"order": str(named)}, row=customer_order(lab))


def order_at(lab: Lab) -> dict[str, str]:
    """What names an order of this store in a path: Shopify's id where that is known."""
    try:
        return {"order": str(lab.beside(lab.key())["shopify_id"])}
    except NotVerifiable:
        return {"order": an_order(lab)["id"]}


def customer_answer(lab: Lab) -> Answer:
    """What the customer of an order with downloads is answered, who has the id in its status URL and no key."""
    id = lab.hide(str(lab.beside(lab.key())["status_id"]), "ORDER_STATUS_ID")
    return lab.once("customer's order", lambda: lab.call("find_customer_order", query={"id": id}))


def customer_order(lab: Lab) -> dict[str, Any]:
    """That order as the store's list shows it."""
    number = taken(customer_answer(lab), "order", "order_number")
    return _first(entries(lab, "list_orders", order_number=number), f"an order {number}")


def a_product(lab: Lab) -> dict[str, Any]:
    """A product of the store."""
    return lab.once("a product", lambda: _first(entries(lab, "list_products", limit=1), "a product"))


def _first(found: list[dict[str, Any]], what: str) -> dict[str, Any]:
    if not found:
        raise NotVerifiable(f"it needs a store with {what}")
    return found[0]


def listed(lab: Lab, name: str, **query: Any) -> list[dict[str, Any]]:
    """The assets of exactly this name, as the list shows them now. The list is judged, not built on."""
    found = lab.call("list_assets", key=lab.key(), query={"filename": name, **query}).expect(200).member("data")
    return [asset for asset in found if asset.get("filename") == name]


def own_assets(lab: Lab, order: Mapping[str, Any]) -> set[str]:
    """The ids of the assets attached to this order directly, as the list shows them now."""
    query = {"order_number": order["order_number"], "with_assets": True}
    shown = lab.call("list_orders", key=lab.key(), query=query).expect(200).member("data")
    return {asset["id"] for item in shown if item["id"] == order["id"] for asset in item.get("assets", ())}


def products_of(lab: Lab, name: str) -> set[str]:
    """The ids of the products that the asset of this name is listed with."""
    return {product["id"] for asset in listed(lab, name, with_products=True) for product in asset.get("products", ())}


def pages(lab: Lab, operation: str, **query: Any) -> Iterator[Answer]:
    """The pages of a list until an empty one, or where requests are dear one that is not full, at most 20. Whether there is a
    page after the last, or 404, nobody says.
    """
    full = 0
    for page in range(1, 21):
        answer = lab.call(operation, key=lab.key(), query={**query, "page": page})
        if full and answer.status == 404:
            return
        size = len(answer.expect(200).member("data"))
        if size:
            yield answer
        full = max(full, size)
        if not size or (lab.thrifty and size < full):
            return


def harmless(lab: Lab) -> list[Operation]:
    """The operations that need a key, without the one that deletes everything where that is not permitted."""
    return [item for item in lab.secured() if lab.target.permit.destroy or not item.id.endswith(".delete_all_assets")]


#: What is made once and is an asset, or tells what became of one.
_ASSETS = ("link", "an upload", "signed", "cancelled", "stored", "changed", "deleted")
_HELD = ("attached to a product", "attached again", "detached from a product", "attached to an order", "detached from an order")  # fmt: skip


def everything_deleted(lab: Lab) -> Answer:
    """What it is answered to delete all assets. Those that stayed for other proofs to use are made anew for them."""
    answer = lab.call("delete_all_assets", key=lab.key())
    lab.lost(*_ASSETS, *_HELD)
    return answer


def may_email(lab: Lab) -> None:
    """Says that the proof has an e-mail sent. Raises NotVerifiable where that is not permitted."""
    if not lab.target.permit.destroy:
        raise NotVerifiable("it sends an e-mail to a customer; to permit it, write under [permit]: destroy = true")


def tour(lab: Lab) -> dict[str, Answer]:
    """One passing call of each operation; of those that send e-mails or delete all only where that is permitted."""
    return lab.once("tour", lambda: _toured(lab))


def _toured(lab: Lab) -> dict[str, Answer]:
    key = lab.key()
    answers = {
        "list_orders": lab.call("list_orders", key=key, query={"limit": 1}),
        "list_products": lab.call("list_products", key=key, query={"limit": 1}),
        "list_assets": lab.call("list_assets", key=key, query={"per_page": 1}),
    }
    # First what can be learnt from these lists: what is made now outdates them.
    order, _ = known_order(lab), a_product(lab)
    answers |= {
        "sign_upload": signed(lab)[1],
        "confirm_upload": upload_story(lab).confirmed,
        "cancel_upload": cancelled(lab).answer,
        "attach_to_products": attached(lab).answer,
        "detach_from_products": detached(lab)[0],
        "store_asset": stored(lab)[1],
        "attach_to_order": given_to_order(lab)[2],
        "detach_from_order": taken_from_order(lab)[0],
        "update_asset": changed(lab)[1],
        "find_asset": changed(lab)[2],
        "delete_asset": deleted(lab)[1],
    }
    if lab.target.permit.destroy:
        answers["send_email"] = lab.call("send_email", key=key, path=order.at)
        answers["delete_all_assets"] = everything_deleted(lab)
    return answers


def bodies(lab: Lab, asset: str, product: Mapping[str, Any]) -> dict[str, Any]:
    """Valid bodies of the operations on one order or asset."""
    return {
        "attach_to_order": {"asset_ids": [asset]},
        "detach_from_order": {"asset_ids": [asset]},
        "update_asset": link(lab),
        "attach_to_products": {"product_ids": [product["product_id"]]},
        "detach_from_products": {"product_ids": [product["product_id"]]},
    }


def by_id(lab: Lab) -> list[str]:
    """The operations on one order or asset, first the one that shows an asset: where few are tried, it is."""
    names = [item.id.split(".")[1] for item in lab.secured() if "{" in item.path]
    return ["find_asset", *(name for name in names if name != "find_asset")]


def with_body(lab: Lab) -> list[tuple[str, dict[str, str]]]:
    """The operations that require members in their body, each with a path that exists."""
    at = {**known_order(lab).at, "asset": a_link(lab)["id"]}
    names = ("store_asset", "sign_upload", "attach_to_order", "detach_from_order")
    return [(name, at) for name in (*names, "attach_to_products", "detach_from_products")]


def exhausted(lab: Lab, operation: str = "list_orders", *, key: Key | None = None) -> Answer:
    """Calls the operation until it is refused for the limit, to build on; returns the refusal."""
    return counting.exhausted(lab, 60, lambda: lab.call(operation, key=key or lab.key(), path=NOTHING))


def limited(lab: Lab) -> Answer:
    """A refusal for the limit, to be judged."""
    return counting.refused(lab, 60, lambda: lab.call("list_orders", key=lab.key()))


def counted_out(lab: Lab, quota: int, operation: str) -> None:
    """Proves that `quota` calls of the operation pass in a minute, whatever they find, and that no shorter window gives them back."""

    def call() -> Answer:
        return lab.call(operation, key=lab.key(), path=NOTHING)

    counting.counted_out(lab, quota, call, passes=lambda answer: None)
    counting.steady(lab, quota, call)


def field_map(answer: Answer) -> dict[str, list[str]]:
    """The errors of a 422, which has a message and a list of texts for each field."""
    check(isinstance(answer.member("message"), str), "a text as message", answer)
    errors = answer.member("errors")
    check(isinstance(errors, dict) and bool(errors), "errors by field", answer)
    for field, told in errors.items():
        texts = isinstance(told, list) and told and all(isinstance(text, str) and text for text in told)
        check(bool(texts), f"a list of texts for {field}", told)
    return dict(errors)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
