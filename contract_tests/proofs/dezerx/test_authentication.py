"""Proofs of the rules of the DezerX license API: the base path, licence keys and the state of a licence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.dezerx import steps
from contract_tests.provision import Key

# Base path


@rule("dezerx.path.base")
def test_base_path(lab: Lab) -> None:
    """All three endpoints answer below /api/license."""
    headers = steps.headers(lab.key())
    lab.request("GET", "/api/license/verify", headers=headers).passes()
    answer = lab.request("POST", "/api/license/download", headers=headers).passes()
    url = re.search(r'"(https?:[^"]+)"', answer.content.decode().replace("\\/", "/"))
    path = urlsplit(url[1]).path if url else "no URL"
    check(path.startswith("/api/license/"), "the download URL to lie below /api/license", path)


# Bearer token


@rule("dezerx.auth.bearer")
def test_bearer(lab: Lab) -> None:
    """A licence key in Authorization: Bearer, with domain and product, is let in."""
    for operation in lab.secured():
        lab.call(operation, key=lab.key(), headers={"Authorization": f"Bearer {lab.key().raw}"}).passes()


@rule("dezerx.auth.required")
def test_key_required(lab: Lab) -> None:
    """Without an Authorization header the call is refused, and the answer says so."""
    for operation in lab.secured():
        steps.is_refused(lab.call(operation, presents=lab.key().presents), "Authorization header missing")


@rule("dezerx.auth.missing-answer")
def test_missing_answer(lab: Lab) -> None:
    """Without an Authorization header the answer is 401 with code MISSING_AUTHORIZATION."""
    for operation in lab.secured():
        answer = lab.call(operation, presents=lab.key().presents)
        steps.tells(answer, 401, "Authorization header missing or invalid format", "MISSING_AUTHORIZATION")


@rule("dezerx.auth.other-scheme")
def test_other_scheme(lab: Lab) -> None:
    """A good key under another scheme is answered with 401 and code MISSING_AUTHORIZATION."""
    key = lab.key()
    for operation in lab.secured():
        for scheme in ("Basic", "Token"):
            answer = lab.call(operation, key=key, headers={"Authorization": f"{scheme} {key.raw}"}).expect(401)
            steps.has_member(answer, "error_code", "MISSING_AUTHORIZATION")


@rule("dezerx.auth.empty-key")
def test_empty_key(lab: Lab) -> None:
    """Bearer without a key is answered with 401 and code MISSING_LICENSE_KEY."""
    for operation in lab.secured():
        answer = lab.call(operation, presents=lab.key().presents, headers={"Authorization": "Bearer"})
        steps.tells(answer, 401, "License key is required", "MISSING_LICENSE_KEY")


@rule("dezerx.auth.invalid-key")
def test_invalid_key(lab: Lab) -> None:
    """A key that no licence has, well-formed or not, is answered with 401 and Invalid license key."""
    good = lab.key()
    for operation in lab.secured():
        for bad in (lab.forged(), good.raw[:-1], f"{good.raw}A", "nonsense"):
            answer = lab.call(operation, key=bad, presents=good.presents).expect(401)
            steps.speaks_of(answer, "Invalid license key")


@rule("dezerx.auth.invalid-answer")
def test_invalid_answer(lab: Lab) -> None:
    """The refusal of a key that no licence has carries the code INVALID_LICENSE."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.forged(), presents=lab.key().presents)
        steps.has_member(answer, "error_code", "INVALID_LICENSE")


@rule("dezerx.auth.revoked-key")
def test_revoked_key(lab: Lab) -> None:
    """A key works until it is revoked and is refused on the very next call."""
    key = lab.new_key()
    lab.call("verify", key=key).given()
    lab.admin.revoke(key)
    for operation in lab.secured():
        steps.has_member(lab.call(operation, key=key).expect(401), "error_code", "INVALID_LICENSE")


@rule("dezerx.auth.only-header")
def test_only_header(lab: Lab) -> None:
    """A good key in the query, in X-API-Key or in the body lets nobody in."""
    key = lab.key()
    presents = key.presents
    lab.call("verify", key=key).given()
    for operation in lab.secured():
        lab.call(operation, presents=presents, query={"license_key": key.raw, "api_key": key.raw}).expect(401)
        lab.call(operation, presents=presents, headers={"X-API-Key": key.raw, "X-License-Key": key.raw}).expect(401)
        lab.call(operation, presents=presents, json={"license_key": key.raw, "token": key.raw}).expect(401)


