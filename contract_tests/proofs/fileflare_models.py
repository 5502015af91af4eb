"""What Fileflare promises to the models, and how they ask its API. Numbers are those of the documents."""

from __future__ import annotations

from collections.abc import Mapping

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.key_life import KeyLife
from contract_tests.models.limiter import Call, Limits
from contract_tests.models.token import Issued, Kind, signed
from contract_tests.models.windows import Bucket
from contract_tests.proofs import fileflare_steps as steps
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

#: Whether an e-mail also counts among the 60, and which of the two budgets the headers of its answer tell, nobody says.
LIMITS = Limits(
    buckets=_BUCKETS,
    passing=_EVERY,
    calls=(
        Call(send=_list_orders, takes=(("requests",),), refused=_EVERY),
        Call(send=_list_products, takes=(("requests",),), refused=_EVERY),
        Call(send=_send_email, takes=(("send_email",),), perhaps=("requests",), answers=(404,)),
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
    answer = lab.call("sign_upload", key=lab.key(), json={"filename": "hello.txt", "size": 5})
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


def _revoke(lab: Lab, key: Key) -> None:
    lab.admin.revoke(key)


def _rotate(lab: Lab, key: Key) -> Key:
    return lab.rotate(key)


KEYS = KeyLife(
    make=_make,
    acts={"list orders": _lists_orders, "find an asset": _finds_asset},
    kinds={"full": frozenset({"list orders", "find an asset"})},
    headers=("fileflare_bearer",),
    dead=(401,),
    end=_revoke,
    rotate=_rotate,
    rotation_ends=False,
)
