"""Proofs of Fileflare's rules, in the catalogue's order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from contract_tests.answer import Answer
from contract_tests.counting import refilled, reopened
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileflare_steps import (
    NOTHING,
    TOO_LARGE,
    a_file,
    a_link,
    a_product,
    an_order,
    at_least,
    attached,
    bodies,
    by_id,
    counted_out,
    dropped,
    entries,
    exhausted,
    given_to_order,
    harmless,
    limited,
    link,
    listed,
    made_link,
    may_email,
    own_assets,
    pages,
    products_named,
    products_of,
    signed_upload,
    sold_with,
    taken,
    tour,
    upload_story,
    with_body,
)

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


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
    asset = made_link(other)
    theirs = [entry["id"] for entry in listed(other, asset["filename"])]
    check(theirs == [asset["id"]], "the other store to list its asset", theirs)
    mine = listed(lab, asset["filename"])
    check(not mine, "this store not to list the other store's asset", mine)
    for operation in ("list_orders", "list_products"):
        shared = {entry["id"] for entry in entries(lab, operation)} & {
            entry["id"] for entry in entries(other, operation)
        }
        check(not shared, f"{operation} of two stores to have nothing in common", shared)
    dropped(other, asset["id"])


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
    old = lab.new_key()
    new = lab.rotate(old)
    check(new.raw != old.raw, "another key", "the same key again")
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


# document 000, Rate limits


@rule("fileflare.limit.sixty")
@spends
def test_sixty(lab: Lab) -> None:
    """Sixty requests pass in a minute, the next is refused."""
    counted_out(lab, 60, "list_orders")


@rule("fileflare.limit.one-budget")
@spends
def test_one_budget(lab: Lab) -> None:
    """A call of each operation leaves one less to all; with the budget used up each of them is refused, which is
    enough where requests are dear.
    """
    key, names = lab.key(), [operation.id.split(".")[1] for operation in harmless(lab)]
    # A window may end in the midst of it; then it is tried again.
    for last in (False, False, True):
        start = lab.now()
        exhausted(lab)
        answers = [lab.call(name, key=key, path=NOTHING) for name in names]
        passed, most = [answer.request for answer in answers if answer.status != 429], refilled(lab, 60, start)
        if len(passed) <= most or last or lab.now() == start:
            break
        lab.advance(61)
    check(len(passed) <= most, "every operation to be refused with 429", f"{passed} were not")
    if lab.thrifty:
        return
    reopened(lab, 60, lambda: lab.call("list_orders", key=key))
    for last in (False, False, True):
        start, (_, before) = lab.now(), _budget(lab.call("list_orders", key=key))
        for name in names:
            lab.call(name, key=key, path=NOTHING)
        _, after = _budget(lab.call("list_orders", key=key))
        most = before - len(names) - 1 + refilled(lab, 60, start)
        if after <= most or last or lab.now() == start:
            break
        lab.advance(61)
    check(after <= most, f"at most {most} of {before} requests left after one of each operation", f"{after} left")


@rule("fileflare.limit.per-key")
@spends
def test_per_key(lab: Lab) -> None:
    """With the budget of one key used up, another key of the store still passes."""
    other = lab.second_key()
    exhausted(lab)
    lab.call("list_orders", key=other).passes()


@rule("fileflare.limit.send-email")
@reopens
def test_send_email_limit(lab: Lab) -> None:
    """Thirty calls of the route pass the limit, the next is refused. They name no order, so nobody gets an e-mail."""
    counted_out(lab, 30, "send_email")
    answer = reopened(lab, 30, lambda: lab.call("send_email", key=lab.key(), path=NOTHING)).late
    check(answer.status != 429, "the route to be open again after the minute", answer)


@rule("fileflare.limit.send-email-apart")
@reopens
def test_send_email_apart(lab: Lab) -> None:
    """With its budget used up other requests pass, each of its calls has left one less to them, and another key has its own."""
    lab.may_spend()
    lab.advance(61)
    key, calls = lab.key(), 0
    _, before = _budget(lab.call("list_orders", key=key))
    while calls < before and lab.call("send_email", key=key, path=NOTHING).status != 429:
        calls += 1
    _, after = _budget(lab.call("list_orders", key=key).passes())
    check(after == before - calls - 1, f"{before - calls - 1} requests left after {calls} such calls", f"{after} left")
    lab.call("send_email", key=key, path=NOTHING).expect(429)
    answer = lab.call("send_email", key=lab.new_key(), path=NOTHING)
    check(answer.status != 429, "another key to have 30 such calls of its own", answer)


@rule("fileflare.limit.send-email-headers")
@reopens
def test_send_email_headers(lab: Lab) -> None:
    """At first its own budget is the tighter one; after enough other requests the general one is."""
    lab.may_spend()
    lab.advance(61)
    key = lab.key()
    whole, left = _budget(lab.call("list_orders", key=key))
    own, tight = _budget(lab.call("send_email", key=key, path=NOTHING))
    check(own < whole and tight < left - 1, f"less than {left - 1} of {whole} left", f"{tight} of {own} left")
    for _ in range(left - tight + 2):
        _, left = _budget(lab.call("list_orders", key=key).given())
    told = _budget(lab.call("send_email", key=key, path=NOTHING))
    check(told == (whole, left - 1), f"{left - 1} of {whole} left", "{1} of {0} left".format(*told))


@rule("fileflare.limit.headers")
def test_rate_headers(lab: Lab) -> None:
    """Every passing answer tells limit and rest in whole numbers."""
    for answer in tour(lab).values():
        _budget(answer.given())


@rule("fileflare.limit.headers-on-errors")
@pytest.mark.parametrize("status", [402, 404, 422, pytest.param(429, marks=spends)])
def test_rate_headers_on_errors(lab: Lab, status: int) -> None:
    """A refusal of an identified key tells limit and rest too."""
    key = lab.key()
    refusals: dict[int, Callable[[], Answer]] = {
        402: lambda: lab.call("sign_upload", key=key, json=TOO_LARGE),
        404: lambda: lab.call("find_asset", key=key, path=NOTHING),
        422: lambda: lab.call("store_asset", key=key, json={}),
        429: lambda: limited(lab),
    }
    _budget(refusals[status]().given(status))


@rule("fileflare.limit.headers-unidentified")
def test_no_rate_headers_without_a_key(lab: Lab) -> None:
    """A 401 tells no budget, without a key as with a wrong one."""
    for key in (None, lab.forged()):
        answer = lab.call("list_orders", key=key).given(401)
        answer.without_header("X-RateLimit-Limit").without_header("X-RateLimit-Remaining")


@rule("fileflare.limit.value")
def test_limit_value(lab: Lab) -> None:
    """The limit that is told is 60."""
    for operation in ("list_orders", "list_assets", "find_asset"):
        limit, _ = _budget(lab.call(operation, key=lab.key(), path=NOTHING))
        check(limit == 60, "X-RateLimit-Limit: 60", limit)


@rule("fileflare.limit.counts-down")
def test_counts_down(lab: Lab) -> None:
    """From request to request one less is left, whatever the operation and also where it finds nothing or is invalid; a
    window may end once in between.
    """
    operations = (
        "list_orders",
        "find_asset",
        "store_asset",
        "list_products",
        "find_asset",
        "store_asset",
        "list_orders",
    )
    lab.afresh()
    start = lab.now()
    left = [
        _budget(lab.call(operation, key=lab.key(), path=NOTHING))[1]
        for operation in (operations[:4] if lab.thrifty else operations)
    ]
    steps = [before - after for before, after in zip(left, left[1:], strict=False)]
    check(
        sum(step != 1 for step in steps) <= 1 + refilled(lab, 60, start), "one less with each request", f"{left} left"
    )


@rule("fileflare.limit.first-remaining")
@reopens
def test_first_remaining(lab: Lab) -> None:
    """After a minute without requests the first one leaves 59."""
    lab.advance(61)
    _, left = _budget(lab.call("list_orders", key=lab.key()))
    check(left == 59, "59 left after the first request", f"{left} left")


@rule("fileflare.limit.window")
@spends
def test_window(lab: Lab) -> None:
    """When a minute has passed since the refusal the key passes again."""
    reopened(lab, 60, lambda: lab.call("list_orders", key=lab.key())).late.passes()


@rule("fileflare.limit.fixed-window")
@reopens
def test_fixed_window(lab: Lab) -> None:
    """Half a minute after the window opened nothing is back; used up then, the budget is gone at 58 s and whole at 61."""
    lab.may_spend()
    lab.advance(61)
    key = lab.key()
    _, before = _budget(lab.call("list_orders", key=key).given())
    lab.advance(31)
    _, left = _budget(lab.call("list_orders", key=key))
    check(left == before - 1, f"{before - 1} left after half a minute and another request", f"{left} left")
    exhausted(lab)
    lab.advance(27)
    lab.call("list_orders", key=key).expect(429)
    lab.advance(3)
    limit, left = _budget(lab.call("list_orders", key=key).expect(200))
    check(left == limit - 1, "the whole budget back", f"{left} of {limit} left")


@rule("fileflare.limit.refused-free")
@reopens
def test_refused_free(lab: Lab) -> None:
    """Requests refused late in the window neither prolong it nor count in the next."""
    lab.may_spend()
    lab.advance(61)
    exhausted(lab)
    lab.advance(50)
    for _ in range(5):
        lab.call("list_orders", key=lab.key()).given(429)
    lab.advance(12)
    limit, left = _budget(lab.call("list_orders", key=lab.key()).expect(200))
    check(left == limit - 1, "the whole budget back", f"{left} of {limit} left")


@rule("fileflare.limit.refused-headers")
@reopens
def test_refused_headers(lab: Lab) -> None:
    """A 429 says that nothing is left and when it will be; after that wait the key passes."""
    answer = exhausted(lab)
    answer.header("X-RateLimit-Remaining", "0")
    wait = int(answer.header("Retry-After", r"\d+"))
    check(wait >= 1, "a Retry-After of at least a second", wait)
    reset = int(answer.header("X-RateLimit-Reset", r"\d+"))
    check(
        abs(reset - lab.now() - wait) <= 2, "X-RateLimit-Reset where Retry-After ends", f"{reset}, now is {lab.now()}"
    )
    lab.advance(wait)
    lab.call("list_orders", key=lab.key()).passes()


@rule("fileflare.limit.retry-after-form")
def test_retry_after_form(lab: Lab) -> None:
    """Retry-After, where there is one, is digits or a date."""
    value = limited(lab).headers.get("Retry-After")
    check(value is None or value.isdecimal() or _is_date(value), "whole seconds or an HTTP date", value)


@rule("fileflare.limit.not-cacheable")
def test_refusal_not_cacheable(lab: Lab) -> None:
    """A 429 has no lifetime in a cache."""
    answer = limited(lab)
    control = answer.headers.get("Cache-Control", "")
    storable = re.search(r"\bpublic\b|max-age=0*[1-9]", control, re.IGNORECASE)
    check(storable is None, "a 429 that no cache keeps", f"Cache-Control: {control}")
    expires = answer.headers.get("Expires", "0")
    check(not _is_date(expires) or parsedate_to_datetime(expires).timestamp() <= lab.now(), "no Expires ahead", expires)


# document 000, Error responses


@rule("fileflare.auth.invalid-key")
def test_invalid_key(lab: Lab) -> None:
    """Another scheme, no key, a misshapen key, one that is nearly good and an invented one are 401, the last on every
    operation.
    """
    good = lab.key().raw
    odd = (f"Basic {good}", "Bearer not-a-key", f"Token {good}", good, "Bearer", f"Bearer {lab.forged()[:-1]}")
    for value in lab.some(odd):
        lab.call("list_orders", headers={"Authorization": value}).expect(401)
    near = {
        "OTHER_CASE": good.swapcase(),
        "SHORTER": good[:-1],
        "LONGER": f"{good}0",
        "OTHER_END": good[:-1] + ("1" if good[-1] == "0" else "0"),
    }
    for what, raw in lab.some(list(near.items())):
        lab.call("list_orders", key=lab.hide(raw, f"KEY_OF_{what}")).expect(401)
    for operation in lab.secured():
        lab.call(operation, key=lab.forged(), path=NOTHING).expect(401)


@rule("fileflare.auth.revoked-key")
def test_revoked_key(lab: Lab) -> None:
    """A revoked key is 401 on every operation."""
    revoked = lab.key("revoked")
    for operation in lab.secured():
        lab.call(operation, key=revoked, path=NOTHING).expect(401)


@rule("fileflare.auth.message")
def test_unauthenticated_message(lab: Lab) -> None:
    """A 401 says "Unauthenticated."."""
    for key in (None, lab.forged()):
        message = lab.call("list_orders", key=key).given(401).member("message")
        check(message == "Unauthenticated.", "Unauthenticated.", message)


@rule("fileflare.auth.challenge")
def test_challenge(lab: Lab) -> None:
    """A 401 asks for a Bearer token."""
    for operation in lab.secured():
        lab.call(operation, path=NOTHING).given(401).header("WWW-Authenticate", r"(.*,\s*)?Bearer\b.*")
    lab.call("list_orders", key=lab.forged()).given(401).header("WWW-Authenticate", r"(.*,\s*)?Bearer\b.*")


@rule("fileflare.error.plan-limit")
def test_plan_limit(lab: Lab) -> None:
    """One byte is refused where the storage is used up and accepted where there is room."""
    wanted = {"filename": "latchkey.txt", "size": 1}
    lab.call("sign_upload", key=lab.key("storage_full"), json=wanted).expect(402)
    answer = lab.call("sign_upload", key=lab.key(), json=wanted).passes()
    lab.call("cancel_upload", key=lab.key(), path={"asset": taken(answer, "asset", "id")})


@rule("fileflare.error.larger-than-plan")
def test_larger_than_plan(lab: Lab) -> None:
    """A file of a petabyte is refused."""
    lab.call("sign_upload", key=lab.key(), json=TOO_LARGE).expect(402)


@rule("fileflare.error.plan-upgrade")
def test_plan_upgrade(lab: Lab) -> None:
    """What the smallest plan has no room for, a larger one takes."""
    key, wanted = lab.key(), {"filename": "latchkey.txt", "size": 1}
    tiers = sorted(lab.provider.tiers, key=lambda tier: int(lab.provider.tiers[tier]["max_storage"]))
    lab.admin.change_account(tier=tiers[0])
    lab.call("sign_upload", key=key, json=wanted).given(402)
    lab.admin.change_account(tier=tiers[-1])
    lab.call("sign_upload", key=key, json=wanted).passes()


@rule("fileflare.error.not-found")
def test_not_found(lab: Lab) -> None:
    """No operation on one order or asset finds one that does not exist."""
    asset = a_link(lab)
    valid = bodies(lab, asset["id"], a_product(lab))
    for operation in by_id(lab):
        lab.call(operation, key=lab.key(), path=NOTHING, json=valid.get(operation)).expect(404)


@rule("fileflare.error.other-account")
def test_other_account(lab: Lab) -> None:
    """No operation reaches another store's order, asset or upload, and each of them stays as it is."""
    other = lab.neighbour()
    order, theirs, mine = an_order(other), made_link(other), a_link(lab)
    upload, _, url = signed_upload(other)
    valid = bodies(lab, mine["id"], a_product(lab))
    for operation in lab.some(by_id(lab)):
        asset = upload if operation in {"confirm_upload", "cancel_upload"} else theirs["id"]
        at = {"order": order["id"], "asset": asset}
        lab.call(operation, key=lab.key(), path=at, json=valid.get(operation)).expect(404)
    own = {"order": an_order(lab)["id"]}
    lab.call("attach_to_order", key=lab.key(), path=own, json={"asset_ids": [theirs["id"]]}).expect(404)
    kept = listed(other, theirs["filename"])
    check([entry["url"] for entry in kept] == [theirs["url"]], "the other store's asset to stay as it is", kept)
    other.request("PUT", url, content=b"hello").given()
    other.call("confirm_upload", key=other.key(), path={"asset": upload}).passes()
    dropped(other, theirs["id"], upload)


