"""Proofs of the rules of Fileflare: errors, the map of mistakes, and standards."""

from __future__ import annotations

import re
from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.fileflare.steps import (
    NOTHING,
    TOO_LARGE,
    a_link,
    a_product,
    an_order,
    bodies,
    by_id,
    dropped,
    field_map,
    known_order,
    link,
    listed,
    order_at,
    signed,
    signed_upload,
    taken,
    tour,
    with_body,
)

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
    """One byte is refused where the storage is used up, five are accepted where there is room."""
    wanted = {"filename": lab.named("latchkey.txt"), "size": 1}
    lab.call("sign_upload", key=lab.key("storage_full"), json=wanted).expect(402)
    signed(lab)[1].passes()


@rule("fileflare.error.larger-than-plan")
def test_larger_than_plan(lab: Lab) -> None:
    """A file of a petabyte is refused."""
    lab.call("sign_upload", key=lab.key(), json=TOO_LARGE).expect(402)


@rule("fileflare.error.plan-upgrade")
def test_plan_upgrade(lab: Lab) -> None:
    """What the smallest plan has no room for, a larger one takes."""
    key, wanted = lab.key(), {"filename": lab.named("latchkey.txt"), "size": 1}
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
    own, order, theirs, mine = known_order(lab), order_at(other), a_link(other), a_link(lab)
    upload, _, url = signed_upload(other)
    valid = bodies(lab, mine["id"], a_product(lab))
    if order == own.at:
        # Stores that were set up alike have orders of the same numbers.
        order = {"order": an_order(other)["id"]}
    for operation in lab.some(by_id(lab)):
        asset = upload if operation in {"confirm_upload", "cancel_upload"} else theirs["id"]
        at = {**order, "asset": asset}
        lab.call(operation, key=lab.key(), path=at, json=valid.get(operation)).expect(404)
    lab.call("attach_to_order", key=lab.key(), path=own.at, json={"asset_ids": [theirs["id"]]}).expect(404)
    kept = listed(other, theirs["filename"])
    check([entry["url"] for entry in kept] == [theirs["url"]], "the other store's asset to stay as it is", kept)
    other.request("PUT", url, content=b"hello").given()
    other.call("confirm_upload", key=other.key(), path={"asset": upload}).passes()
    dropped(other, upload)


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
        for body in ({}, wrong) if number < 1 or not lab.thrifty else ({},):
            lab.call(operation, key=lab.key(), path=at, json=body).expect(422)


@rule("fileflare.error.not-json")
def test_not_json(lab: Lab) -> None:
    """Half a JSON object is a 422 with a field map."""
    headers = {"Content-Type": "application/json"}
    answer = lab.call("store_asset", key=lab.key(), content=b'{"filename": ', headers=headers).expect(422)
    field_map(answer)


@rule("fileflare.error.query")
def test_query(lab: Lab) -> None:
    """A page of 0, a page that is no number and a flag that is no flag are 422, told under their names."""
    wrong = [("list_orders", "with_assets"), ("list_assets", "with_products"), ("list_products", "with_assets")]
    for operation, flag in wrong:
        for name, value in (("page", "0"), ("page", "first"), (flag, "perhaps")):
            answer = lab.call(operation, key=lab.key(), query={name: value}).expect(422)
            check(name in field_map(answer), f"an error of {name}", answer)


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
        errors = field_map(answer)
        check(missing[operation] <= errors.keys(), f"errors of {', '.join(sorted(missing[operation]))}", answer)


@rule("fileflare.error.all-fields")
def test_all_fields(lab: Lab) -> None:
    """Fields that are missing and fields that are wrong are told together."""
    for body in ({}, {"filename": 5}):
        errors = field_map(lab.call("store_asset", key=lab.key(), json=body).given(422))
        check({"filename", "size", "url"} <= errors.keys(), "errors of filename, size and url", sorted(errors))


@rule("fileflare.error.required-wording")
def test_required_wording(lab: Lab) -> None:
    """Missing fields are told in the document's words."""
    errors = field_map(lab.call("store_asset", key=lab.key(), json={}).given(422))
    for field in ("filename", "size", "url"):
        told = errors.get(field, [])
        check(f"The {field} field is required." in told, f"The {field} field is required.", told)


@rule("fileflare.error.string-wording")
def test_string_wording(lab: Lab) -> None:
    """A number as filename is told in the document's words."""
    told = field_map(lab.call("store_asset", key=lab.key(), json=link(lab, filename=5)).given(422)).get("filename", [])
    check("The filename must be a string." in told, "The filename must be a string.", told)


@rule("fileflare.error.filename-length")
def test_filename_length(lab: Lab) -> None:
    """255 characters are accepted, 256 are refused in the document's words."""
    longest = lab.named("").ljust(255, "a")
    answer = lab.call("store_asset", key=lab.key(), json=link(lab, filename=longest)).passes()
    dropped(lab, taken(answer, "asset", "id"))
    answer = lab.call("store_asset", key=lab.key(), json=link(lab, filename=f"{longest}a")).expect(422)
    told = field_map(answer).get("filename", [])
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
        first = next(iter(field_map(answer).values()))[0]
        check(answer.member("message") == first + ending, first + ending, answer.member("message"))


@rule("fileflare.error.missing-once")
def test_missing_once(lab: Lab) -> None:
    """Of a missing field nothing but its absence is told."""
    errors = field_map(lab.call("store_asset", key=lab.key(), json={}).given(422))
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
        told = field_map(lab.call(operation, key=lab.key(), path=at, json=body).given(422)).get(field)
        check(told == [expected], expected, told)


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
