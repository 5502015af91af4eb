"""Proofs of the DezerX license API's rules, in the catalogue's order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest

from contract_tests.answer import Answer
from contract_tests.counting import counted_out, exhausted, refused, reopened, shared, steady
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs import dezerx_steps as steps
from contract_tests.provision import Key

#: A domain that no licence is for.
ELSEWHERE = "elsewhere.example"
#: A token of the right form that was never made.
NO_TOKEN = "a1b2c3d4" * 8
CLIENT_ERRORS = tuple(range(400, 500))

# Base path


@rule("dezerx.path.base")
def test_base_path(lab: Lab) -> None:
    """All three endpoints answer below /api/license."""
    headers = _headers(lab.key())
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
        _refused(lab.call(operation, presents=lab.key().presents), "Authorization header missing")


@rule("dezerx.auth.missing-answer")
def test_missing_answer(lab: Lab) -> None:
    """Without an Authorization header the answer is 401 with code MISSING_AUTHORIZATION."""
    for operation in lab.secured():
        answer = lab.call(operation, presents=lab.key().presents)
        _told(answer, 401, "Authorization header missing or invalid format", "MISSING_AUTHORIZATION")


@rule("dezerx.auth.other-scheme")
def test_other_scheme(lab: Lab) -> None:
    """A good key under another scheme is answered with 401 and code MISSING_AUTHORIZATION."""
    key = lab.key()
    for operation in lab.secured():
        for scheme in ("Basic", "Token"):
            answer = lab.call(operation, key=key, headers={"Authorization": f"{scheme} {key.raw}"}).expect(401)
            _member(answer, "error_code", "MISSING_AUTHORIZATION")


@rule("dezerx.auth.empty-key")
def test_empty_key(lab: Lab) -> None:
    """Bearer without a key is answered with 401 and code MISSING_LICENSE_KEY."""
    for operation in lab.secured():
        answer = lab.call(operation, presents=lab.key().presents, headers={"Authorization": "Bearer"})
        _told(answer, 401, "License key is required", "MISSING_LICENSE_KEY")


@rule("dezerx.auth.invalid-key")
def test_invalid_key(lab: Lab) -> None:
    """A key that no licence has, well-formed or not, is answered with 401 and Invalid license key."""
    good = lab.key()
    for operation in lab.secured():
        for bad in (lab.forged(), good.raw[:-1], f"{good.raw}A", "nonsense"):
            answer = lab.call(operation, key=bad, presents=good.presents).expect(401)
            _speaks(answer, "Invalid license key")


@rule("dezerx.auth.invalid-answer")
def test_invalid_answer(lab: Lab) -> None:
    """The refusal of a key that no licence has carries the code INVALID_LICENSE."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.forged(), presents=lab.key().presents)
        _member(answer, "error_code", "INVALID_LICENSE")


@rule("dezerx.auth.revoked-key")
def test_revoked_key(lab: Lab) -> None:
    """A key works until it is revoked and is refused on the very next call."""
    key = lab.new_key()
    lab.call("verify", key=key).given()
    lab.admin.revoke(key)
    for operation in lab.secured():
        _member(lab.call(operation, key=key).expect(401), "error_code", "INVALID_LICENSE")


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


# Domain


@rule("dezerx.domain.required")
def test_domain_required(lab: Lab) -> None:
    """Without a domain the call is refused, and the answer says Domain is required."""
    for operation in lab.secured():
        _refused(lab.call(operation, key=lab.key(), presents=_without(lab.key(), "domain")), "Domain is required")


@rule("dezerx.domain.required-answer")
def test_domain_required_answer(lab: Lab) -> None:
    """Without a domain the answer is 400 with code MISSING_DOMAIN."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=_without(lab.key(), "domain")).expect(400)
        _member(answer, "error_code", "MISSING_DOMAIN")


@rule("dezerx.domain.mismatch")
def test_domain_mismatch(lab: Lab) -> None:
    """The licence's own domain is let in and another one is refused."""
    key = lab.key()
    for operation in lab.secured():
        lab.call(operation, key=key).given()
        _refused(lab.call(operation, key=key, presents={**key.presents, "domain": ELSEWHERE}))


@rule("dezerx.domain.mismatch-answer")
def test_domain_mismatch_answer(lab: Lab) -> None:
    """Another domain is answered with 403 and code DOMAIN_MISMATCH."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents={**lab.key().presents, "domain": ELSEWHERE})
        _told(answer, 403, "Domain mismatch. License not valid for this domain.", "DOMAIN_MISMATCH")


@rule("dezerx.domain.none-configured")
def test_no_domain_configured(lab: Lab) -> None:
    """A licence without a domain is answered with 403 and code NO_DOMAIN_CONFIGURED."""
    key = lab.key("no_domain")
    for operation in lab.secured():
        answer = lab.call(operation, key=key, presents={**key.presents, "domain": ELSEWHERE})
        _told(answer, 403, "No domain configured for this license", "NO_DOMAIN_CONFIGURED")


@rule("dezerx.domain.bare")
def test_domain_bare(lab: Lab) -> None:
    """The licence's domain with a scheme or with www. before it does not match."""
    key = lab.key()
    domain = key.presents["domain"]
    for operation in lab.secured():
        lab.call(operation, key=key).given()
        for written in (f"https://{domain}", f"www.{domain}"):
            answer = lab.call(operation, key=key, presents={**key.presents, "domain": written}).expect(403)
            _member(answer, "error_code", "DOMAIN_MISMATCH")