@rule("fileflare.error.id-form")
def test_id_form(lab: Lab) -> None:
    """An id of another form is as unknown as any."""
    asset = a_link(lab)
    valid = bodies(lab, asset["id"], a_product(lab))
    for operation in by_id(lab):
        at = {"order": "no-such-order", "asset": "no-such-asset"}
        lab.call(operation, key=lab.key(), path=at, json=valid.get(operation)).expect(404)


@rule("fileflare.error.wrong-path")
def test_wrong_path(lab: Lab) -> None:
    """Paths that no page names are 404."""
    headers = lab.credential(lab.key())
    for path in ("/api/v1/no-such-thing", "/api/v1/orders/1/no/such/thing"):
        lab.request("GET", path, headers=headers).expect(404)


@rule("fileflare.error.validation")
def test_validation(lab: Lab) -> None:
    """An empty body and one of wrong types are 422."""
    wrong: dict[str, Any] = {"filename": 5, "size": [], "url": {}, "type": 5, "asset_ids": "x", "product_ids": "x"}
    for number, (operation, at) in enumerate(with_body(lab)):
        for body in ({}, wrong) if number < 2 or not lab.thrifty else ({},):
            lab.call(operation, key=lab.key(), path=at, json=body).expect(422)


@rule("fileflare.error.not-json")
def test_not_json(lab: Lab) -> None:
    """Half a JSON object is a 422 with a field map."""
    headers = {"Content-Type": "application/json"}
    answer = lab.call("store_asset", key=lab.key(), content=b'{"filename": ', headers=headers).expect(422)
    _field_map(answer)


