"""What Fileflare promises to the models, and how they ask its API. Numbers are those of the documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.key_life import KeyLife, revoke
from contract_tests.models.limits import Call, Limits
from contract_tests.models.resources import Holder, Members, Resource
from contract_tests.models.token import Issued, Kind, signed
from contract_tests.models.windows import Bucket
from contract_tests.proofs.fileflare import steps
from contract_tests.provision import Key

# Limits.


def _list_orders(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("list_orders", key=key, headers=headers, query={"limit": 1})


def _list_products(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("list_products", key=key, headers=headers, query={"limit": 1})


def _find_nothing(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("find_asset", key=key, headers=headers, path=steps.NOTHING)


def _send_email(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    """An e-mail of an order that does not exist: it counts and bothers nobody."""
    return lab.call("send_email", key=key, headers=headers, path=steps.NOTHING)


_BUCKETS = (
    Bucket(name="requests", quota=60, by="key"),
    Bucket(name="send_email", quota=30, by="key"),
)
_EVERY = {"X-RateLimit-Limit": "quota", "X-RateLimit-Remaining": "remaining"}

#: Whether an e-mail also counts among the 60, whether each key of a store has 30 of them, and which of the two budgets the
#: headers of its answer tell, nobody says.
LIMITS = Limits(
    buckets=_BUCKETS,
    passing=_EVERY,
    calls=(
        Call(send=_list_orders, takes=(("requests",),), refused=_EVERY),
        Call(send=_list_products, takes=(("requests",),), refused=_EVERY),
        Call(send=_send_email, takes=(("send_email",),), perhaps=("requests",), one_key=True, answers=(404,)),
    ),
)
_REFUSED = {"Retry-After": "retry_after", "X-RateLimit-Reset": "reset"}
EXACT_LIMITS = Limits(
    buckets=_BUCKETS,
    passing=_EVERY,
    calls=(
        Call(send=_list_orders, takes=(("requests",),), refused=_REFUSED),
        Call(send=_find_nothing, takes=(("requests",),), answers=(404,), refused=_REFUSED),
        Call(send=_send_email, takes=(("requests", "send_email"),), answers=(404,), refused=_REFUSED),
    ),
)

# Tokens: upload URLs. How often one can be used, nobody says.


def _sign_upload(lab: Lab) -> Issued:
    answer = lab.call("sign_upload", key=lab.key(), json={"filename": lab.named("hello.txt"), "size": 5})
    return signed(str(steps.taken(answer, "upload_url")))


def _upload(lab: Lab, issued: Issued, method: str | None) -> Answer:
    return lab.request("PUT", issued.url, content=b"hello")


TOKENS = (Kind(name="UPLOAD_SIGNATURE", ttl=43200, issue=_sign_upload, redeem=_upload),)

# Keys. What becomes of the old one when a key is regenerated, nobody says.


def _make(lab: Lab, kind: str, lifetime: int | None) -> tuple[Key, float | None]:
    return lab.new_key(), None


def _lists_orders(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("list_orders", key=key, by=by, headers=headers, query={"limit": 1})


def _finds_asset(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("find_asset", key=key, by=by, headers=headers, path=steps.NOTHING)


KEYS = KeyLife(
    make=_make,
    acts={"list orders": _lists_orders, "find an asset": _finds_asset},
    kinds={"full": frozenset({"list orders", "find an asset"})},
    headers=("fileflare_bearer",),
    dead=(401,),
    end=revoke,
    rotate=Lab.rotate,
    rotation_ends=False,
)

# Resources: URL assets, which hang on orders and products.


def _store(lab: Lab, name: str) -> tuple[str, Members]:
    asset = steps.made_link(lab, filename=name)
    return asset["id"], {member: asset[member] for member in ("filename", "size", "url")}


def _find(lab: Lab, id: str) -> Answer:
    return lab.call("find_asset", key=lab.key(), path={"asset": id})


def _update(lab: Lab, id: str, name: str) -> Members:
    changed = {"filename": name, "size": 2048, "url": f"https://example.com/{name}"}
    _put(lab, id, **changed).passes()
    return changed


def _update_url(lab: Lab, id: str, name: str) -> Members:
    """What is not sent stays as it is."""
    changed = {"url": f"https://example.com/{name}"}
    _put(lab, id, **changed).passes()
    return changed


def _put(lab: Lab, id: str, **members: object) -> Answer:
    return lab.call("update_asset", key=lab.key(), path={"asset": id}, json=members)


def _overwrite(lab: Lab, id: str) -> Answer:
    return _put(lab, id, **steps.link(lab))


def _delete(lab: Lab, id: str) -> Answer:
    return lab.call("delete_asset", key=lab.key(), path={"asset": id})


def _pages(lab: Lab, name: str, size: int) -> Iterator[list[tuple[str, Members]]]:
    for page in steps.pages(lab, "list_assets", filename=name, per_page=size):
        yield [(asset["id"], asset) for asset in page.member("data")]


def _holders(lab: Lab) -> Sequence[Holder]:
    return [*_orders(lab), *_products(lab)]


def _orders(lab: Lab) -> Iterator[Holder]:
    """The one that a path can name, for of that alone Shopify's id is known."""
    order = steps.known_order(lab)
    yield Holder(
        name=f"the order {order.row['order_number']}",
        attach=partial(_hang_on_order, "attach_to_order", order.at["order"]),
        detach=partial(_hang_on_order, "detach_from_order", order.at["order"]),
        held=partial(_on_order, order.row),
    )


def _hang_on_order(operation: str, order: str, lab: Lab, id: str) -> Answer:
    return lab.call(operation, key=lab.key(), path={"order": order}, json={"asset_ids": [id]})


def _on_order(order: Mapping[str, object], lab: Lab, name: str) -> set[str]:
    return steps.own_assets(lab, order)


def _products(lab: Lab) -> Iterator[Holder]:
    ids = {product["product_id"] for product in steps.entries(lab, "list_products", limit=4)}
    for id in sorted(ids)[:2]:
        yield Holder(
            name=f"the product {id}",
            attach=partial(_hang_on_product, "attach_to_products", id),
            detach=partial(_hang_on_product, "detach_from_products", id),
            held=partial(_on_product, id),
        )


def _hang_on_product(operation: str, product: int, lab: Lab, id: str) -> Answer:
    return lab.call(operation, key=lab.key(), path={"asset": id}, json={"product_ids": [product]})


def _on_product(product: int, lab: Lab, name: str) -> set[str]:
    found = steps.entries(lab, "list_assets", filename=name, per_page=100, with_products=True)
    return {asset["id"] for asset in found if any(own["product_id"] == product for own in asset.get("products", ()))}


def _attach_theirs(lab: Lab, id: str) -> Answer:
    return _hang_on_order("attach_to_order", steps.order_at(lab)["order"], lab, id)


_ASSET = Resource(
    name="asset",
    make=_store,
    acts={"find": _find},
    others={"find": _find, "update": _overwrite, "delete": _delete, "attach": _attach_theirs},
    pages=_pages,
    change=_update,
    delete=_delete,
    gone=False,
    holders=_holders,
)

#: When a deleted asset is gone from where it is asked for by its id, and what detaching again does, nobody says.
RESOURCES = (_ASSET,)
EXACT_RESOURCES = (
    replace(
        _ASSET,
        shows={"find": lambda answer: answer.member("data")},
        change=_update_url,
        gone=True,
        detach_again=True,
    ),
)