@rule("dezerx.auth.scheme-any-case")
def test_scheme_any_case(lab: Lab) -> None:
    """bearer and BEARER are read as Bearer is."""
    key = lab.key()
    for operation in lab.secured():
        for scheme in ("bearer", "BEARER"):
            lab.call(operation, key=key, headers={"Authorization": f"{scheme} {key.raw}"}).passes()


@rule("dezerx.standard.www-authenticate")
def test_challenge(lab: Lab) -> None:
    """A 401 carries a Bearer challenge, whatever is wrong with the credential."""
    for operation in lab.secured():
        for wrong in ({}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}, lab.credential(lab.forged())):
            lab.call(operation, headers=wrong).given(401).header("WWW-Authenticate", r"(.*,\s*)?Bearer\b.*")


@rule("dezerx.key.format")
def test_key_format(lab: Lab) -> None:
    """A new key is DEZERX_ and 16 upper-case letters and digits."""
    raw = lab.new_key().raw
    check(re.fullmatch("DEZERX_[A-Z0-9]{16}", raw) is not None, "DEZERX_ and 16 of A-Z and 0-9", raw)


@rule("dezerx.key.hashed")
def test_key_hashed(lab: Lab) -> None:
    """Of a key its first 11 characters and the SHA-256 of the rest are kept, and the whole key nowhere."""
    key = lab.new_key()
    stored = lab.admin.stored(key)
    digest = sha256(key.raw[11:].encode()).hexdigest()
    check(stored.get("prefix") == key.raw[:11], f"the prefix {key.raw[:11]}", stored.get("prefix"))
    check(stored.get("digest") == digest, "the SHA-256 of what follows the prefix", stored.get("digest"))
    check(key.raw not in json.dumps(stored), "no whole key in the record", "the record holds it")


@rule("dezerx.key.rotated")
def test_rotation(lab: Lab) -> None:
    """Rotating lets a new key in for the same domain and product and the old one out, at once."""
    old = lab.new_key()
    before = lab.call("verify", key=old).given().member("data")
    new = lab.rotate(old)
    lab.call("verify", key=old).expect(401)
    after = lab.call("verify", key=new, presents=old.presents).expect(200).member("data")
    for name in ("domain", "product_id"):
        check(after.get(name) == before.get(name), f"{name} {before.get(name)} as before", after.get(name))


# Licence state


@rule("dezerx.licence.inactive")
def test_inactive(lab: Lab) -> None:
    """A licence that is not active is refused, and the answer says License is inactive."""
    for operation in lab.secured():
        steps.is_refused(lab.call(operation, key=lab.key("inactive")), "License is inactive")


@rule("dezerx.licence.inactive-answer")
def test_inactive_answer(lab: Lab) -> None:
    """A licence that is not active is answered with 403 and code INACTIVE_LICENSE."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key("inactive"))
        steps.tells(answer, 403, "License is inactive or suspended", "INACTIVE_LICENSE")


@rule("dezerx.licence.at-once")
def test_suspended_at_once(lab: Lab) -> None:
    """Suspending shuts the same key out on its next call and activating lets it in again."""
    key = lab.new_key()
    lab.call("verify", key=key).given()
    lab.admin.change_key(key, attributes={"active": False})
    for operation in lab.secured():
        lab.call(operation, key=key).expect(403)
    lab.admin.change_key(key, attributes={"active": True})
    for operation in lab.secured():
        lab.call(operation, key=key).passes()


@rule("dezerx.order.checks")
def test_order_of_checks(lab: Lab) -> None:
    """Of several faults the earlier one in the order is told, down to the last one alone."""
    key = lab.key("inactive")
    bare = lab.new_key(attributes={"domain": None, "product_id": key.presents["product_id"], "active": False})
    wrong = {**steps.other_product(key), "domain": steps.ELSEWHERE}
    cases: list[tuple[Key | str, Mapping[str, Any], str]] = [
        (lab.forged(), {}, "INVALID_LICENSE"),
        (bare, {}, "MISSING_DOMAIN"),
        (bare, {"domain": steps.ELSEWHERE}, "MISSING_PRODUCT_ID"),
        (bare, wrong, "NO_DOMAIN_CONFIGURED"),
        (key, wrong, "DOMAIN_MISMATCH"),
        (key, steps.other_product(key), "PRODUCT_ID_MISMATCH"),
        (key, key.presents, "INACTIVE_LICENSE"),
    ]
    for operation in lab.secured():
        for caller, presents, code in cases:
            steps.has_member(lab.call(operation, key=caller, presents=presents), "error_code", code)
    steps.used_up(lab, lab.key())
    steps.has_member(lab.call("verify", key=lab.forged()), "error_code", "RATE_LIMIT_EXCEEDED")