@rule("fileflare.error.query")
def test_query(lab: Lab) -> None:
    """A page of 0, a page that is no number and a flag that is no flag are 422, told under their names."""
    wrong = [("list_orders", "with_assets"), ("list_assets", "with_products"), ("list_products", "with_assets")]
    for operation, flag in wrong:
        for name, value in (("page", "0"), ("page", "first"), (flag, "perhaps")):
            answer = lab.call(operation, key=lab.key(), query={name: value}).expect(422)
            check(name in _field_map(answer), f"an error of {name}", answer)


# document 000, 422 example response


@rule("fileflare.error.field-map")
def test_field_map(lab: Lab) -> None:
    """A 422 has a message and, for each missing field, a list of texts."""
    missing = {
        "store_asset": {"filename", "size", "url"},
        "sign_upload": {"filename", "size"},
        "attach_to_order": {"asset_ids"},
        "detach_from_order": {"asset_ids"},
        "attach_to_products": {"product_ids"},
        "detach_from_products": {"product_ids"},
    }
    for operation, at in with_body(lab):
        answer = lab.call(operation, key=lab.key(), path=at, json={}).given(422)
        errors = _field_map(answer)
        check(missing[operation] <= errors.keys(), f"errors of {', '.join(sorted(missing[operation]))}", answer)


@rule("fileflare.error.all-fields")
def test_all_fields(lab: Lab) -> None:
    """Fields that are missing and fields that are wrong are told together."""
    for body in ({}, {"filename": 5}):
        errors = _field_map(lab.call("store_asset", key=lab.key(), json=body).given(422))
        check({"filename", "size", "url"} <= errors.keys(), "errors of filename, size and url", sorted(errors))


@rule("fileflare.error.required-wording")
def test_required_wording(lab: Lab) -> None:
    """Missing fields are told in the document's words."""
    errors = _field_map(lab.call("store_asset", key=lab.key(), json={}).given(422))
    for field in ("filename", "size", "url"):
        told = errors.get(field, [])
        check(f"The {field} field is required." in told, f"The {field} field is required.", told)


@rule("fileflare.error.string-wording")
def test_string_wording(lab: Lab) -> None:
    """A number as filename is told in the document's words."""
    told = _field_map(lab.call("store_asset", key=lab.key(), json=link(lab, filename=5)).given(422)).get("filename", [])
    check("The filename must be a string." in told, "The filename must be a string.", told)