# Product


@rule("dezerx.product.required")
def test_product_required(lab: Lab) -> None:
    """Without a product id the call is refused, and the answer says Product ID is required."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=_without(lab.key(), "product_id"))
        _refused(answer, "Product ID is required")


@rule("dezerx.product.required-answer")
def test_product_required_answer(lab: Lab) -> None:
    """Without a product id the answer is 400 with code MISSING_PRODUCT_ID."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=_without(lab.key(), "product_id")).expect(400)
        _member(answer, "error_code", "MISSING_PRODUCT_ID")


@rule("dezerx.product.mismatch")
def test_product_mismatch(lab: Lab) -> None:
    """The licence's own product is let in; another one is refused, and the answer says Product ID mismatch."""
    key = lab.key()
    for operation in lab.secured():
        lab.call(operation, key=key).given()
        _refused(lab.call(operation, key=key, presents=_other_product(key)), "Product ID mismatch")


@rule("dezerx.product.mismatch-answer")
def test_product_mismatch_answer(lab: Lab) -> None:
    """Another product is answered with 403 and code PRODUCT_ID_MISMATCH."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=_other_product(lab.key()))
        _told(answer, 403, "Product ID mismatch. License not valid for this product.", "PRODUCT_ID_MISMATCH")


@rule("dezerx.product.not-a-number")
def test_product_not_a_number(lab: Lab) -> None:
    """A product id that is no number is answered as another product is."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents={**lab.key().presents, "product_id": "first"}).expect(403)
        _member(answer, "error_code", "PRODUCT_ID_MISMATCH")


# Where domain and product come from


@rule("dezerx.presented.headers")
def test_from_headers(lab: Lab) -> None:
    """X-Domain and X-Product-ID are enough, and are what is compared."""
    headers = _headers(lab.key())
    for operation in lab.secured():
        lab.call(operation, headers=headers).passes()
        _refused(lab.call(operation, headers={**headers, "X-Domain": ELSEWHERE}))
        _refused(lab.call(operation, headers={**headers, "X-Product-ID": _other_product(lab.key())["product_id"]}))


@rule("dezerx.presented.body")
def test_from_body(lab: Lab) -> None:
    """domain and product_id in a JSON body are enough, in a GET as in a POST, and are what is compared."""
    key = lab.key()
    body = _body(key)
    for operation in lab.secured():
        lab.call(operation, key=key, presents={}, json=body).passes()
        _refused(lab.call(operation, key=key, presents={}, json={**body, "domain": ELSEWHERE}))
        _refused(lab.call(operation, key=key, presents={}, json={**body, "product_id": body["product_id"] + 1}))


@rule("dezerx.presented.header-wins")
def test_header_wins(lab: Lab) -> None:
    """Of a header and a body that disagree the header decides, for the domain and for the product."""
    key = lab.key()
    body = _body(key)
    wrong = {"domain": ELSEWHERE, "product_id": body["product_id"] + 1}
    for operation in lab.secured():
        for name, value in wrong.items():
            lab.call(operation, key=key, json={**body, name: value}).passes()
            lab.call(operation, key=key, presents={**key.presents, name: value}, json=body).expect(403)


@rule("dezerx.presented.mixed")
def test_header_and_body(lab: Lab) -> None:
    """One of the two in its header and the other in the body are read together."""
    key = lab.key()
    body = _body(key)
    for operation in lab.secured():
        for name in body:
            lab.call(operation, key=key, presents={name: key.presents[name]}, json=_without(body, name)).passes()


# Licence state


@rule("dezerx.licence.inactive")
def test_inactive(lab: Lab) -> None:
    """A licence that is not active is refused, and the answer says License is inactive."""
    for operation in lab.secured():
        _refused(lab.call(operation, key=lab.key("inactive")), "License is inactive")


