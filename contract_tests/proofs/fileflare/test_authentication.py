"""Proofs of the rules of Fileflare: keys, and how they are sent."""

from __future__ import annotations

import hashlib
import re

from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileflare.steps import (
    NOTHING,
    a_link,
    entries,
    harmless,
    listed,
    tour,
)

# document 000, introduction


@rule("fileflare.auth.bearer")
def test_bearer(lab: Lab) -> None:
    """No operation takes a request with a good Bearer key for one without."""
    good = lab.key()
    for operation in harmless(lab):
        answer = lab.call(operation, key=good, path=NOTHING)
        check(answer.status != 401, f"{answer.request} to know the caller", answer)


@rule("fileflare.auth.key-required")
def test_key_required(lab: Lab) -> None:
    """Without an Authorization header every operation answers 401."""
    for operation in lab.secured():
        lab.call(operation, path=NOTHING).expect(401)


@rule("fileflare.auth.full-access")
def test_full_access(lab: Lab) -> None:
    """One key passes on every operation."""
    for answer in tour(lab).values():
        answer.passes()


@rule("fileflare.auth.own-store")
def test_own_store(lab: Lab) -> None:
    """What another store holds is in its own lists and in none of mine."""
    other = lab.neighbour()
    asset = a_link(other)
    theirs = [entry["id"] for entry in listed(other, asset["filename"])]
    check(theirs == [asset["id"]], "the other store to list its asset", theirs)
    mine = listed(lab, asset["filename"])
    check(not mine, "this store not to list the other store's asset", mine)
    for operation in lab.some(["list_orders", "list_products"], 1, "further lists"):
        shared = {entry["id"] for entry in entries(lab, operation)} & {
            entry["id"] for entry in entries(other, operation)
        }
        check(not shared, f"{operation} of two stores to have nothing in common", shared)


@rule("fileflare.key.generate")
def test_generate(lab: Lab) -> None:
    """A key works as soon as it is generated."""
    lab.call("list_orders", key=lab.new_key()).passes()


@rule("fileflare.key.revoke")
def test_revoke(lab: Lab) -> None:
    """A key works until it is revoked and on no operation afterwards."""
    key = lab.new_key()
    lab.call("list_orders", key=key).given()
    lab.admin.revoke(key)
    for operation in lab.secured():
        lab.call(operation, key=key, path=NOTHING).expect(401)


@rule("fileflare.key.regenerate")
def test_regenerate(lab: Lab) -> None:
    """Regenerating gives another key, and it works."""
    try:
        old = lab.new_key()
        new = lab.rotate(old)
        check(new.raw != old.raw, "another key", "the same key again")
    except NotVerifiable:
        new = lab.key("regenerated")
    lab.call("list_orders", key=new).passes()


@rule("fileflare.key.regenerate-ends-old")
def test_regenerate_ends_old(lab: Lab) -> None:
    """The old key works before it is regenerated and not after."""
    old = lab.new_key()
    lab.call("list_orders", key=old).given()
    lab.rotate(old)
    lab.call("list_orders", key=old).expect(401)


@rule("fileflare.key.format")
def test_key_format(lab: Lab) -> None:
    """A key is 40 to 80 letters and digits."""
    raw = lab.key().raw
    check(re.fullmatch("[A-Za-z0-9]{40,80}", raw) is not None, "40 to 80 letters and digits", f"{len(raw)} characters")


@rule("fileflare.key.reveal-once")
def test_reveal_once(lab: Lab) -> None:
    """The key's record no longer shows the key."""
    key = lab.new_key()
    check(key.raw not in repr(lab.admin.stored(key)), "a record without the raw key", "the raw key")


@rule("fileflare.key.stored-hashed")
def test_stored_hashed(lab: Lab) -> None:
    """Six characters are kept as they are, the rest as a SHA-256 digest."""
    key = lab.new_key()
    stored = lab.admin.stored(key)
    check(stored["prefix"] == key.raw[:6], "the first 6 characters as prefix", stored["prefix"])
    digest = hashlib.sha256(key.raw[6:].encode()).hexdigest()
    check(stored["digest"] == digest, "the SHA-256 digest of the rest", stored["digest"])


# document 000, Authorization header


@rule("fileflare.auth.only-header")
def test_only_header(lab: Lab) -> None:
    """A good key in X-API-Key or in the query opens nothing."""
    raw = lab.key().raw
    lab.call("list_orders", headers={"X-API-Key": raw}).expect(401)
    for name in ("api_key", "api_token", "access_token"):
        lab.call("list_orders", query={name: raw}).expect(401)


@rule("fileflare.auth.scheme-any-case")
def test_scheme_any_case(lab: Lab) -> None:
    """bearer and BEARER open what Bearer opens."""
    raw = lab.key().raw
    for scheme in ("bearer", "BEARER"):
        lab.call("list_orders", headers={"Authorization": f"{scheme} {raw}"}).passes()


@rule("fileflare.request.no-content-type")
def test_no_content_type(lab: Lab) -> None:
    """The document's own request, with Accept and without Content-Type, passes."""
    lab.call("list_orders", key=lab.key(), headers={"Accept": "application/json"}).passes()


@rule("fileflare.request.no-accept")
def test_no_accept(lab: Lab) -> None:
    """With Accept */* a list is JSON, and so is what a missing key, a missing asset and an empty body are answered."""
    key, anything = lab.key(), {"Accept": "*/*"}
    answers = [
        lab.call("list_orders", key=key, headers=anything).expect(200),
        lab.call("list_orders", headers=anything),
        lab.call("find_asset", key=key, path=NOTHING, headers=anything),
        lab.call("store_asset", key=key, json={}, headers=anything),
    ]
    for answer in answers:
        answer.header("Content-Type", r"application/json\b.*")
        answer.json()


# document 000, Example


@rule("fileflare.orders.list")
def test_list_orders(lab: Lab) -> None:
    """GET /api/v1/orders answers 200 with JSON."""
    headers = {**lab.credential(lab.key()), "Accept": "application/json"}
    answer = lab.request("GET", "/api/v1/orders", headers=headers).expect(200)
    answer.header("Content-Type", r"application/json\b.*")
    answer.json()