@rule("fileflare.error.filename-length")
def test_filename_length(lab: Lab) -> None:
    """255 characters are accepted, 256 are refused in the document's words."""
    answer = lab.call("store_asset", key=lab.key(), json=link(lab, filename="a" * 255)).passes()
    dropped(lab, taken(answer, "asset", "id"))
    answer = lab.call("store_asset", key=lab.key(), json=link(lab, filename="a" * 256)).expect(422)
    told = _field_map(answer).get("filename", [])
    words = "The filename must not be more than 255 characters."
    check(words in told, words, told)


@rule("fileflare.error.summary")
def test_summary(lab: Lab) -> None:
    """The message of a 422 with several errors ends in how many more there are."""
    message = lab.call("store_asset", key=lab.key(), json={}).given(422).member("message")
    told = isinstance(message, str) and re.fullmatch(r"\S.*\(and [1-9]\d* more errors?\)", message)
    check(bool(told), "a message that ends in (and N more errors)", message)


@rule("fileflare.error.summary-count")
def test_summary_count(lab: Lab) -> None:
    """The message is the first error, and one, or more than one, further error is counted."""
    endings = {
        ("filename",): "",
        ("filename", "size"): " (and 1 more error)",
        ("size", "url"): " (and 1 more error)",
        ("filename", "size", "url"): " (and 2 more errors)",
    }
    for missing, ending in endings.items():
        body = {name: value for name, value in link(lab).items() if name not in missing}
        answer = lab.call("store_asset", key=lab.key(), json=body).given(422)
        first = next(iter(_field_map(answer).values()))[0]
        check(answer.member("message") == first + ending, first + ending, answer.member("message"))


@rule("fileflare.error.missing-once")
def test_missing_once(lab: Lab) -> None:
    """Of a missing field nothing but its absence is told."""
    errors = _field_map(lab.call("store_asset", key=lab.key(), json={}).given(422))
    check(all(len(told) == 1 for told in errors.values()), "one error for each missing field", errors)


@rule("fileflare.error.other-wording")
def test_other_wording(lab: Lab) -> None:
    """Numbers, URLs, choices and lists are told in Laravel's words."""
    asset = a_link(lab)
    at, ids = {"asset": asset["id"]}, "attach_to_products"
    cases: list[tuple[str, Any, str, str]] = [
        ("store_asset", link(lab, size="much"), "size", "The size must be an integer."),
        ("store_asset", link(lab, url="nowhere"), "url", "The url must be a valid URL."),
        ("store_asset", link(lab, type="file"), "type", "The selected type is invalid."),
        ("sign_upload", {"filename": "a", "size": 1, "mime_type": 5}, "mime_type", "The mime type must be a string."),
        (ids, {}, "product_ids", "The product ids field is required."),
        (ids, {"product_ids": 5}, "product_ids", "The product ids must be an array."),
    ]
    for operation, body, field, expected in cases:
        told = _field_map(lab.call(operation, key=lab.key(), path=at, json=body).given(422)).get(field)
        check(told == [expected], expected, told)


# fileflare.io/docs, api-viewing-assets


@rule("fileflare.assets.list")
def test_list_assets(lab: Lab) -> None:
    """The list of assets has data and tells page and total."""
    answer = lab.call("list_assets", key=lab.key()).expect(200)
    data, total = answer.member("data"), answer.member("meta", "total")
    check(isinstance(data, list), "data to be a list", data)
    check(answer.member("meta", "current_page") == 1, "current_page 1", answer.member("meta"))
    check(isinstance(total, int) and total >= len(data), f"a total of {len(data)} or more", total)


@rule("fileflare.assets.fields")
def test_asset_fields(lab: Lab) -> None:
    """A listed link and a listed file have all seven members, each of its type."""
    (_, name), asset = a_file(lab), a_link(lab)
    for wanted, url in ((name, None), (asset["filename"], "https://example.com/latchkey")):
        found = listed(lab, wanted)
        check(len(found) == 1, f"the asset {wanted} to be listed once", found)
        _asset_fields(found[0], url)


@rule("fileflare.assets.paging")
def test_asset_paging(lab: Lab) -> None:
    """A page holds 25; pages of 10 do not overlap and together are as many as the total says."""
    made = at_least(lab, 26)
    first = lab.call("list_assets", key=lab.key()).expect(200)
    total = first.member("meta", "total")
    check(len(first.member("data")) == 25, "25 assets on a page", len(first.member("data")))
    found = [entry["id"] for page in pages(lab, "list_assets", per_page=10) for entry in page.member("data")]
    check(len(set(found)) == len(found), "each asset on one page", f"{len(found) - len(set(found))} repeated")
    expected = min(total, 200)
    check(len(found) == expected, f"{expected} assets on pages of 10", len(found))
    dropped(lab, *made)


@rule("fileflare.assets.per-page-max")
def test_per_page_max(lab: Lab) -> None:
    """A page of 100 is served; one of 101 is refused or cut to 100."""
    lab.call("list_assets", key=lab.key(), query={"per_page": 100}).expect(200)
    answer = lab.call("list_assets", key=lab.key(), query={"per_page": 101})
    if answer.passed:
        size = max(len(answer.member("data")), answer.member("meta").get("per_page", 0))
        check(size <= 100, "at most 100 assets on a page", size)


@rule("fileflare.assets.limit")
def test_asset_limit(lab: Lab) -> None:
    """With a limit of 3, pages of 2 hold 2 and 1."""
    made = at_least(lab, 4)
    sizes = [len(page.member("data")) for page in pages(lab, "list_assets", limit=3, per_page=2)]
    check(sizes == [2, 1], "pages of 2 and 1", sizes)
    dropped(lab, *made)


@rule("fileflare.assets.filename-filter")
def test_filename_filter(lab: Lab) -> None:
    """Part of a name finds the asset; part of another name does not."""
    asset, (file, _) = a_link(lab), a_file(lab)
    found = lab.call("list_assets", key=lab.key(), query={"filename": asset["filename"][3:-1]}).expect(200)
    ids = [entry["id"] for entry in found.member("data")]
    check(asset["id"] in ids and file not in ids, "the asset with this part in its name, not the other", found)


@rule("fileflare.assets.with-products")
def test_with_products(lab: Lab) -> None:
    """An attached asset names its product, one that is not attached names none."""
    shown, other = attached(lab), a_link(lab)
    shown.answer.given()
    check(shown.product["id"] in shown.named, "the asset to name its product", "it does not")
    named = products_of(lab, other["filename"])
    check(not named, "an unattached asset to name no product", named)


@rule("fileflare.assets.one")
def test_one_asset(lab: Lab) -> None:
    """An asset is found by its id, with what it was made of."""
    asset = a_link(lab)
    found = _one(lab.call("find_asset", key=lab.key(), path={"asset": asset["id"]}).expect(200))
    for name in ("id", "filename", "size", "url"):
        check(found.get(name) == asset[name], f"{name} {asset[name]}", found)