@rule("dezerx.licence.inactive-answer")
def test_inactive_answer(lab: Lab) -> None:
    """A licence that is not active is answered with 403 and code INACTIVE_LICENSE."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key("inactive"))
        _told(answer, 403, "License is inactive or suspended", "INACTIVE_LICENSE")


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
    wrong = {**_other_product(key), "domain": ELSEWHERE}
    steps: list[tuple[Key | str, Mapping[str, Any], str]] = [
        (lab.forged(), {}, "INVALID_LICENSE"),
        (bare, {}, "MISSING_DOMAIN"),
        (bare, {"domain": ELSEWHERE}, "MISSING_PRODUCT_ID"),
        (bare, wrong, "NO_DOMAIN_CONFIGURED"),
        (key, wrong, "DOMAIN_MISMATCH"),
        (key, _other_product(key), "PRODUCT_ID_MISMATCH"),
        (key, key.presents, "INACTIVE_LICENSE"),
    ]
    for operation in lab.secured():
        for caller, presents, code in steps:
            _member(lab.call(operation, key=caller, presents=presents), "error_code", code)
    _exhausted(lab, lab.key())
    _member(lab.call("verify", key=lab.forged()), "error_code", "RATE_LIMIT_EXCEEDED")


# Endpoint 1: Verify License


@rule("dezerx.verify.information")
def test_verify_informs(lab: Lab) -> None:
    """A valid licence is answered with success and a JSON object that says something."""
    body = lab.call("verify", key=lab.key()).passes().json()
    check(isinstance(body, dict) and bool(body), "an object with information", body)


@rule("dezerx.verify.answer")
def test_verify_answer(lab: Lab) -> None:
    """verify answers 200 with success, the published message and data."""
    _succeeds(lab.call("verify", key=lab.key()), "License is valid and active")


@rule("dezerx.verify.data")
def test_verify_data(lab: Lab) -> None:
    """data holds three integer ids, two names and is_active true."""
    answer = lab.call("verify", key=lab.key()).given()
    for name in ("license_id", "product_id", "user_id"):
        value = answer.member("data", name)
        check(type(value) is int, f"data.{name} to be an integer", repr(value))
    for name in ("product_name", "domain"):
        value = answer.member("data", name)
        check(isinstance(value, str) and bool(value), f"data.{name} to be a text", repr(value))
    active = answer.member("data", "is_active")
    check(active is True, "data.is_active to be true", repr(active))


@rule("dezerx.verify.own-licence")
def test_verify_own_licence(lab: Lab) -> None:
    """verify tells the key, the domain and the product of the licence that was asked with."""
    for key in (lab.key(), lab.key("no_file")):
        answer = lab.call("verify", key=key).given()
        for name, value in {"license_key": key.raw, **_body(key)}.items():
            told = answer.member("data", name)
            check(told == value, f"data.{name} {value!r}", repr(told))


@rule("dezerx.verify.times")
def test_verify_times(lab: Lab) -> None:
    """The times are in UTC with six decimals and a Z."""
    answer = lab.call("verify", key=lab.key()).given()
    created, rotated = answer.member("data", "created_at"), answer.member("data", "last_rotated")
    _time(created, 6)
    if rotated is not None:
        _time(rotated, 6)


# Endpoint 2: Generate Download Token


@rule("dezerx.download.token")
def test_token(lab: Lab) -> None:
    """POST download succeeds, and the download takes the token that it gave."""
    token = lab.call("generate_download_token", key=lab.key()).passes().member("data", "download_url")
    _download(lab, lab.hide(str(token).rsplit("/", 1)[-1], "DOWNLOAD_TOKEN")).passes()


@rule("dezerx.download.answer")
def test_token_answer(lab: Lab) -> None:
    """POST download answers 200 with success, the published message and data."""
    _succeeds(lab.call("generate_download_token", key=lab.key()), "Download token generated successfully")


@rule("dezerx.download.url")
def test_download_url(lab: Lab) -> None:
    """download_url is absolute, and its path is that of the download with the token at its end."""
    answer = lab.call("generate_download_token", key=lab.key()).given()
    url = str(answer.member("data", "download_url"))
    right = re.fullmatch(r"https?://[^/]+/api/license/download-file/[^/?#]+", url) is not None
    check(right, "https://<host>/api/license/download-file/<token>", url)


@rule("dezerx.download.expires-at")
def test_expires_at(lab: Lab) -> None:
    """expires_at is 24 hours from now, in UTC with three decimals and a Z."""
    answer = lab.call("generate_download_token", key=lab.key()).given()
    told = answer.member("data", "expires_at")
    seconds = _time(told, 3) - lab.now()
    # Two minutes of slack for a target whose clock is not ours.
    check(abs(seconds - 86400) < 120, "a moment 86400 s from now", f"{told}, which is {seconds:.0f} s from now")


@rule("dezerx.download.product")
def test_token_product(lab: Lab) -> None:
    """The answer names the product as verify does, and the size is that of the file then downloaded."""
    name = lab.call("verify", key=lab.key()).given().member("data", "product_name")
    answer = lab.call("generate_download_token", key=lab.key()).given()
    told, size = answer.member("data", "product_name"), answer.member("data", "file_size")
    content = _download(lab, steps.token_of(lab, answer)).given().content
    check(told == name, f"product_name {name!r}", repr(told))
    check(size == len(content), f"file_size {len(content)}, as many bytes as came", repr(size))


@rule("dezerx.download.disabled")
def test_download_disabled(lab: Lab) -> None:
    """A licence of a product that is not offered through the API verifies and gets 403 instead of a token."""
    key = lab.key("download_disabled")
    lab.call("verify", key=key).given()
    lab.call("generate_download_token", key=key).expect(403)


@rule("dezerx.download.disabled-answer")
def test_download_disabled_answer(lab: Lab) -> None:
    """The refusal says that API download is disabled for the product."""
    answer = lab.call("generate_download_token", key=lab.key("download_disabled"))
    _member(answer, "success", False)
    _member(answer, "message", "API download is disabled for this product")


@rule("dezerx.download.no-file")
def test_no_file(lab: Lab) -> None:
    """A licence of a product without a file verifies and gets 404 instead of a token."""
    key = lab.key("no_file")
    lab.call("verify", key=key).given()
    answer = lab.call("generate_download_token", key=key).expect(404)
    _member(answer, "success", False)
    _member(answer, "message", "No downloadable file available for this product")


@rule("dezerx.download.own-token")
def test_own_token(lab: Lab) -> None:
    """Two calls give two tokens, and both are good, the earlier one last."""
    first, second = steps.token(lab), steps.token(lab)
    check(first != second, "two different tokens", "the same one twice")
    _download(lab, second).passes()
    _download(lab, first).passes()


# Endpoint 3: Download File


@rule("dezerx.file.bytes")
def test_file(lab: Lab) -> None:
    """Two tokens of one product give the same bytes, and there are some."""
    contents = {_download(lab, steps.token(lab)).passes().content for _ in range(2)}
    check(len(contents) == 1 and b"" not in contents, "the product's file both times", f"{len(contents)} contents")


@rule("dezerx.file.without-key")
def test_file_without_key(lab: Lab) -> None:
    """A download that names no key, no domain and no product is answered with the file."""
    token = steps.token(lab)
    lab.request("GET", f"/api/license/download-file/{token}").passes()


@rule("dezerx.file.disposition")
def test_disposition(lab: Lab) -> None:
    """Content-Disposition names the file."""
    _download(lab, steps.token(lab)).given().header("Content-Disposition", r""".*;\s*filename\*?\s*=\s*"?[^\s";]+.*""")


@rule("dezerx.file.attachment")
def test_attachment(lab: Lab) -> None:
    """Content-Disposition is attachment, its filename in quotes."""
    _download(lab, steps.token(lab)).given().header("Content-Disposition", r'attachment;\s*filename="[^"]+"(\s*;.*)?')


@rule("dezerx.file.type")
def test_file_type(lab: Lab) -> None:
    """A zip archive comes as application/zip, any file at least as application/octet-stream."""
    answer = _download(lab, steps.token(lab)).given()
    known = (
        "application/zip|" if answer.content.startswith(b"PK") else r"(?!text/html|application/json)[\w.+-]+/[\w.+-]+|"
    )
    answer.header("Content-Type", rf"({known}application/octet-stream)(\s*;.*)?")


@rule("dezerx.file.length")
def test_file_length(lab: Lab) -> None:
    """Content-Length is the number of bytes that come."""
    answer = _download(lab, steps.token(lab)).given()
    _is_whole(lab, answer)
    answer.header("Content-Length", str(len(answer.content)))


@rule("dezerx.file.no-cache")
def test_file_no_cache(lab: Lab) -> None:
    """The file carries the three published headers; directives may stand in any order and beside others."""
    _has_no_cache_headers(_download(lab, steps.token(lab)).given())


@rule("dezerx.file.head")
def test_file_head(lab: Lab) -> None:
    """HEAD tells name and length of the file, and the token still gives it afterwards."""
    token = steps.token(lab)
    head = _download(lab, token, method="HEAD").passes()
    answer = _download(lab, token).passes()
    _is_whole(lab, answer)
    for name in ("Content-Disposition", "Content-Length", "Content-Type"):
        told = head.header(name)
        check(
            told == answer.headers.get(name), f"HEAD to tell {name} as GET does", f"{told}; {answer.headers.get(name)}"
        )


@rule("dezerx.file.gone")
def test_file_gone(lab: Lab) -> None:
    """A token whose file was taken away since is answered with 404 and Product file not found."""
    key = lab.key()
    token = steps.token(lab, key)
    lab.admin.change_row("products", key.presents["product_id"], product_file=None)
    answer = _download(lab, token).expect(404)
    _member(answer, "success", False)
    _member(answer, "message", "Product file not found")


@rule("dezerx.file.suspended-licence")
def test_file_of_suspended_licence(lab: Lab) -> None:
    """A token that was made before its licence was suspended still gives the file."""
    key = lab.new_key()
    token = steps.token(lab, key)
    lab.admin.change_key(key, attributes={"active": False})
    _download(lab, token).passes()


# One-time tokens


@rule("dezerx.token.once")
def test_token_once(lab: Lab) -> None:
    """The first download with a token succeeds, and the second and the third are refused."""
    token = steps.token(lab)
    _download(lab, token).given()
    for _ in range(2):
        _refused(_download(lab, token))


@rule("dezerx.token.lives")
def test_token_lives(lab: Lab) -> None:
    """A token is good one minute before 24 hours have passed."""
    token = steps.token(lab)
    lab.advance(86400 - 60)
    _download(lab, token).passes()


@rule("dezerx.token.expires")
def test_token_expires(lab: Lab) -> None:
    """A token that nobody used is refused when 24 hours have passed."""
    token = steps.token(lab)
    lab.advance(86400 + 1)
    _refused(_download(lab, token), "Invalid or expired download token")


@rule("dezerx.token.kept-on-failure")
def test_token_kept_on_failure(lab: Lab) -> None:
    """A token that met no file gives it once the file is back."""
    key = lab.key()
    product = key.presents["product_id"]
    file = next(row["product_file"] for row in lab.admin.rows("products") if row["id"] == product)
    token = steps.token(lab, key)
    lab.admin.change_row("products", product, product_file=None)
    _download(lab, token).given(*CLIENT_ERRORS)
    lab.admin.change_row("products", product, product_file=file)
    _download(lab, token).passes()


@rule("dezerx.file.invalid-token")
def test_invalid_token(lab: Lab) -> None:
    """A token that was never made and one that was used are refused as invalid or expired."""
    for token in (NO_TOKEN, _spent(lab)):
        _refused(_download(lab, token), "Invalid or expired download token")


@rule("dezerx.file.invalid-token-answer")
def test_invalid_token_answer(lab: Lab) -> None:
    """A token that was never made and one that was used are answered with 404."""
    for token in (NO_TOKEN, _spent(lab)):
        _download(lab, token).expect(404)


@rule("dezerx.token.renewed")
def test_token_renewed(lab: Lab) -> None:
    """After a token is used up, a new one gives the file again."""
    _spent(lab)
    _download(lab, steps.token(lab)).passes()


# Rate limiting


@rule("dezerx.limit.sixty")
@spends
@pytest.mark.parametrize("operation", ["verify", "generate_download_token"])
def test_sixty(lab: Lab, operation: str) -> None:
    """Sixty calls within a minute pass and the 61st is answered with 429."""
    counted_out(lab, 60, lambda: lab.call(operation, key=lab.key()))
    steady(lab, 60, lambda: lab.call(operation, key=lab.key()))


@rule("dezerx.limit.message")
@spends
def test_limit_message(lab: Lab) -> None:
    """The 429 says Too many requests."""
    _speaks(_limited(lab), "Too many requests")


@rule("dezerx.limit.answer")
@spends
def test_limit_answer(lab: Lab) -> None:
    """The 429 carries the published message and the code RATE_LIMIT_EXCEEDED."""
    answer = _limited(lab)
    _told(answer, 429, "Too many requests. Please try again later.", "RATE_LIMIT_EXCEEDED")


@rule("dezerx.limit.window")
@reopens
def test_limit_window(lab: Lab) -> None:
    """When a minute has passed since the calls were used up, calls pass again."""
    reopened(lab, 60, lambda: lab.call("verify", key=lab.key())).late.passes()
    lab.call("generate_download_token", key=lab.key()).passes()


@rule("dezerx.limit.across-licences")
@spends
def test_limit_across_licences(lab: Lab) -> None:
    """What one licence used up at an address, another licence lacks there."""
    other = lab.key("no_file")
    if not lab.thrifty:
        lab.call("verify", key=other).given()
    shared(lab, 60, lambda: lab.call("verify", key=lab.key()), lambda: lab.call("verify", key=other))


@rule("dezerx.limit.across-addresses")
@spends
def test_limit_across_addresses(lab: Lab) -> None:
    """What one address used up, another has still, with the same licence."""
    elsewhere = lab.from_elsewhere()
    _exhausted(lab, lab.key())
    lab.call("verify", key=lab.key(), headers=elsewhere).passes()


@rule("dezerx.limit.shared")
@reopens
def test_limit_shared(lab: Lab) -> None:
    """Calls of verify use up those of download, and the other way round."""
    first, second = (operation.id.partition(".")[2] for operation in lab.secured())
    for spent, other in ((first, second), (second, first)):
        lab.advance(61)
        shared(lab, 60, partial(lab.call, spent, key=lab.key()), partial(lab.call, other, key=lab.key()))


@rule("dezerx.limit.before-key")
@reopens
def test_limit_before_key(lab: Lab) -> None:
    """Fifty-nine refused calls of every kind leave one of the sixty, and then none."""
    key, forged = lab.key(), lab.forged()
    _fresh_window(lab)
    for number in range(59):
        wrong: Key | str | None = (None, forged, key)[number % 3]
        lab.call("verify", key=wrong, presents={}).given(*CLIENT_ERRORS)
    lab.call("verify", key=key).passes()
    lab.call("verify", key=forged).expect(429)


@rule("dezerx.limit.fixed-window")
@reopens
def test_limit_fixed_window(lab: Lab) -> None:
    """Nothing has come back 59 seconds after the first of the sixty calls."""
    _fresh_window(lab)
    _exhausted(lab, lab.key())
    lab.advance(58)
    lab.call("verify", key=lab.key()).expect(429)


@rule("dezerx.limit.refused-free")
@reopens
def test_refused_calls_are_free(lab: Lab) -> None:
    """Calls refused during the wait do not make it longer."""
    _fresh_window(lab)
    _exhausted(lab, lab.key())
    lab.advance(30)
    for _ in range(5):
        lab.call("verify", key=lab.key()).given(429)
    lab.advance(30)
    lab.call("verify", key=lab.key()).passes()


@rule("dezerx.limit.told")
def test_limit_told(lab: Lab) -> None:
    """An answer that counts carries a rate-limit header of some name."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key()).given()
        check(bool(_rate_headers(answer)), "a header about the rate limit", ", ".join(answer.headers))


