"""What several of Fileflare's proofs do on their way: make assets, find orders and products, use up a budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
    name = lab.name("latchkey")
    return {"filename": name, "size": 1024, "url": "https://example.com/latchkey", "type": "link", **members}


def made_link(lab: Lab, **members: Any) -> dict[str, Any]:
    """An URL asset made for this proof."""
    asset: dict[str, Any] = taken(lab.call("store_asset", key=lab.key(), json=link(lab, **members)), "asset")
    return asset


def a_link(lab: Lab) -> dict[str, Any]:
    """An URL asset that stays as it is."""
    return lab.once("link", lambda: _kept(lab, made_link(lab)))


def a_file(lab: Lab) -> tuple[str, str]:
    """An uploaded asset that stays as it is: its id and name."""
    story = upload_story(lab)
    story.confirmed.given()
    return story.id, story.name


def _kept(lab: Lab, asset: dict[str, Any]) -> dict[str, Any]:
    lab.at_end(lambda lab: dropped(lab, asset["id"]))
    return asset


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
    """An asset attached to a product, once for all who look at it; they leave it so."""
    return lab.once("attached to a product", lambda: _attached(lab))


def _attached(lab: Lab) -> Attached:
    product, asset = a_product(lab), _kept(lab, made_link(lab))
    before = sold_with(lab, product)
    at, body = {"asset": asset["id"]}, {"product_ids": [product["product_id"]]}
    answer = lab.call("attach_to_products", key=lab.key(), path=at, json=body)
    named, after = products_named(lab, asset["filename"]), sold_with(lab, product)
    return Attached(asset=asset, product=product, answer=answer, sold_before=before, sold_after=after, named=named)


def given_to_order(lab: Lab) -> tuple[dict[str, Any], dict[str, Any], Answer, set[str]]:
    """An order, an asset attached to it, the answer to that, and the ids of the order's own assets; once for all."""

    def give() -> tuple[dict[str, Any], dict[str, Any], Answer, set[str]]:
        order, asset = an_order(lab), _kept(lab, made_link(lab))
        body = {"asset_ids": [asset["id"]]}
        answer = lab.call("attach_to_order", key=lab.key(), path={"order": order["id"]}, json=body)
        return order, asset, answer, own_assets(lab, order)

    return lab.once("attached to an order", give)


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
    signed: Answer
    put: Answer
    hidden: list[dict[str, Any]]
    confirmed: Answer
    shown: list[dict[str, Any]]


def upload_story(lab: Lab) -> Uploaded:
    """An upload from its signature to its listing, once for all who judge a part of it."""
    return lab.once("an upload", lambda: _uploaded(lab))


def _uploaded(lab: Lab) -> Uploaded:
    name = f"{lab.name('latchkey')}.txt"
    signed = lab.call("sign_upload", key=lab.key(), json={"filename": name, "size": 5})
    id, url = taken(signed, "asset", "id"), lab.hide(taken(signed, "upload_url"), "UPLOAD_URL")
    lab.at_end(lambda lab: dropped(lab, id))
    put = lab.request("PUT", url, content=b"hello")
    hidden = listed(lab, name)
    confirmed = lab.call("confirm_upload", key=lab.key(), path={"asset": id})
    return Uploaded(
        name=name, id=id, signed=signed, put=put, hidden=hidden, confirmed=confirmed, shown=listed(lab, name)
    )


def signed_upload(lab: Lab, **members: Any) -> tuple[str, str, str]:
    """An upload under way: the id of its asset, the name, and where the bytes go."""
    name = f"{lab.name('latchkey')}.txt"
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
    total = taken(lab.call("list_assets", key=lab.key(), query={"per_page": 1}), "meta", "total")
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
    return _first(entries(lab, "list_orders", limit=1), "an order")


def a_product(lab: Lab) -> dict[str, Any]:
    """A product of the store."""
    return _first(entries(lab, "list_products", limit=1), "a product")


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
    """The pages of a list until an empty one, at most 20."""
    for page in range(1, 21):
        answer = lab.call(operation, key=lab.key(), query={**query, "page": page}).expect(200)
        if not answer.member("data"):
            return
        yield answer


def harmless(lab: Lab) -> list[Operation]:
    """The operations that need a key, without the one that deletes everything where that is not permitted."""
    return [item for item in lab.secured() if lab.target.permit.destroy or not item.id.endswith(".delete_all_assets")]


def may_email(lab: Lab) -> None:
    """Says that the proof has an e-mail sent. Raises NotVerifiable where that is not permitted."""
    if not lab.target.permit.destroy:
        raise NotVerifiable("it sends an e-mail to a customer; to permit it, write under [permit]: destroy = true")


def tour(lab: Lab) -> dict[str, Answer]:
    """One passing call of each operation; of those that send e-mails or delete all only where that is permitted."""
    return lab.once("tour", lambda: _toured(lab))


def _toured(lab: Lab) -> dict[str, Answer]:
    key, upload = lab.key(), upload_story(lab)
    order, product = an_order(lab), a_product(lab)
    stored = lab.call("store_asset", key=key, json=link(lab))
    signed = lab.call("sign_upload", key=key, json={"filename": "a.txt", "size": 5})
    asset = taken(stored, "asset", "id")
    at_asset, at_order = {"asset": asset}, {"order": order["id"]}
    assets, products = {"asset_ids": [asset]}, {"product_ids": [product["product_id"]]}
    answers = {
        "list_orders": lab.call("list_orders", key=key, query={"limit": 2}),
        "list_products": lab.call("list_products", key=key, query={"limit": 2}),
        "list_assets": lab.call("list_assets", key=key, query={"per_page": 1}),
        "find_asset": lab.call("find_asset", key=key, path=at_asset),
        "update_asset": lab.call("update_asset", key=key, path=at_asset, json=link(lab)),
        "attach_to_products": lab.call("attach_to_products", key=key, path=at_asset, json=products),
        "detach_from_products": lab.call("detach_from_products", key=key, path=at_asset, json=products),
        "attach_to_order": lab.call("attach_to_order", key=key, path=at_order, json=assets),
        "detach_from_order": lab.call("detach_from_order", key=key, path=at_order, json=assets),
        "confirm_upload": upload.confirmed,
        "delete_asset": lab.call("delete_asset", key=key, path=at_asset),
        "store_asset": stored,
        "sign_upload": signed,
        "cancel_upload": lab.call("cancel_upload", key=key, path={"asset": taken(signed, "asset", "id")}),
    }
    if lab.target.permit.destroy:
        answers["send_email"] = lab.call("send_email", key=key, path=at_order)
        answers["delete_all_assets"] = lab.call("delete_all_assets", key=key)
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
    """The operations on one order or asset."""
    return [item.id.split(".")[1] for item in lab.secured() if "{" in item.path]


def with_body(lab: Lab) -> list[tuple[str, dict[str, str]]]:
    """The operations that require members in their body, each with a path that exists."""
    at = {"order": an_order(lab)["id"], "asset": a_link(lab)["id"]}
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