@rule("fileflare.assets.one-shape")
def test_one_shape(lab: Lab) -> None:
    """The single asset stands under data."""
    asset = a_link(lab)
    found = lab.call("find_asset", key=lab.key(), path={"asset": asset["id"]}).given().member("data", "id")
    check(found == asset["id"], asset["id"], found)


# fileflare.io/docs, api-assets-files


@rule("fileflare.upload.sign")
def test_sign(lab: Lab) -> None:
    """Asking for an upload answers the asset as announced and where to put its bytes."""
    answer = upload_story(lab).signed.expect(200)
    asset = answer.member("asset")
    check(re.fullmatch(UUID, str(asset.get("id"))) is not None, "a UUID as id", asset)
    expected = (upload_story(lab).name, 5)
    check((asset.get("filename"), asset.get("size")) == expected, "{} of {} bytes".format(*expected), asset)
    url = str(answer.member("upload_url"))
    check(url.startswith(("http://", "https://")), "an upload_url", url)


@rule("fileflare.upload.sign-invalid")
def test_sign_invalid(lab: Lab) -> None:
    """What the page calls invalid is 422; a good type, or none, is accepted."""
    good = {"filename": "latchkey.txt", "size": 5}
    wrong: list[dict[str, Any]] = [
        {"size": 5},
        {"filename": "latchkey.txt"},
        {**good, "size": "5 bytes"},
        {**good, "size": 1.5},
        {**good, "mime_type": "nonsense"},
    ]
    for body in lab.some(wrong):
        lab.call("sign_upload", key=lab.key(), json=body).expect(422)
    for body in (good, {**good, "mime_type": "text/plain"}):
        answer = lab.call("sign_upload", key=lab.key(), json=body).passes()
        lab.call("cancel_upload", key=lab.key(), path={"asset": taken(answer, "asset", "id")})


@rule("fileflare.upload.put")
def test_put(lab: Lab) -> None:
    """The bytes are taken without a key, and answered with their ETag in quotes."""
    upload_story(lab).put.expect(200).header("ETag", r'"[^"]+"')


@rule("fileflare.upload.signature")
def test_signature(lab: Lab) -> None:
    """Without its signature, or with another, the same URL takes no bytes."""
    id, _, url = signed_upload(lab)
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "X-Amz-Signature" not in query:
        raise NotVerifiable("it needs an upload_url that shows its X-Amz-Signature")
    signature = query.pop("X-Amz-Signature")
    other = {**query, "X-Amz-Signature": "0" * len(signature)}
    for changed in (query, other):
        answer = lab.request("PUT", urlunsplit(parts._replace(query=urlencode(changed))), content=b"hello")
        check(400 <= answer.status < 500, "an upload with a changed signature to be refused", answer)
    lab.request("PUT", url, content=b"hello").given()
    lab.call("cancel_upload", key=lab.key(), path={"asset": id})


@rule("fileflare.upload.expiry")
def test_upload_expiry(lab: Lab) -> None:
    """The URL takes bytes shortly before 12 hours have passed and none when they have."""
    id, _, url = signed_upload(lab)
    lab.advance(43190)
    lab.request("PUT", url, content=b"hello").passes()
    lab.advance(11)
    answer = lab.request("PUT", url, content=b"hello")
    check(400 <= answer.status < 500, "an upload after 12 hours to be refused", answer)
    lab.call("cancel_upload", key=lab.key(), path={"asset": id})


@rule("fileflare.upload.confirm")
def test_confirm(lab: Lab) -> None:
    """A confirmed upload is listed as a file."""
    upload = upload_story(lab)
    upload.confirmed.passes()
    check([asset["id"] for asset in upload.shown] == [upload.id], "the confirmed asset to be listed", upload.shown)
    shown = [upload.shown[0].get(name) for name in ("is_file", "is_link", "url")]
    check(shown == [True, False, None], "a file without url", upload.shown)


@rule("fileflare.upload.confirm-created")
def test_confirm_created(lab: Lab) -> None:
    """A confirmation answers 201."""
    upload_story(lab).confirmed.expect(201)


@rule("fileflare.upload.confirm-needs-bytes")
def test_confirm_needs_bytes(lab: Lab) -> None:
    """Before its bytes came an upload cannot be confirmed, afterwards it can."""
    id, _, url = signed_upload(lab)
    lab.call("confirm_upload", key=lab.key(), path={"asset": id}).expect(422)
    lab.request("PUT", url, content=b"hello").given()
    lab.call("confirm_upload", key=lab.key(), path={"asset": id}).passes()
    dropped(lab, id)


@rule("fileflare.upload.pending-hidden")
def test_pending_hidden(lab: Lab) -> None:
    """An upload under way is not listed."""
    found = upload_story(lab).hidden
    check(not found, "no asset before its upload is confirmed", found)


@rule("fileflare.upload.cancel")
def test_cancel(lab: Lab) -> None:
    """A cancelled upload can no longer be confirmed, and its asset is not listed."""
    id, name, url = signed_upload(lab)
    lab.request("PUT", url, content=b"hello").given()
    lab.call("cancel_upload", key=lab.key(), path={"asset": id}).passes()
    answer = lab.call("confirm_upload", key=lab.key(), path={"asset": id})
    check(400 <= answer.status < 500, "a cancelled upload not to be confirmed", answer)
    found = listed(lab, name)
    check(not found, "no asset after its upload was cancelled", found)


# fileflare.io/docs, api-assets-url-assets


@rule("fileflare.store.link")
def test_store_link(lab: Lab) -> None:
    """An URL asset is answered as it was sent, as a link."""
    body = link(lab, size=10_000_000)
    answer = lab.call("store_asset", key=lab.key(), json=body).expect(200)
    expected = {"filename": body["filename"], "size": 10_000_000, "url": body["url"], "is_file": False, "is_link": True}
    asset = answer.member("asset")
    shown = {name: asset.get(name) for name in expected}
    check(shown == expected, str(expected), shown)
    check(re.fullmatch(UUID, str(asset.get("id"))) is not None, "a UUID as id", asset)
    dropped(lab, str(asset.get("id")))


@rule("fileflare.store.required")
def test_store_required(lab: Lab) -> None:
    """An empty body has an error for each of four fields, and a body without one of them has one for that."""
    fields = {"filename", "size", "url", "type"}
    errors = _field_map(lab.call("store_asset", key=lab.key(), json={}).expect(422))
    check(fields <= errors.keys(), "errors of filename, size, url and type", sorted(errors))
    for missing in lab.some(sorted(fields)):
        body = {name: value for name, value in link(lab).items() if name != missing}
        errors = _field_map(lab.call("store_asset", key=lab.key(), json=body).expect(422))
        check(missing in errors, f"an error of {missing}", sorted(errors))