@rule("dezerx.limit.headers")
@reopens
def test_limit_headers(lab: Lab) -> None:
    """The headers tell sixty and count down one by one, over passing and refused calls alike, to nothing."""
    key = lab.key()
    _fresh_window(lab)
    calls: list[tuple[Key | str | None, Mapping[str, Any]]] = [
        (key, key.presents),
        (lab.forged(), key.presents),
        (None, {}),
        (key, {}),
        (key, {**key.presents, "domain": ELSEWHERE}),
    ]
    for number, (caller, presents) in enumerate(calls, 1):
        answer = lab.call(lab.secured()[number % 2], key=caller, presents=presents)
        answer.header("X-RateLimit-Limit", "60")
        answer.header("X-RateLimit-Remaining", str(60 - number))
    refused = _exhausted(lab, key)
    refused.header("X-RateLimit-Limit", "60")
    refused.header("X-RateLimit-Remaining", "0")


@rule("dezerx.limit.retry-after")
@reopens
def test_retry_after(lab: Lab) -> None:
    """Retry-After names the wait: shortly before it is over calls are refused, after it they pass."""
    told = reopened(lab, 60, lambda: lab.call("verify", key=lab.key()))
    seconds = int(told.refusal.header("Retry-After", r"\d+"))
    check(1 <= seconds <= 60, "1 to 60 seconds", seconds)
    if told.early:
        told.early.expect(429)
    if told.due:
        told.due.passes()