@rule("fileflare.store.url")
def test_store_url(lab: Lab) -> None:
    """A url that is none is refused."""
    for url in ("nowhere", "example dot com"):
        errors = _field_map(lab.call("store_asset", key=lab.key(), json=link(lab, url=url)).expect(422))
        check("url" in errors, "an error of url", errors)


@rule("fileflare.store.type")
def test_store_type(lab: Lab) -> None:
    """Only "link" is a type."""
    for kind in ("file", "Link", ""):
        errors = _field_map(lab.call("store_asset", key=lab.key(), json=link(lab, type=kind)).expect(422))
        check("type" in errors, "an error of type", errors)


@rule("fileflare.store.size")
def test_store_size(lab: Lab) -> None:
    """The older generation's "10MB" is no size."""
    errors = _field_map(lab.call("store_asset", key=lab.key(), json=link(lab, size="10MB")).expect(422))
    check("size" in errors, "an error of size", errors)


@rule("fileflare.store.update")
def test_update(lab: Lab) -> None:
    """A change of name, size and url is there when the asset is next asked for."""
    asset = made_link(lab)
    body = {"filename": f"{asset['filename']} again", "size": 2048, "url": "https://example.com/again"}
    lab.call("update_asset", key=lab.key(), path={"asset": asset["id"]}, json=body).passes()
    found = _one(lab.call("find_asset", key=lab.key(), path={"asset": asset["id"]}).given())
    shown = {name: found.get(name) for name in body}
    check(shown == body, str(body), shown)
    dropped(lab, asset["id"])


@rule("fileflare.store.update-partial")
def test_update_partial(lab: Lab) -> None:
    """A new name alone leaves size and url; an uploaded file is no URL asset."""
    asset, (file, _) = made_link(lab), a_file(lab)
    lab.call("update_asset", key=lab.key(), path={"asset": asset["id"]}, json={"filename": "renamed"}).passes()
    found = _one(lab.call("find_asset", key=lab.key(), path={"asset": asset["id"]}).given())
    shown = (found.get("filename"), found.get("size"), found.get("url"))
    check(shown == ("renamed", asset["size"], asset["url"]), "a new name and the old size and url", shown)
    lab.call("update_asset", key=lab.key(), path={"asset": file}, json=link(lab)).expect(404)
    dropped(lab, asset["id"])


# fileflare.io/docs, api-attaching-assets-to-products


@rule("fileflare.attach.products")
def test_attach_products(lab: Lab) -> None:
    """Attaching is answered with the products and variants, and shows in the list."""
    shown = attached(lab)
    product, answer = shown.product, shown.answer.expect(201)
    check(answer.member("attached") is True, "attached true", answer)
    check(answer.member("product_ids") == [product["product_id"]], "the product_ids of the request", answer)
    variants = answer.member("variant_ids")
    check(
        isinstance(variants, list) and product["variant_id"] in variants, f"variant {product['variant_id']}", variants
    )
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
    at = {"asset": first.asset["id"]}
    lab.call("attach_to_products", key=lab.key(), path=at, json=first.body).passes()
    again = products_named(lab, first.asset["filename"])
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
    at = {"asset": shown.asset["id"]}
    if shown.product["id"] not in shown.named:
        raise NotVerifiable("a step before it failed: the attached product is not listed")
    lab.call("detach_from_products", key=lab.key(), path=at, json=shown.body).expect(200)
    named = products_of(lab, shown.asset["filename"])
    check(shown.product["id"] not in named, "the asset without the product", named)


@rule("fileflare.attach.detach-again")
def test_detach_again(lab: Lab) -> None:
    """Detaching what was never attached passes."""
    product, order, asset = a_product(lab), an_order(lab), made_link(lab)
    before = own_assets(lab, order)
    products, assets = {"product_ids": [product["product_id"]]}, {"asset_ids": [asset["id"]]}
    lab.call("detach_from_products", key=lab.key(), path={"asset": asset["id"]}, json=products).passes()
    lab.call("detach_from_order", key=lab.key(), path={"order": order["id"]}, json=assets).passes()
    after = own_assets(lab, order)
    check(before == after, f"the order's assets as before, {before}", after)
    dropped(lab, asset["id"])


# fileflare.io/docs, api-deleting-assets


@rule("fileflare.delete.one")
def test_delete(lab: Lab) -> None:
    """A deletion is answered 202 and deleted true."""
    asset = made_link(lab)
    answer = lab.call("delete_asset", key=lab.key(), path={"asset": asset["id"]}).expect(202)
    check(answer.member("deleted") is True, "deleted true", answer)


@rule("fileflare.delete.unlisted")
def test_delete_unlisted(lab: Lab) -> None:
    """The asset is listed before its deletion and not right after."""
    asset = made_link(lab)
    if not listed(lab, asset["filename"]):
        raise NotVerifiable("a step before it failed: the new asset is not listed")
    lab.call("delete_asset", key=lab.key(), path={"asset": asset["id"]}).given()
    found = listed(lab, asset["filename"])
    check(not found, "a deleted asset not to be listed", found)


@rule("fileflare.delete.gone")
def test_delete_gone(lab: Lab) -> None:
    """After its deletion an asset is 404, and neither its product nor its order shows it."""
    product, order, asset = a_product(lab), an_order(lab), made_link(lab)
    at = {"asset": asset["id"]}
    ids = {"product_ids": [product["product_id"]]}
    lab.call("attach_to_products", key=lab.key(), path=at, json=ids).given()
    lab.call("attach_to_order", key=lab.key(), path={"order": order["id"]}, json={"asset_ids": [asset["id"]]}).given()
    lab.call("delete_asset", key=lab.key(), path=at).given()
    lab.call("find_asset", key=lab.key(), path=at).expect(404)
    lab.call("delete_asset", key=lab.key(), path=at).expect(404)
    check(asset["id"] not in own_assets(lab, order), "the order without the deleted asset", "it still has it")
    check(asset["id"] not in sold_with(lab, product), "the product without the deleted asset", "it still has it")


@rule("fileflare.delete.all")
def test_delete_all(lab: Lab) -> None:
    """After deleting all, the list is empty."""
    lab.destroys()
    made_link(lab)
    lab.call("delete_all_assets", key=lab.key()).expect(202)
    answer = lab.call("list_assets", key=lab.key()).given()
    check(answer.member("data") == [], "an empty list", answer)


@rule("fileflare.delete.all-body")
def test_delete_all_body(lab: Lab) -> None:
    """Deleting all is answered deleted true."""
    lab.destroys()
    answer = lab.call("delete_all_assets", key=lab.key()).given()
    check(answer.member("deleted") is True, "deleted true", answer)


# fileflare.io/docs, api-attaching-assets-to-orders


@rule("fileflare.orders.attach")
def test_attach_order(lab: Lab) -> None:
    """Attaching to an order is answered with the assets, and shows in the list of orders."""
    order, asset, answer, held = given_to_order(lab)
    answer.expect(201)
    check(answer.member("attached") is True, "attached true", answer)
    check(answer.member("asset_ids") == [asset["id"]], "the asset_ids of the request", answer)
    check(asset["id"] in held, f"order {order['order_number']} to have the asset", "it has not")


@rule("fileflare.orders.attach-unknown-asset")
def test_attach_unknown_asset(lab: Lab) -> None:
    """One unknown asset among good ones, and none of them is attached."""
    order, asset = an_order(lab), a_link(lab)
    for operation in ("attach_to_order", "detach_from_order"):
        body = {"asset_ids": [asset["id"], NOTHING["asset"]]}
        lab.call(operation, key=lab.key(), path={"order": order["id"]}, json=body).expect(404)
    check(asset["id"] not in own_assets(lab, order), "nothing to be attached", "the known asset was")


@rule("fileflare.orders.detach")
def test_detach_order(lab: Lab) -> None:
    """A detached asset is no longer the order's."""
    order, asset, _, held = given_to_order(lab)
    at, body = {"order": order["id"]}, {"asset_ids": [asset["id"]]}
    if asset["id"] not in held:
        raise NotVerifiable("a step before it failed: the attached asset is not the order's")
    lab.call("detach_from_order", key=lab.key(), path=at, json=body).expect(200)
    check(asset["id"] not in own_assets(lab, order), "the order without the asset", "it still has it")


@rule("fileflare.orders.send-email")
def test_send_email(lab: Lab) -> None:
    """Sending an order's e-mail passes."""
    may_email(lab)
    lab.call("send_email", key=lab.key(), path={"order": an_order(lab)["id"]}).passes()


@rule("fileflare.orders.email-sent-at")
def test_email_sent_at(lab: Lab) -> None:
    """The order tells when its last e-mail was sent."""
    may_email(lab)
    order = an_order(lab)
    before = lab.now()
    lab.call("send_email", key=lab.key(), path={"order": order["id"]}).given()
    after = lab.now()
    shown = lab.call("list_orders", key=lab.key(), query={"order_number": order["order_number"]}).given()
    sent = shown.member("data", 0, "email_sent_at")
    check(isinstance(sent, int) and before - 2 <= sent <= after + 2, f"a time about {before:.0f}", sent)


@rule("fileflare.orders.shopify-id")
def test_shopify_id(lab: Lab) -> None:
    """The last order is found by Shopify's id, and it is that order."""
    order, asset = lab.admin.rows("orders")[-1], made_link(lab)
    body = {"asset_ids": [asset["id"]]}
    lab.call("attach_to_order", key=lab.key(), path={"order": order["shopify_id"]}, json=body).expect(201)
    check(asset["id"] in own_assets(lab, order), "that order to have the asset", "it has not")
    dropped(lab, asset["id"])


@rule("fileflare.orders.own-id")
def test_own_id(lab: Lab) -> None:
    """An order is found by the id of the list."""
    order, asset = an_order(lab), made_link(lab)
    for operation in ("attach_to_order", "detach_from_order"):
        body = {"asset_ids": [asset["id"]]}
        lab.call(operation, key=lab.key(), path={"order": order["id"]}, json=body).passes()
    dropped(lab, asset["id"])


# digital-downloads.com, api-viewing-orders, api-viewing-products, api-viewing-download-links


@rule("fileflare.orders.fields")
def test_order_fields(lab: Lab) -> None:
    """Each listed order has its four members, times in Unix seconds."""
    for order in lab.call("list_orders", key=lab.key()).expect(200).member("data"):
        check(re.fullmatch(UUID, str(order.get("id"))) is not None, "a UUID as id", order)
        check(_is_whole(order.get("order_number")), "a whole order_number", order)
        check(_is_time(order.get("ordered_at")), "ordered_at in Unix seconds", order)
        check("email_sent_at" in order, "email_sent_at", order)
        sent = order["email_sent_at"]
        check(sent is None or _is_time(sent), "email_sent_at in Unix seconds", order)


@rule("fileflare.orders.paging")
def test_order_paging(lab: Lab) -> None:
    """Pages of 2 hold 2, do not overlap and together are as many as the total says."""
    total = taken(lab.call("list_orders", key=lab.key(), query={"limit": 2}), "meta", "total")
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
    for order in entries(lab, "list_orders", limit=2):
        number = order["order_number"]
        shown = lab.call("list_orders", key=lab.key(), query={"order_number": number}).expect(200)
        ids = [entry["id"] for entry in shown.member("data")]
        check(ids == [order["id"]], f"the order {number} alone", shown)
        part = number // 10
        shown = lab.call("list_orders", key=lab.key(), query={"order_number": part}).expect(200)
        numbers = {entry["order_number"] for entry in shown.member("data")}
        check(numbers <= {part}, f"no order whose number is not {part}", sorted(numbers))


@rule("fileflare.orders.with-assets")
def test_order_with_assets(lab: Lab) -> None:
    """An order lists the asset attached to it; an asset attached to every product is in no order's list."""
    order, own, sold = an_order(lab), made_link(lab), made_link(lab)
    body = {"asset_ids": [own["id"]]}
    lab.call("attach_to_order", key=lab.key(), path={"order": order["id"]}, json=body).given()
    ids = list(dict.fromkeys(product["product_id"] for product in entries(lab, "list_products")))
    at = {"asset": sold["id"]}
    lab.call("attach_to_products", key=lab.key(), path=at, json={"product_ids": ids}).given()
    shown = lab.call("list_orders", key=lab.key(), query={"with_assets": True}).expect(200).member("data")
    listed_in = {entry["id"]: {asset["id"] for asset in entry.get("assets", ())} for entry in shown}
    check(own["id"] in listed_in.get(order["id"], set()), "the order to list its asset", "it does not")
    check(not any(sold["id"] in assets for assets in listed_in.values()), "no asset of a product", "there is one")
    dropped(lab, own["id"], sold["id"])