@rule("dezerx.standard.retry-after")
def test_retry_after_form(lab: Lab) -> None:
    """Retry-After, where it is sent, is a number of seconds or an HTTP date."""
    answer = _limited(lab)
    if "Retry-After" in answer.headers:
        answer.header("Retry-After", r"\d+|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


@rule("dezerx.standard.429-not-stored")
def test_429_not_stored(lab: Lab) -> None:
    """Nothing in a 429 lets a cache keep it."""
    answer = _limited(lab)
    directives = _directives(answer)
    lasting = {item for item in directives if re.fullmatch(r"public|(s-)?max-age=0*[1-9]\d*", item)}
    check("no-store" in directives or not lasting, "no leave to store", answer.headers.get("Cache-Control"))


@rule("dezerx.file.unlimited")
@spends
def test_file_unlimited(lab: Lab) -> None:
    """After sixty download attempts within a minute the 61st gets its file. Where requests are dear, after sixty other calls."""
    lab.may_spend()
    if lab.thrifty:
        _exhausted(lab, lab.key())
        check(_download(lab, NO_TOKEN).status != 429, "no download to be refused with 429", "429")
        return
    spent, fresh = _spent(lab), steps.token(lab)
    for _ in range(60):
        answer = _download(lab, spent)
        check(answer.status != 429, "no download to be refused with 429", answer)
    _download(lab, fresh).passes()


@rule("dezerx.file.uncounted")
@reopens
def test_file_uncounted(lab: Lab) -> None:
    """Ten downloads beside sixty other calls of the address leave all sixty passing. Where requests are dear, the headers
    tell it.
    """
    if lab.thrifty:
        _leaves_the_budget(lab)
        return
    _fresh_window(lab)
    token = steps.token(lab)
    _download(lab, token).given()
    for _ in range(9):
        _download(lab, NO_TOKEN)
    for _ in range(59):
        lab.call("verify", key=lab.key()).passes()


def _leaves_the_budget(lab: Lab) -> None:
    """Two downloads between two calls take nothing of what these tell to be left."""
    lab.afresh()
    token = steps.token(lab)
    before = _told_left(lab.call("verify", key=lab.key()))
    _download(lab, token)
    _download(lab, NO_TOKEN)
    after = _told_left(lab.call("verify", key=lab.key()))
    least = before - 1
    check(after >= least, f"{least} calls left, as if nothing had been downloaded", f"{after} left")


def _is_whole(lab: Lab, answer: Answer) -> None:
    """Raises NotVerifiable where something on the way to a real target cut the body into chunks, which have no length."""
    if lab.thrifty and "chunked" in answer.headers.get("Transfer-Encoding", "").lower():
        raise NotVerifiable("it needs a way to the target on which no proxy cuts bodies into chunks")


def _told_left(answer: Answer) -> int:
    names = [name for name in _rate_headers(answer) if "remaining" in name]
    if not names:
        raise NotVerifiable("it takes a window of its own where no header tells how many calls are left")
    return int(answer.given().header(names[0], r"\d+"))


# No-cache headers


@rule("dezerx.cache.sensitive")
def test_sensitive_answers(lab: Lab) -> None:
    """A licence, a download URL and a file are sent with no-store or no-cache."""
    for answer in _one_of_each(lab):
        kept_out = _directives(answer.given()) & {"no-store", "no-cache"}
        check(bool(kept_out), f"{answer.request} to carry no-store or no-cache", answer.headers.get("Cache-Control"))


@rule("dezerx.cache.same")
def test_every_answer_is_not_cached(lab: Lab) -> None:
    """Every answer, a refusal too, carries the three headers that are published for the file."""
    for answer in (*_one_of_each(lab), *_refusals(lab), lab.request("GET", "/api/license/nothing")):
        _has_no_cache_headers(answer)


# Errors in general


@rule("dezerx.error.envelope")
def test_error_envelope(lab: Lab) -> None:
    """A refusal of any kind is a JSON object with success false and a message."""
    for answer in _refusals(lab):
        _is_error(answer)


@rule("dezerx.error.download-without-code")
def test_download_errors_without_code(lab: Lab) -> None:
    """What is refused because of a file or a token has no error_code."""
    answers = [
        lab.call("generate_download_token", key=lab.key("download_disabled")),
        lab.call("generate_download_token", key=lab.key("no_file")),
        _download(lab, NO_TOKEN),
    ]
    for answer in answers:
        body = answer.given(*CLIENT_ERRORS).json()
        check("error_code" not in body, f"{answer.request} to be refused without error_code", body)


@rule("dezerx.error.validation")
def test_malformed_body(lab: Lab) -> None:
    """A body that is not JSON or not an object is answered with 400 where the headers are right."""
    for operation in lab.secured():
        for content in (b'{"domain"', b"[]"):
            headers = {"Content-Type": "application/json"}
            answer = lab.call(operation, key=lab.key(), content=content, headers=headers).expect(400)
            _member(answer, "error_code", "INVALID_REQUEST")


@rule("dezerx.error.no-route")
def test_unknown_path(lab: Lab) -> None:
    """An unknown path is answered with 404 in the shape of the other errors."""
    _is_error(lab.request("GET", "/api/license/nothing", headers=_headers(lab.key())).expect(404))


@rule("dezerx.error.wrong-method")
def test_wrong_method(lab: Lab) -> None:
    """A method that the path does not have is answered with 405 in the shape of the other errors."""
    for operation in lab.operations():
        _is_error(lab.call(operation, key=lab.key(), method="DELETE").expect(405))


@rule("dezerx.standard.allow")
def test_allow(lab: Lab) -> None:
    """A 405 names the method that the path does have."""
    for operation in lab.operations():
        answer = lab.call(operation, key=lab.key(), method="DELETE").given(405)
        answer.header("Allow", rf"(.*,\s*)?{operation.method}(\s*,.*)?")


@rule("dezerx.standard.head")
def test_verify_head(lab: Lab) -> None:
    """HEAD on verify has the status and the rate-limit and cache headers of GET, and no body."""
    answer = lab.call("verify", key=lab.key()).given()
    head = lab.call("verify", key=lab.key(), method="HEAD").expect(answer.status)
    check(not head.content, "no body", head)
    for name in (*_rate_headers(answer), "cache-control"):
        check(
            name in head.headers or name not in answer.headers,
            f"HEAD to carry {name} as GET does",
            ", ".join(head.headers),
        )


@rule("dezerx.standard.json")
def test_json_type(lab: Lab) -> None:
    """Every JSON answer says that it is JSON."""
    for answer in (lab.call("verify", key=lab.key()), *_refusals(lab)):
        answer.header("Content-Type", r"application/json(\s*;.*)?")


# Steps that several proofs share


def _headers(key: Key) -> dict[str, str]:
    """The three headers that document 003 names, written out."""
    presents = key.presents
    return {
        "Authorization": f"Bearer {key.raw}",
        "X-Domain": str(presents["domain"]),
        "X-Product-ID": str(presents["product_id"]),
    }


def _body(key: Key) -> dict[str, Any]:
    return {"domain": key.presents["domain"], "product_id": int(key.presents["product_id"])}


def _without(source: Key | Mapping[str, Any], name: str) -> dict[str, Any]:
    values = source.presents if isinstance(source, Key) else source
    return {key: value for key, value in values.items() if key != name}


def _other_product(key: Key) -> dict[str, Any]:
    return {**key.presents, "product_id": str(int(key.presents["product_id"]) + 1)}


def _spent(lab: Lab) -> str:
    """A token that was used up. Raises NotVerifiable where none ever is."""
    token = steps.token(lab)
    _download(lab, token).given()
    for _ in range(3):
        if not _download(lab, token).passed:
            return token
    raise NotVerifiable("a step before it failed: one token was good for four downloads")


def _download(lab: Lab, token: str, *, method: str | None = None) -> Answer:
    return lab.call("download_file", path={"token": token}, method=method)


def _fresh_window(lab: Lab) -> None:
    """Lets a window pass, so that whatever was called before leaves all sixty calls."""
    lab.may_spend()
    lab.advance(61)


def _exhausted(lab: Lab, key: Key, operation: str = "verify") -> Answer:
    """The first answer with 429."""
    return exhausted(lab, 60, lambda: lab.call(operation, key=key))


def _limited(lab: Lab) -> Answer:
    """A 429 to be judged."""
    return refused(lab, 60, lambda: lab.call("verify", key=lab.key()))


def _one_of_each(lab: Lab) -> Iterator[Answer]:
    """A passing answer of each operation."""
    yield lab.call("verify", key=lab.key())
    answer = lab.call("generate_download_token", key=lab.key())
    yield answer
    yield _download(lab, steps.token_of(lab, answer.given()))


def _refusals(lab: Lab) -> Iterator[Answer]:
    """A refusal of each kind that any licence can bring about."""
    key = lab.key()
    for operation in lab.secured():
        for caller, presents in (
            (None, {}),
            (lab.forged(), {}),
            (key, {}),
            (key, _without(key, "product_id")),
            (key, _other_product(key)),
            (key, {**key.presents, "domain": ELSEWHERE}),
        ):
            answer = lab.call(operation, key=caller, presents=presents)
            if not answer.passed:
                yield answer
    yield _download(lab, NO_TOKEN)


def _refused(answer: Answer, words: str = "") -> None:
    """Refused as the client's fault, whatever the status, and with these words somewhere in the body."""
    check(400 <= answer.status < 500, f"{answer.request} to be refused", answer)
    _speaks(answer, words)


def _speaks(answer: Answer, words: str) -> None:
    said = words.lower() in answer.content.decode("utf-8", "replace").lower()
    check(said, f"{answer.request} to say {words!r}", answer)


def _told(answer: Answer, status: int, message: str, code: str) -> None:
    answer.expect(status)
    _member(answer, "success", False)
    _member(answer, "message", message)
    _member(answer, "error_code", code)


def _succeeds(answer: Answer, message: str) -> None:
    answer.expect(200)
    _member(answer, "success", True)
    _member(answer, "message", message)
    data = answer.member("data")
    check(isinstance(data, dict), "data to be an object", data)


def _member(answer: Answer, name: str, value: Any) -> None:
    actual = answer.member(name)
    check(actual == value, f"{answer.request} to answer {name} {value!r}", f"{answer.status} with {actual!r}")


def _is_error(answer: Answer) -> None:
    _member(answer, "success", False)
    message = answer.member("message")
    check(isinstance(message, str) and bool(message), f"{answer.request} to answer a message", repr(message))


def _time(text: Any, digits: int) -> float:
    """Unix seconds of a time in UTC with this many decimals. Raises Violation for any other form."""
    right = isinstance(text, str) and re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{{digits}}}Z", text)
    check(bool(right), f"a time in UTC with {digits} decimals and a Z", repr(text))
    return datetime.fromisoformat(text).timestamp()


def _directives(answer: Answer) -> set[str]:
    return {item.strip().lower() for item in answer.headers.get("Cache-Control", "").split(",")}


def _has_no_cache_headers(answer: Answer) -> None:
    missing = {"no-cache", "no-store", "must-revalidate"} - _directives(answer)
    told = answer.headers.get("Cache-Control")
    check(not missing, f"{answer.request} to carry Cache-Control with {', '.join(sorted(missing))}", told)
    answer.header("Pragma", "no-cache")
    answer.header("Expires", "0")


def _rate_headers(answer: Answer) -> list[str]:
    return [name for name in answer.headers if re.search("rate-?limit", name)]