@rule("fileflare.list.envelope")
def test_list_envelope(lab: Lab) -> None:
    """Lists tell where they are in Laravel's words."""
    for operation in ("list_orders",) if lab.thrifty else ("list_orders", "list_products"):
        answer = lab.call(operation, key=lab.key(), query={"limit": 2}).expect(200)
        links, meta, shown = answer.member("links"), answer.member("meta"), answer.member("data")
        check({"first", "last", "prev", "next"} <= links.keys(), "links first, last, prev and next", links)
        check(isinstance(meta.get("path"), str), "a path", meta)
        for name in ("last_page", "total"):
            check(_is_whole(meta.get(name)), f"a whole {name}", meta)
        told = {name: meta.get(name) for name in ("current_page", "per_page", "from", "to")}
        edges = {"from": 1, "to": len(shown)} if shown else {"from": None, "to": None}
        expected = {"current_page": 1, "per_page": 2, **edges}
        check(told == expected, str(expected), told)
        check(meta["last_page"] == max(1, -(-meta["total"] // 2)), "as many pages as the total needs", meta)


@rule("fileflare.list.links-work")
def test_list_links(lab: Lab) -> None:
    """The links lead forward and back, and end where the list does."""
    headers = lab.credential(lab.key())
    for operation in ("list_orders",) if lab.thrifty else ("list_orders", "list_products"):
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
    for operation in ("list_orders",) if lab.thrifty else ("list_orders", "list_products"):
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
            check(_is_whole(product.get(name)), f"a whole {name}", product)
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
    id = lab.admin.rows("orders")[0]["status_id"]
    check(re.fullmatch("[0-9a-f]{32}", id) is not None, "32 hexadecimal digits", id)
    lab.call("find_customer_order", query={"id": lab.hide(id, "ORDER_STATUS_ID")}).passes()


@rule("fileflare.customer.lines")
def test_customer_lines(lab: Lab) -> None:
    """The customer is told the order's number, its products, their assets and the downloads of each."""
    order = next(row for row in lab.admin.rows("orders") if row["lines"])
    query = {"id": lab.hide(order["status_id"], "ORDER_STATUS_ID")}
    answer = lab.call("find_customer_order", query=query).expect(200).conforms()
    number, lines = answer.member("order", "order_number"), answer.member("order", "lines")
    check(number == order["order_number"], str(order["order_number"]), number)
    # In whatever order.
    shown = sorted(line["product"]["id"] for line in lines)
    expected = sorted(line["product"] for line in order["lines"])
    check(shown == expected, f"the products {expected}", shown)
    counted = [asset["limits"] for line in lines for asset in line["assets"]]
    check(bool(counted), "assets with their limits", lines)
    check(all(0 <= limits["downloaded"] <= limits["limit"] for limits in counted), "downloads within limits", counted)


@rule("fileflare.customer.unknown")
def test_customer_unknown(lab: Lab) -> None:
    """An unknown id is 404, a missing or misshapen one 422."""
    lab.call("find_customer_order", query={"id": "0" * 32}).expect(404)
    lab.call("find_customer_order").expect(422)
    lab.call("find_customer_order", query={"id": "1056"}).expect(422)


# RFCs


@rule("fileflare.standard.allow")
def test_allow(lab: Lab) -> None:
    """A refused method is told those that the path has."""
    headers = lab.credential(lab.key())
    for method, path, has in (("PATCH", "/api/v1/orders", "GET"), ("GET", "/api/v1/orders/1/attach", "POST")):
        allowed = lab.request(method, path, headers=headers).given(405).header("Allow")
        check(has in re.split(r"\s*,\s*", allowed), f"Allow with {has}", allowed)


@rule("fileflare.standard.head")
def test_head(lab: Lab) -> None:
    """HEAD is answered with GET's status and no content."""
    key, asset = lab.key(), a_link(lab)
    cases = [("list_orders", NOTHING), ("list_assets", NOTHING), ("list_products", NOTHING), ("find_asset", NOTHING)]
    for operation, at in [*cases, ("find_asset", {"asset": asset["id"]})]:
        got = lab.call(operation, key=key, path=at)
        head = lab.call(operation, key=key, path=at, method="HEAD")
        check(head.status == got.status, f"{got.status} as GET", head)
        check(head.content == b"", "no content", f"{len(head.content)} bytes")


@rule("fileflare.standard.private")
def test_private(lab: Lab) -> None:
    """No answer to a key is marked public."""
    for answer in tour(lab).values():
        control = answer.given().headers.get("Cache-Control", "")
        check(not re.search(r"\bpublic\b|\bs-maxage\b", control, re.IGNORECASE), "nothing for shared caches", control)


@rule("fileflare.sweep.no-key-echoed")
def test_no_key_echoed(lab: Lab) -> None:
    """No passing answer repeats the key; of the others the sweep tells."""
    for answer in tour(lab).values():
        text = str(answer.given().headers) + answer.content.decode("utf-8", "replace")
        check(lab.key().raw not in text, f"{answer.request} not to repeat the key", answer)


# What a proof demands in more than one place.


def _budget(answer: Answer) -> tuple[int, int]:
    """Limit and rest as the answer tells them."""
    return int(answer.header("X-RateLimit-Limit", r"\d+")), int(answer.header("X-RateLimit-Remaining", r"\d+"))


def _field_map(answer: Answer) -> dict[str, list[str]]:
    """The errors of a 422, which has a message and a list of texts for each field."""
    check(isinstance(answer.member("message"), str), "a text as message", answer)
    errors = answer.member("errors")
    check(isinstance(errors, dict) and bool(errors), "errors by field", answer)
    for field, told in errors.items():
        texts = isinstance(told, list) and told and all(isinstance(text, str) and text for text in told)
        check(bool(texts), f"a list of texts for {field}", told)
    return dict(errors)


def _asset_fields(asset: dict[str, Any], url: str | None) -> None:
    check(re.fullmatch(UUID, str(asset.get("id"))) is not None, "a UUID as id", asset)
    check(isinstance(asset.get("filename"), str), "a filename", asset)
    check(_is_whole(asset.get("size")), "a size in whole bytes", asset)
    kind = (asset.get("is_file"), asset.get("is_link"))
    check(kind == (url is None, url is not None), "is_file and is_link as it was made", asset)
    check("url" in asset and asset["url"] == url, f"url {url}", asset)
    check(re.fullmatch(RFC3339, str(asset.get("created_at"))) is not None, "created_at as of RFC 3339", asset)


def _one(answer: Answer) -> dict[str, Any]:
    """A single asset, wherever the answer has it: no page says where."""
    body = answer.json()
    found = next((body[name] for name in ("data", "asset") if isinstance(body, dict) and name in body), body)
    check(isinstance(found, dict), "an asset", answer)
    return dict(found)


def _variants(lab: Lab) -> list[dict[str, Any]]:
    """The entries of a product that has several variants."""
    by_product: dict[int, list[dict[str, Any]]] = {}
    for product in entries(lab, "list_products"):
        by_product.setdefault(product["product_id"], []).append(product)
    for variants in by_product.values():
        if len(variants) > 1:
            return variants
    raise NotVerifiable("it needs a store with a product of two variants")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    """Unix seconds since the year 2001; milliseconds would be larger."""
    return _is_whole(value) and 10**9 <= value < 10**10


def _is_date(value: str) -> bool:
    try:
        return bool(parsedate_to_datetime(value))
    except ValueError:
        return False
