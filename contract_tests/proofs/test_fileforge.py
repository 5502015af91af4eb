"""Proofs of FileForge's rules, in the catalogue's order."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from contract_tests.answer import Answer
from contract_tests.counting import RETRY_AFTER, counted_out, exhausted, refilled, refused, reopened, steady
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import NotVerifiable, Violation, check
from contract_tests.proofs import fileforge_steps as steps
from contract_tests.provision import Denied, Key

DAY = 86400

# document 001, introduction


@rule("fileforge.key.self-service")
def test_key_self_service(lab: Lab) -> None:
    """A key that the owner has just created opens the API."""
    lab.call("list_formats", key=lab.new_key(name="Zapier")).expect(200)


@rule("fileforge.key.carries-tier")
def test_key_carries_tier(lab: Lab) -> None:
    """A gigabyte that a Forge Pro key may not upload is open to an Enterprise key."""
    _is_refused(steps.presign(lab, lab.key(), 1_000_000_000))
    steps.presign(lab, lab.key("enterprise"), 1_000_000_000).passes()


@rule("fileforge.key.carries-scopes")
def test_key_carries_scopes(lab: Lab) -> None:
    """Of two keys of one account, each does what its scopes allow and not what the other's do."""
    writer, cleaner = lab.key("only_files_write"), lab.key("only_files_delete")
    file = steps.own_picture(lab, lab.key())
    _is_refused(steps.presign(lab, cleaner))
    _is_refused(lab.call("delete_file", key=writer, path={"id": file}))
    steps.presign(lab, writer).passes()
    lab.call("delete_file", key=cleaner, path={"id": file}).passes()


@rule("fileforge.key.no-expiry")
def test_key_no_expiry(lab: Lab) -> None:
    """A key works 400 days after its creation as on the first."""
    key = lab.key()
    lab.call("list_formats", key=key).given()
    lab.advance(400 * DAY)
    lab.call("list_formats", key=key).expect(200)


# document 001, Key format


@rule("fileforge.key.format")
def test_key_format(lab: Lab) -> None:
    """A key is ff_live_ and 32 characters of some base32 alphabet."""
    _matches(lab.key(), r"ff_live_[0-9A-Za-z]{32}", "ff_live_ and 32 base32 characters")


@rule("fileforge.key.alphabet")
def test_key_alphabet(lab: Lab) -> None:
    """Of three new keys, each uses the lower-case letters and the digits 2 to 7."""
    for _ in range(3):
        _matches(lab.new_key(), r"ff_live_[a-z2-7]{32}", "a to z and 2 to 7 after ff_live_")


def _matches(key: Key, pattern: str, form: str) -> None:
    check(re.fullmatch(pattern, key.raw) is not None, f"a new key of {form}", f"a key of {len(key.raw)} characters")


@rule("fileforge.key.sandbox-refused")
def test_key_sandbox_refused(lab: Lab) -> None:
    """A good key under the sandbox prefix is no key, whichever header brings it."""
    good = lab.key()
    lab.call("list_formats", key=good).given()
    sandbox = lab.hide("ff_test_" + good.raw.removeprefix("ff_live_"), "SANDBOX_KEY")
    for header in ("fileforge_bearer", "fileforge_key"):
        lab.call("list_formats", key=sandbox, by=header).expect(401, 403)


@rule("fileforge.key.prefix-shown")
def test_key_prefix_shown(lab: Lab) -> None:
    """The prefix that the owner sees is the key's first 12 characters."""
    key = lab.new_key()
    prefix = lab.admin.stored(key).get("prefix")
    check(prefix == key.raw[:12], "the first 12 characters of the key as its prefix", prefix)


@rule("fileforge.key.hashed")
def test_key_hashed(lab: Lab) -> None:
    """The digest that is stored is the SHA-256 of what follows the first 12 characters."""
    key = lab.new_key()
    digest = lab.admin.stored(key).get("digest")
    expected = hashlib.sha256(key.raw[12:].encode()).hexdigest()
    check(digest == expected, "the SHA-256 digest of the characters after the first 12", digest)


@rule("fileforge.key.never-plain")
def test_key_never_plain(lab: Lab) -> None:
    """Neither the key nor its secret part is in the record that is stored."""
    key = lab.new_key()
    _is_hidden(key, lab.admin.stored(key), "the stored record")


@rule("fileforge.key.shown-once")
def test_key_shown_once(lab: Lab) -> None:
    """After its creation the key is in no record and no log of the owner, even when it has been used."""
    key = lab.new_key()
    lab.call("list_formats", key=key).given()
    _is_hidden(key, lab.admin.stored(key), "the key's record")
    _is_hidden(key, lab.admin.journal(), "the account's log")


def _is_hidden(key: Key, shown: Any, where: str) -> None:
    text = json.dumps(shown)
    check(key.raw[12:] not in text, f"{where} without the raw key", f"{where} with the raw key")


# document 001, Creating a key


@rule("fileforge.key.pro-only")
def test_key_pro_only(lab: Lab) -> None:
    """The account that creates a key on Forge Pro cannot create one on free."""
    lab.new_key()
    lab.admin.change_account(tier="free")
    check(_denied(lab), "no new key on a free account", "a new key")


@rule("fileforge.key.named")
def test_key_named(lab: Lab) -> None:
    """A new key shows the name and the scopes that were chosen for it."""
    stored = lab.admin.stored(lab.new_key(name="Zapier", scopes=["files:read", "files:delete"]))
    check(stored.get("name") == "Zapier", "the name Zapier", stored.get("name"))
    _has_scopes(stored.get("scopes"), {"files:read", "files:delete"})


@rule("fileforge.key.default-scopes")
def test_key_default_scopes(lab: Lab) -> None:
    """A key without chosen scopes converts and downloads, and neither uploads nor deletes."""
    full, key = lab.key(), lab.key("default_scopes")
    done = steps.completed(lab, full)
    file = steps.picture(lab, full)
    steps.convert(lab, key, file).passes()
    steps.output(lab, key, done).passes()
    _is_refused(steps.presign(lab, key))
    _is_refused(lab.call("delete_file", key=key, path={"id": file}))


def _has_scopes(scopes: Any, expected: set[str]) -> None:
    check(isinstance(scopes, list) and set(scopes) == expected, f"the scopes {', '.join(sorted(expected))}", scopes)


@rule("fileforge.key.unknown-scope")
def test_key_unknown_scope(lab: Lab) -> None:
    """A key is created with a known scope and not with an invented one."""
    lab.new_key(scopes=["files:read"])
    check(_denied(lab, scopes=["files:everything"]), "no key with the scope files:everything", "a new key")


def _denied(lab: Lab, **wanted: Any) -> bool:
    """Whether the owner is kept from creating this key."""
    try:
        lab.new_key(**wanted)
    except Denied:
        return True
    return False


# document 001, Sending the key


@rule("fileforge.auth.bearer")
def test_bearer(lab: Lab) -> None:
    """Every operation knows the caller by Authorization: Bearer."""
    lab.call("list_formats", headers={"Authorization": f"Bearer {lab.key().raw}"}).expect(200)
    for answer in steps.call_every(lab, key=lab.key(), by="fileforge_bearer"):
        _is_identified(answer)


@rule("fileforge.auth.x-api-key")
def test_x_api_key(lab: Lab) -> None:
    """Every operation knows the caller by X-API-Key."""
    lab.call("list_formats", headers={"X-API-Key": lab.key().raw}).expect(200)
    for answer in steps.call_every(lab, key=lab.key(), by="fileforge_key"):
        _is_identified(answer)


def _is_identified(answer: Answer) -> None:
    check(answer.status not in {401, 403}, f"{answer.request} to accept the key", answer)


@rule("fileforge.auth.bearer-wins")
def test_bearer_wins(lab: Lab) -> None:
    """A good Bearer key opens the API although X-API-Key brings a bad one."""
    good, bad = lab.key(), lab.forged()
    lab.call("list_formats", key=bad, by="fileforge_key").given(401)
    lab.call("list_formats", key=good, headers=lab.credential(bad, "fileforge_key")).expect(200)


@rule("fileforge.auth.bearer-not-rescued")
def test_bearer_not_rescued(lab: Lab) -> None:
    """A bad Bearer key, unknown or malformed, stays refused beside a good X-API-Key."""
    good = lab.key()
    lab.call("list_formats", key=good, by="fileforge_key").given()
    for bad in (lab.forged(), "not-a-key"):
        lab.call("list_formats", key=bad, headers=lab.credential(good, "fileforge_key")).expect(401)


@rule("fileforge.auth.other-scheme")
def test_other_scheme(lab: Lab) -> None:
    """Basic credentials neither open the API nor stand in the way of X-API-Key."""
    basic = {"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}
    lab.call("list_formats", headers=basic).expect(401)
    lab.call("list_formats", key=lab.key(), by="fileforge_key", headers=basic).expect(200)


@rule("fileforge.auth.key-required")
def test_key_required(lab: Lab) -> None:
    """No operation answers a caller without a key."""
    for answer in steps.call_every(lab):
        steps.refuses(answer, 401, code="unauthorized")


@rule("fileforge.auth.invalid-key")
def test_invalid_key(lab: Lab) -> None:
    """No operation answers a key that was never issued, nor one that only looks odd."""
    for answer in steps.call_every(lab, key=lab.forged()):
        steps.refuses(answer, 401, code="unauthorized")
    for by in ("fileforge_bearer", "fileforge_key"):
        for odd in ("not-a-key", lab.forged()[:-1], lab.forged() + "a"):
            steps.refuses(lab.call("list_formats", key=odd, by=by), 401, code="unauthorized")


@rule("fileforge.auth.invalid-message")
def test_invalid_message(lab: Lab) -> None:
    """A key that was never issued hears what a revoked one hears."""
    _has_message(lab.call("list_formats", key=lab.forged()), "invalid API key")


@rule("fileforge.auth.missing-message")
def test_missing_message(lab: Lab) -> None:
    """A caller without a key hears that it is missing."""
    _has_message(lab.call("list_formats"), "missing API key")


def _has_message(answer: Answer, message: str) -> None:
    actual = answer.member("error", "message")
    check(actual == message, f"{answer.request} to answer with the message {message!r}", actual)


# document 001, Scopes


@rule("fileforge.scope.required")
def test_scope_required(lab: Lab) -> None:
    """A key without scopes may do nothing that needs one, not even with what exists."""
    full, key = lab.key(), lab.key("no_scopes")
    done, file, waiting = steps.completed(lab, full), steps.picture(lab, full), steps.uploaded(lab, full)
    for answer in (
        steps.presign(lab, key),
        steps.finalize(lab, key, waiting),
        steps.convert(lab, key, file),
        steps.convert_all(lab, key, file, 1),
        steps.output(lab, key, done),
        lab.call("delete_file", key=key, path={"id": file}),
    ):
        steps.refuses(answer, 403, code="forbidden")


@rule("fileforge.scope.convert-write")
def test_scope_convert_write(lab: Lab) -> None:
    """convert:write alone converts a file, by itself and in bulk, and is what converting needs."""
    file = steps.picture(lab, lab.key())
    key, other = lab.key("only_convert_write"), lab.key("only_files_read")
    steps.convert(lab, key, file).passes()
    steps.convert_all(lab, key, file, 2).passes()
    _is_refused(steps.convert(lab, other, file))


@rule("fileforge.scope.files-read")
def test_scope_files_read(lab: Lab) -> None:
    """files:read alone leads to the converted file, and is what downloading needs."""
    done = steps.completed(lab, lab.key())
    steps.output(lab, lab.key("only_files_read"), done).expect(302)
    _is_refused(steps.output(lab, lab.key("only_convert_write"), done))


@rule("fileforge.scope.files-write")
def test_scope_files_write(lab: Lab) -> None:
    """files:write alone presigns an upload and finalizes it, and is what uploading needs."""
    key, other = lab.key("only_files_write"), lab.key("only_files_delete")
    steps.presign(lab, key).passes()
    waiting = steps.uploaded(lab, key)
    _is_refused(steps.finalize(lab, other, waiting))
    steps.finalize(lab, key, waiting).passes()


@rule("fileforge.scope.files-delete")
def test_scope_files_delete(lab: Lab) -> None:
    """files:delete alone deletes a file, and is what deleting needs."""
    file = steps.own_picture(lab, lab.key())
    _is_refused(lab.call("delete_file", key=lab.key("only_files_write"), path={"id": file}))
    lab.call("delete_file", key=lab.key("only_files_delete"), path={"id": file}).passes()


@rule("fileforge.scope.status-any-key")
def test_scope_status_any_key(lab: Lab) -> None:
    """A key without scopes reads the status of a conversion of its account."""
    id = steps.conversion(lab, lab.key())
    answer = steps.status(lab, lab.key("no_scopes"), id).expect(200)
    check(answer.member("id") == id, f"the status of conversion {id}", answer)


@rule("fileforge.scope.formats-any-key")
def test_scope_formats_any_key(lab: Lab) -> None:
    """A key without scopes reads the formats."""
    lab.call("list_formats", key=lab.key("no_scopes")).expect(200)


@rule("fileforge.scope.message")
def test_scope_message(lab: Lab) -> None:
    """The refusal names the scope that was missing, here that of uploads and that of conversions."""
    key = lab.key("no_scopes")
    steps.presign(lab, key).given(403).says("missing_scope", scope="files:write")
    steps.convert(lab, key, steps.NOTHING).given(403).says("missing_scope", scope="convert:write")


@rule("fileforge.status.tier-checked")
def test_status_tier_checked(lab: Lab) -> None:
    """The status of a conversion is closed to a free account, though it needs no scope."""
    steps.status(lab, lab.key("free_tier"), steps.NOTHING).expect(403)


@rule("fileforge.status.rate-limited")
@spends
def test_status_rate_limited(lab: Lab) -> None:
    """The status of a conversion can be read 60 times in a minute, and no 61st time."""
    # Another key has a whole budget; where requests are dear, the one whose budget was used up before.
    id, reader = steps.completed(lab, lab.key()), lab.key() if lab.thrifty else lab.key("default_scopes")
    counted_out(lab, 60, lambda: steps.status(lab, reader, id))


# document 001, Rotation and revocation


@rule("fileforge.key.rotate-revokes")
def test_rotate_revokes(lab: Lab) -> None:
    """The old key works before its rotation and not after it; the new one does."""
    old = lab.new_key()
    lab.call("list_formats", key=old).given()
    new = lab.rotate(old)
    lab.call("list_formats", key=old).expect(401)
    lab.call("list_formats", key=new).expect(200)


@rule("fileforge.key.rotate-same")
def test_rotate_same(lab: Lab) -> None:
    """The new key has the name and the scopes of the old one, and is another key."""
    old = lab.new_key(name="Build server", scopes=["files:write"])
    new = lab.rotate(old)
    stored = lab.admin.stored(new)
    check(new.raw != old.raw, "another key", "the same key")
    check(stored.get("name") == "Build server", "the name Build server", stored.get("name"))
    _has_scopes(stored.get("scopes"), {"files:write"})


@rule("fileforge.key.rotate-shown-once")
def test_rotate_shown_once(lab: Lab) -> None:
    """The key that a rotation issues works, and is in no record and no log afterwards."""
    new = lab.rotate(lab.new_key())
    lab.call("list_formats", key=new).expect(200)
    _is_hidden(new, lab.admin.stored(new), "the key's record")
    _is_hidden(new, lab.admin.journal(), "the account's log")


@rule("fileforge.key.revoked")
def test_key_revoked(lab: Lab) -> None:
    """No operation answers a revoked key; each says the same."""
    for answer in steps.call_every(lab, key=lab.key("revoked")):
        answer.expect(401)
        _has_message(answer, "invalid API key")


@rule("fileforge.key.revoked-at-once")
def test_key_revoked_at_once(lab: Lab) -> None:
    """Between a call that passes and the next one, which does not, lies nothing but the revocation."""
    key = lab.new_key()
    lab.call("list_formats", key=key).given()
    lab.admin.revoke(key)
    lab.call("list_formats", key=key).expect(401)
    lab.call("list_formats", key=key, by="fileforge_key").expect(401)


@rule("fileforge.key.revoke-idempotent")
def test_revoke_idempotent(lab: Lab) -> None:
    """A second revocation is no error and no revival."""
    key = lab.new_key()
    lab.admin.revoke(key)
    try:
        lab.admin.revoke(key)
    except Denied as problem:
        check(False, "a second revocation to succeed", problem)
    lab.call("list_formats", key=key).expect(401)


# document 001, What if my account is downgraded?


@rule("fileforge.tier.downgrade")
def test_tier_downgrade(lab: Lab) -> None:
    """No operation answers a key of a free account; each names what is missing."""
    for answer in steps.call_every(lab, key=lab.key("free_tier")):
        answer.expect(403)
        _has_message(answer, "API access requires Forge Pro")


@rule("fileforge.tier.reread")
def test_tier_reread(lab: Lab) -> None:
    """Downgrade and upgrade each show in the call that follows."""
    key = lab.key()
    lab.call("list_formats", key=key).given()
    for tier, status in (("free", 403), ("enterprise", 200), ("free", 403), ("pro", 200)):
        lab.admin.change_account(tier=tier)
        lab.call("list_formats", key=key).expect(status)


@rule("fileforge.tier.upgrade-restores")
def test_tier_upgrade_restores(lab: Lab) -> None:
    """A key that a downgrade has shut out works again after the upgrade, with its scopes."""
    key = lab.key()
    lab.admin.change_account(tier="free")
    lab.call("list_formats", key=key).given(401, 403)
    lab.admin.change_account(tier="pro")
    lab.call("list_formats", key=key).expect(200)
    steps.presign(lab, key).passes()


@rule("fileforge.tier.upgrade-keeps-revoked")
def test_tier_upgrade_keeps_revoked(lab: Lab) -> None:
    """A key revoked while on free stays revoked after the upgrade."""
    key = lab.key()
    lab.admin.change_account(tier="free")
    lab.admin.revoke(key)
    lab.admin.change_account(tier="pro")
    lab.call("list_formats", key=key).expect(401)


@rule("fileforge.tier.code")
def test_tier_code(lab: Lab) -> None:
    """The refusal of a free account is forbidden, to a machine."""
    steps.refuses(lab.call("list_formats", key=lab.key("free_tier")), 403, code="forbidden")


@rule("fileforge.account.banned")
def test_account_banned(lab: Lab) -> None:
    """A paid tier does not help a banned account."""
    steps.refuses(lab.call("list_formats", key=lab.key("banned")), 403, code="forbidden")


# document 001, Treat keys like passwords

ORIGIN = {"Origin": "https://app.example"}


@rule("fileforge.cors.no-origin")
def test_cors_no_origin(lab: Lab) -> None:
    """A page of another origin is granted neither an answer nor a refusal."""
    key = lab.key()
    for answer in (
        lab.call("list_formats", key=key, headers=ORIGIN).expect(200),
        lab.call("get_conversion", key=key, headers=ORIGIN),
        lab.call("list_formats", headers=ORIGIN),
    ):
        answer.without_header("Access-Control-Allow-Origin")


@rule("fileforge.cors.preflight")
def test_cors_preflight(lab: Lab) -> None:
    """The question whether a page may send its key is not answered with a yes."""
    for operation, method in (("list_formats", "GET"), ("create_conversion", "POST")):
        asked = {**ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
        answer = lab.call(operation, method="OPTIONS", headers=asked)
        for name in ("Origin", "Methods", "Headers"):
            answer.without_header(f"Access-Control-Allow-{name}")


# fileforge-docs.aldrickb.app/api/errors


@rule("fileforge.error.envelope")
def test_error_envelope(lab: Lab) -> None:
    """Refusals of key, scope, tier, body and id all have one shape."""
    for answer in (
        lab.call("list_formats"),
        steps.presign(lab, lab.key("no_scopes")),
        lab.call("list_formats", key=lab.key("free_tier")),
        lab.call("presign_upload", key=lab.key(), json={}),
        steps.status(lab, lab.key(), steps.NOTHING),
    ):
        answer.given(400, 401, 403, 404).header("Content-Type", r"application/json.*")
        for member in ("code", "message"):
            value = answer.member("error", member)
            check(isinstance(value, str) and value != "", f"error.{member} to be a string", answer)
        details = answer.member("error").get("details", {})
        check(isinstance(details, dict), "error.details to be an object", answer)


@rule("fileforge.error.not-found")
def test_not_found(lab: Lab) -> None:
    """An id that nothing has is not found, whatever is asked of it."""
    for answer in _about_ids(lab, lab.key(), steps.NOTHING, steps.NOTHING):
        steps.refuses(answer, 404, code="not_found")
    body = {"storage_key": f"nobody/{steps.NOTHING}-pixel.png", "original_name": "a.png", "declared_mime": "image/png"}
    steps.refuses(lab.call("finalize_file", key=lab.key(), json=body), 404, code="not_found")


@rule("fileforge.error.not-yours")
def test_not_yours(lab: Lab) -> None:
    """What another account has is not found either, and its owner still finds it."""
    other = lab.neighbour()
    theirs = other.key()
    file, done = steps.own_picture(other, theirs), steps.completed(other, theirs)
    for answer in _about_ids(lab, lab.key(), file, done):
        steps.refuses(answer, 404, code="not_found")
    steps.status(other, theirs, done).expect(200)
    other.call("delete_file", key=theirs, path={"id": file}).passes()


def _about_ids(lab: Lab, key: Key, file: str, conversion: str) -> tuple[Answer, ...]:
    """The answers of the operations that take the id of a file or of a conversion."""
    return (
        steps.convert(lab, key, file),
        steps.status(lab, key, conversion),
        steps.output(lab, key, conversion),
        lab.call("delete_file", key=key, path={"id": file}),
    )


@rule("fileforge.error.validation")
def test_validation(lab: Lab) -> None:
    """Empty bodies and values of another type are bad requests."""
    key = lab.key()
    for operation, body in (
        ("presign_upload", {}),
        ("presign_upload", {"filename": "a.png", "size": "large", "mime": "image/png"}),
        ("presign_upload", {"filename": 7, "size": 7, "mime": "image/png"}),
        ("finalize_file", {}),
        ("create_conversion", {}),
        ("create_conversion", {"input_file_id": steps.NOTHING, "target_format": ["jpg"], "preset": {"id": "web"}}),
        ("create_bulk_conversion", {}),
        ("create_bulk_conversion", {"items": "all"}),
    ):
        lab.call(operation, key=key, json=body).expect(400)


@rule("fileforge.error.validation-code")
def test_validation_code(lab: Lab) -> None:
    """One refusal names all fields that are wrong, and no other."""
    answer = lab.call("presign_upload", key=lab.key(), json={"filename": "a.png", "size": "large"})
    steps.refuses(answer, 400, code="invalid_request")
    fields = answer.member("error", "details", "fields")
    check(isinstance(fields, dict) and set(fields) == {"size", "mime"}, "details.fields to name size and mime", fields)


@rule("fileforge.error.no-route")
def test_no_route(lab: Lab) -> None:
    """A path that is no operation is not found, in the envelope."""
    answer = lab.request("GET", "/v1/conversion-recipes", headers=lab.credential(lab.key()))
    steps.refuses(answer, 404, code="not_found")


@rule("fileforge.error.wrong-method")
def test_wrong_method(lab: Lab) -> None:
    """A method that a path does not have is refused in the envelope."""
    answer = lab.call("list_formats", method="DELETE", key=lab.key()).expect(405)
    check(isinstance(answer.member("error", "code"), str), "error.code to be a string", answer)


# fileforge-docs.aldrickb.app/api/rate-limits


@rule("fileforge.limit.sixty")
@spends
def test_sixty(lab: Lab) -> None:
    """60 calls pass in a minute, the 61st does not."""
    key = lab.key()
    steps.refuses(counted_out(lab, 60, lambda: lab.call("list_formats", key=key)), 429, code="rate_limited")
    steady(lab, 60, lambda: lab.call("list_formats", key=key))
    if not lab.thrifty:
        lab.advance(61)
        lab.call("list_formats", key=key).passes()


@rule("fileforge.limit.reopens")
@reopens
def test_reopens(lab: Lab) -> None:
    """Who waits as long as Retry-After says is let in."""
    told = reopened(lab, 60, lambda: lab.call("list_formats", key=lab.key()))
    told.refusal.header("Retry-After", r"\d+")
    if told.due is None:
        raise NotVerifiable(
            f"it would have to wait as long as Retry-After says, {told.refusal.headers['Retry-After']} s"
        )
    told.due.passes()


@rule("fileforge.limit.headers")
@spends
def test_headers(lab: Lab) -> None:
    """The refusal tells limit, remainder, time of the reset and seconds to wait."""
    answer = refused(lab, 60, lambda: lab.call("list_formats", key=lab.key()))
    answer.header("X-RateLimit-Limit", "60")
    answer.header("X-RateLimit-Remaining", "0")
    answer.header("Retry-After", r"\d+")
    reset, now = int(answer.header("X-RateLimit-Reset", r"\d+")), lab.now()
    # Five minutes for clocks that differ.
    check(now - 300 <= reset <= now + 360, f"X-RateLimit-Reset within a minute of {now:.0f}, in Unix seconds", reset)


@rule("fileforge.limit.body")
@spends
def test_body(lab: Lab) -> None:
    """The refusal says the rate in its message and the seconds to wait in its details."""
    answer = refused(lab, 60, lambda: lab.call("list_formats", key=lab.key()))
    _has_message(answer, "request rate exceeded (60/min)")
    seconds = answer.member("error", "details", "retry_after_seconds")
    told = answer.headers.get("Retry-After")
    check(isinstance(seconds, int) and str(seconds) == told, f"retry_after_seconds {told}, as Retry-After", seconds)


@rule("fileforge.limit.silent")
def test_silent(lab: Lab) -> None:
    """Neither the first call nor a later one tells of a limit while it passes."""
    key = lab.key()
    for answer in (lab.call("list_formats", key=key), steps.presign(lab, key), lab.call("list_formats", key=key)):
        answer.given()
        for name in steps.RATE_HEADERS:
            answer.without_header(name)


@rule("fileforge.limit.per-key")
@spends
def test_per_key(lab: Lab) -> None:
    """What one key has used up, calls or conversions, a second key of the account still has."""
    first, second = lab.key(), lab.key("default_scopes")
    file = steps.picture(lab, first)
    _limited_conversions(lab, first, file)
    steps.convert(lab, second, file).passes()
    _limited_calls(lab, first)
    lab.call("list_formats", key=second).passes()


@rule("fileforge.limit.every-call")
@spends
def test_every_call(lab: Lab) -> None:
    """With the calls used up each operation is refused, but for the two whose limit is another."""
    key = lab.key()
    # A window may end in the midst of it; then it is tried again.
    for last in (False, False, True):
        start = lab.now()
        _limited_calls(lab, key)
        answers = list(steps.call_every(lab, key=key, but=steps.CONVERTING))
        passed, most = [answer.request for answer in answers if answer.status != 429], refilled(lab, 60, start)
        if len(passed) <= most or last or lab.now() == start:
            break
        lab.advance(61)
    check(len(passed) <= most, "every operation to be refused with 429", f"{passed} were not")


@rule("fileforge.limit.refused-free")
@reopens
def test_refused_free(lab: Lab) -> None:
    """60 calls refused for a scope leave the key its calls."""
    lab.may_spend()
    key = lab.key("only_files_read")
    lab.advance(61)
    for _ in range(60):
        _is_let_in(steps.presign(lab, key))
    _is_let_in(lab.call("list_formats", key=key))


def _is_let_in(answer: Answer) -> None:
    """Whatever else the answer says, it does not speak of a limit."""
    check(answer.status != 429, f"{answer.request} not to be refused for a limit", answer)


def _limited_calls(lab: Lab, key: Key) -> Answer:
    """The refusal of this key for its limit of calls."""
    return exhausted(lab, 60, lambda: lab.call("list_formats", key=key))


@rule("fileforge.limit.conversions")
@reopens
def test_conversions(lab: Lab) -> None:
    """5 conversions pass in a minute, the 6th does not."""
    key = lab.key()
    file = steps.picture(lab, key)
    answer = counted_out(lab, 5, lambda: steps.convert(lab, key, file))
    steps.refuses(answer, 429, code="conversion_rate_limited")
    if not lab.thrifty:
        lab.advance(61)
        steps.convert(lab, key, file).passes()


@rule("fileforge.limit.conversions-reopens")
@reopens
def test_conversions_reopen(lab: Lab) -> None:
    """Who waits as long as Retry-After says may convert again."""
    key = lab.key()
    file = steps.picture(lab, key)
    told = reopened(lab, 5, lambda: steps.convert(lab, key, file))
    told.refusal.header("Retry-After", r"\d+")
    if told.due is None:
        raise NotVerifiable(
            f"it would have to wait as long as Retry-After says, {told.refusal.headers['Retry-After']} s"
        )
    told.due.passes()


@rule("fileforge.limit.conversions-headers")
@reopens
def test_conversions_headers(lab: Lab) -> None:
    """The refusal of a conversion tells the limit of conversions."""
    key = lab.key()
    answer = refused(lab, 5, partial(steps.convert, lab, key, steps.picture(lab, key)))
    answer.header("X-RateLimit-Limit", "5")
    answer.header("X-RateLimit-Remaining", "0")
    answer.header("X-RateLimit-Reset", r"\d+")


@rule("fileforge.limit.independent")
@reopens
def test_independent(lab: Lab) -> None:
    """A key that may not convert for now may read formats and upload."""
    key = lab.key()
    _limited_conversions(lab, key, steps.picture(lab, key))
    lab.call("list_formats", key=key).passes()
    steps.presign(lab, key).passes()


@rule("fileforge.limit.bulk-items")
@reopens
def test_bulk_items(lab: Lab) -> None:
    """After a bulk of 4 one conversion is left, and no second."""
    key, file = _converter(lab)
    steps.convert_all(lab, key, file, 4).passes()
    steps.convert(lab, key, file).passes()
    steps.convert(lab, key, file).expect(429)


@rule("fileforge.limit.bulk-accepted")
@reopens
def test_bulk_accepted(lab: Lab) -> None:
    """20 items are accepted at once by a key that has converted nothing for a minute."""
    _, answer = _large_bulk(lab)
    _is_let_in(answer)
    answer.given()


@rule("fileforge.limit.bulk-debt")
@reopens
def test_bulk_debt(lab: Lab) -> None:
    """20 items cost the conversions of 4 minutes: single and bulk are refused until then, and pass afterwards."""
    lab.may_wait(109)
    key = lab.key()
    file = _rested(lab, key)
    steps.convert_all(lab, key, file, 20).given()
    steps.convert_all(lab, key, file, 1).expect(429)
    for seconds in (61, 109):
        lab.advance(seconds)
        steps.convert(lab, key, file).expect(429)
    lab.advance(71)
    steps.convert(lab, key, file).passes()


def _large_bulk(lab: Lab) -> tuple[Answer, Answer]:
    """The answers to a bulk of 21 and then to one of 20, by a rested key."""

    def both() -> tuple[Answer, Answer]:
        key, file = _converter(lab)
        return steps.convert_all(lab, key, file, 21), steps.convert_all(lab, key, file, 20)

    return lab.once("large bulks", both)


def _converter(lab: Lab) -> tuple[Key, str]:
    """A key that may convert and has converted nothing for a minute, and a file. Where waiting is dear, any such key."""
    for situation in ("only_convert_write", "default_scopes") if lab.thrifty else ():
        with suppress(NotVerifiable):
            key = lab.key(situation)
            if lab.untouched("conversions", key):
                lab.may_spend()
                return key, steps.picture(lab, lab.key())
    return lab.key(), _rested(lab, lab.key())


def _rested(lab: Lab, key: Key) -> str:
    """The id of a fresh file, the key's limits untouched for a minute."""
    lab.may_spend()
    file = steps.picture(lab, key)
    if not lab.untouched("conversions", key):
        lab.advance(61)
    return file


def _limited_conversions(lab: Lab, key: Key, file: str) -> Answer:
    """The refusal of this key for its limit of conversions."""
    return exhausted(lab, 5, lambda: steps.convert(lab, key, file))


# fileforge-docs.aldrickb.app/api/conversions, formats


@rule("fileforge.formats.matrix")
def test_formats_matrix(lab: Lab) -> None:
    """The matrix holds sources, each with targets, each with a worker and presets."""
    answer = lab.call("list_formats", key=lab.key()).expect(200).conforms()
    formats = answer.member("formats")
    check(any(formats.values()), "a source type with a target", answer)
    check(all("/" in source for source in formats), "MIME types as sources", ", ".join(formats))


@rule("fileforge.formats.paid")
def test_formats_paid(lab: Lab) -> None:
    """The matrix of a Forge Pro key has targets that free has not, and those it has."""
    formats = lab.call("list_formats", key=lab.key()).given().member("formats")
    allowed = {target.get("freeAllowed") for targets in formats.values() for target in targets.values()}
    check(allowed == {True, False}, "targets with freeAllowed true and such with false", allowed)


# fileforge-docs.aldrickb.app/api/files


@rule("fileforge.upload.presign")
def test_presign(lab: Lab) -> None:
    """An answer to a presign names the file, where it is to lie and where to send it."""
    answer = steps.presign(lab, lab.key()).passes().conforms()
    check(answer.member("bucket") == "fileforge-inputs", "the bucket fileforge-inputs", answer.member("bucket"))
    check(answer.member("upload_url").startswith("http"), "a URL to upload to", answer.member("upload_url"))


@rule("fileforge.upload.fifteen-minutes")
def test_fifteen_minutes(lab: Lab) -> None:
    """An upload URL is told to live a quarter of an hour."""
    seconds = steps.presign(lab, lab.key()).given().member("expires_in")
    check(seconds == 900, "expires_in 900", seconds)


@rule("fileforge.upload.url-expires")
def test_upload_url_expires(lab: Lab) -> None:
    """10 seconds before its 15 minutes are over the URL takes the upload, and a second after them it does not."""
    early, late = steps.ticket(lab, lab.key()), steps.ticket(lab, lab.key())
    lab.advance(890)
    steps.put(lab, early).expect(200)
    lab.advance(11)
    _is_refused(steps.put(lab, late))


@rule("fileforge.upload.put")
def test_put(lab: Lab) -> None:
    """The store takes the bytes from whoever has the URL, and says nothing."""
    answer = steps.put(lab, steps.ticket(lab, lab.key())).expect(200)
    check(answer.content == b"", "no body", answer)


@rule("fileforge.upload.exact-size")
def test_exact_size(lab: Lab) -> None:
    """One byte more and one byte less than declared are refused; as many as declared are taken."""
    upload = steps.ticket(lab, lab.key())
    for content in (steps.PNG + b"\0", steps.PNG[:-1]):
        _is_refused(steps.put(lab, upload, content))
    steps.put(lab, upload).expect(200)


def _is_refused(answer: Answer) -> None:
    check(400 <= answer.status < 500, f"{answer.request} to be refused", answer)


@rule("fileforge.upload.file-too-large")
def test_file_too_large(lab: Lab) -> None:
    """Forge Pro may announce 500 MB and no more, whether a megabyte has 1000 or 1024 kilobytes."""
    _has_size_limit(lab, lab.key(), 500_000_000, 500 * 1024 * 1024)


@rule("fileforge.upload.enterprise-size")
def test_enterprise_size(lab: Lab) -> None:
    """Enterprise may announce 2 GB and no more."""
    _has_size_limit(lab, lab.key("enterprise"), 2_000_000_000, 2 * 1024**3)


def _has_size_limit(lab: Lab, key: Key, allowed: int, most: int) -> None:
    steps.presign(lab, key, allowed).passes()
    steps.refuses(steps.presign(lab, key, most + 1), 400, 413, code="file_too_large")


@rule("fileforge.finalize.created")
def test_finalize(lab: Lab) -> None:
    """A finalized upload is a file with the id that was reserved and the size that was sent."""
    upload = steps.uploaded(lab, lab.key())
    answer = steps.finalize(lab, lab.key(), upload, name="one-pixel.png").expect(201).conforms()
    for member, expected in (
        ("id", upload.id),
        ("original_name", "one-pixel.png"),
        ("mime_type", "image/png"),
        ("size_bytes", len(steps.PNG)),
    ):
        actual = answer.member(member)
        check(actual == expected, f"{member} {expected}", actual)


@rule("fileforge.finalize.upload-first")
def test_finalize_upload_first(lab: Lab) -> None:
    """What was presigned and not uploaded is not found."""
    steps.refuses(steps.finalize(lab, lab.key(), steps.ticket(lab, lab.key())), 404, code="not_found")


@rule("fileforge.finalize.mime-mismatch")
def test_mime_mismatch(lab: Lab) -> None:
    """A picture that calls itself a PDF is found out."""
    upload = steps.uploaded(lab, lab.key(), name="lease.pdf", mime="application/pdf")
    answer = steps.finalize(lab, lab.key(), upload, name="lease.pdf", mime="application/pdf")
    steps.refuses(answer, 422, code="mime_mismatch")


@rule("fileforge.finalize.malware")
def test_malware(lab: Lab) -> None:
    """The test file of the scanners is flagged."""
    steps.refuses(_infected(lab)[1], 422, code="malware_detected")


@rule("fileforge.finalize.malware-deleted")
def test_malware_deleted(lab: Lab) -> None:
    """A flagged object cannot be flagged again: it is gone."""
    upload, answer = _infected(lab)
    answer.given(422)
    again = _finalize_text(lab, upload)
    _is_refused(again)
    code = again.member("error", "code")
    check(code != "malware_detected", "the object to be gone when it is finalized again", code)


def _infected(lab: Lab) -> tuple[steps.Ticket, Answer]:
    """An upload that the scanner flags, and the answer to its finalization."""
    upload = steps.uploaded(lab, lab.key(), steps.MALWARE, name="invoice.txt", mime="text/plain")
    return upload, _finalize_text(lab, upload)


def _finalize_text(lab: Lab, upload: steps.Ticket) -> Answer:
    return steps.finalize(lab, lab.key(), upload, name="invoice.txt", mime="text/plain")


@rule("fileforge.files.list")
def test_files_list(lab: Lab) -> None:
    """The list has a file of the account, not one of another, and is closed to a key that may not read."""
    other = lab.neighbour()
    mine, theirs = steps.picture(lab, lab.key()), steps.picture(other, other.key())
    answer = lab.call("list_files", key=lab.key("only_files_read")).expect(200).conforms()
    listed = {file["id"] for file in answer.member("files")}
    check(mine in listed, "the file of the account in the list", f"{len(listed)} files without it")
    check(theirs not in listed, "no file of another account in the list", "one of another account")
    _is_refused(lab.call("list_files", key=lab.key("only_files_write")))


@rule("fileforge.files.delete")
def test_delete(lab: Lab) -> None:
    """A deleted file leaves nothing to be said."""
    lab.call("delete_file", key=lab.key(), path={"id": steps.own_picture(lab, lab.key())}).expect(204)


@rule("fileforge.files.delete-hard")
def test_delete_hard(lab: Lab) -> None:
    """Right after its deletion a file can be neither converted nor deleted nor finalized."""
    key = lab.key()
    upload = steps.uploaded(lab, key)
    steps.finalize(lab, key, upload).given()
    steps.convert(lab, key, upload.id).given()
    lab.call("delete_file", key=key, path={"id": upload.id}).given()
    steps.convert(lab, key, upload.id).expect(404)
    lab.call("delete_file", key=key, path={"id": upload.id}).expect(404)
    _is_refused(steps.finalize(lab, key, upload))


@rule("fileforge.files.retention")
def test_retention(lab: Lab) -> None:
    """Between creation and expiry of an upload lies a day."""
    answer = steps.finalize(lab, lab.key(), steps.uploaded(lab, lab.key())).given()
    created, expires = (_moment(answer, member) for member in ("created_at", "expires_at"))
    # The two times may be taken at the two ends of a slow scan.
    check(abs(expires - created - DAY) <= 120, "expires_at 24 hours after created_at", f"{expires - created:.0f} s")


def _moment(answer: Answer, member: str) -> float:
    text = str(answer.member(member))
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Violation(f"{member} to be a date and time", text) from None


# fileforge-docs.aldrickb.app/api/conversions


@rule("fileforge.conversion.queued")
def test_conversion_queued(lab: Lab) -> None:
    """A conversion that was asked for is accepted, queued and told back."""
    answer = steps.convert(lab, lab.key(), steps.picture(lab, lab.key())).expect(202).conforms()
    for path, expected in ((("status",), "queued"), (("target_format",), "jpg"), (("preset", "id"), "web")):
        actual = answer.member(*path)
        check(actual == expected, f"{'.'.join(path)} {expected}", actual)
    check(isinstance(answer.member("preset", "params"), dict), "preset.params to be an object", answer)


@rule("fileforge.conversion.unsupported-pair")
def test_unsupported_pair(lab: Lab) -> None:
    """No picture becomes a song."""
    answer = steps.convert(lab, lab.key(), steps.picture(lab, lab.key()), target="mp3")
    steps.refuses(answer, 400, code="unsupported_pair")


@rule("fileforge.conversion.unknown-preset")
def test_unknown_preset(lab: Lab) -> None:
    """A preset has to be one of the pair's."""
    answer = steps.convert(lab, lab.key(), steps.picture(lab, lab.key()), preset="no-such-preset")
    steps.refuses(answer, 400, code="unknown_preset")


@rule("fileforge.conversion.metadata")
def test_conversion_metadata(lab: Lab) -> None:
    """Forge Pro keeps its metadata if it asks for that."""
    steps.convert(lab, lab.key(), steps.picture(lab, lab.key()), preserve_metadata=True).expect(202)


@rule("fileforge.conversion.status")
def test_conversion_status(lab: Lab) -> None:
    """The status tells of the conversion that was asked for, at its start and at its end."""
    id = steps.conversion(lab, lab.key())
    for answer in (steps.status(lab, lab.key(), id).expect(200), steps.ended(lab, lab.key(), id)):
        answer.conforms()
        for member, expected in (("id", id), ("target_format", "jpg")):
            check(answer.member(member) == expected, f"{member} {expected}", answer.member(member))


@rule("fileforge.conversion.completes")
def test_conversion_completes(lab: Lab) -> None:
    """A conversion of one pixel comes to an end within 10 minutes."""
    id = steps.conversion(lab, lab.key())
    for seconds in (5, 15, 40, 120, 420):
        lab.advance(seconds)
        state = steps.status(lab, lab.key(), id).given().member("status")
        if state not in {"queued", "processing"}:
            break
    check(state in {"completed", "failed", "cancelled"}, "completed, failed or cancelled", state)


@rule("fileforge.conversion.output")
def test_conversion_output(lab: Lab) -> None:
    """A completed conversion tells its file, where to get it and for how long."""
    answer = steps.status(lab, lab.key(), steps.completed(lab, lab.key())).given(200).conforms()
    check(isinstance(answer.member("output", "file_id"), str), "output.file_id to be a string", answer)
    check(answer.member("output", "download_url").startswith("http"), "output.download_url to be a URL", answer)
    seconds = answer.member("output", "expires_in")
    check(isinstance(seconds, int) and seconds > 0, "output.expires_in to be seconds", seconds)


@rule("fileforge.bulk.queued")
def test_bulk_queued(lab: Lab) -> None:
    """Each item of a bulk is a conversion of its own, with a status."""
    key = lab.key()
    answer = steps.convert_all(lab, key, steps.picture(lab, key), 2).passes().conforms()
    ids = [item["conversion_id"] for item in answer.member("items")]
    check(len(set(ids)) == 2, "2 different conversions", f"{len(set(ids))} of them")
    for id in ids:
        steps.status(lab, key, id).expect(200)


@rule("fileforge.bulk.total")
def test_bulk_total(lab: Lab) -> None:
    """A bulk tells how many it queued, and what of what."""
    key = lab.key()
    file = steps.picture(lab, key)
    answer = steps.convert_all(lab, key, file, 2).given()
    check(answer.member("total") == 2, "total 2", answer.member("total"))
    for index in range(2):
        for member, expected in (("input_file_id", file), ("target_format", "jpg")):
            actual = answer.member("items", index, member)
            check(actual == expected, f"items.{index}.{member} {expected}", actual)


@rule("fileforge.bulk.too-large")
@reopens
def test_bulk_too_large(lab: Lab) -> None:
    """Forge Pro may send 20 items at once and no 21st."""
    larger, answer = _large_bulk(lab)
    steps.refuses(larger, 400, code="bulk_too_large")
    check(answer.status != 400, "a bulk of 20 not to be too large", answer)
    answer.given()


@rule("fileforge.bulk.enterprise")
@reopens
def test_bulk_enterprise(lab: Lab) -> None:
    """Enterprise may send 100 items at once and no 101st."""
    key = lab.key("enterprise")
    file = _rested(lab, key)
    steps.refuses(steps.convert_all(lab, key, file, 101), 400, code="bulk_too_large")
    answer = steps.convert_all(lab, key, file, 100)
    check(answer.status != 400, "a bulk of 100 not to be too large", answer)
    answer.given()


@rule("fileforge.output.redirect")
def test_output_redirect(lab: Lab) -> None:
    """The output is elsewhere: the answer says where."""
    answer = steps.output(lab, lab.key(), steps.completed(lab, lab.key())).expect(302)
    answer.header("Location", r"https?://.+")


@rule("fileforge.output.fresh")
def test_output_fresh(lab: Lab) -> None:
    """Two calls, two seconds apart, get two URLs."""
    done = steps.completed(lab, lab.key())
    first = steps.output_url(lab, lab.key(), done)
    lab.advance(2)
    check(steps.output_url(lab, lab.key(), done) != first, "another URL than before", "the same URL")


@rule("fileforge.output.download")
def test_output_download(lab: Lab) -> None:
    """The URL gives the file to whoever has it."""
    answer = lab.request("GET", steps.output_url(lab, lab.key(), steps.completed(lab, lab.key()))).expect(200)
    check(answer.content != b"", "the bytes of the converted file", answer)


@rule("fileforge.output.five-minutes")
def test_output_five_minutes(lab: Lab) -> None:
    """A download works 10 seconds before its 5 minutes are over, and not a second after them."""
    url = steps.output_url(lab, lab.key(), steps.completed(lab, lab.key()))
    lab.advance(290)
    lab.request("GET", url).expect(200)
    lab.advance(11)
    _is_refused(lab.request("GET", url))


@rule("fileforge.output.not-ready")
def test_output_not_ready(lab: Lab) -> None:
    """The output of a conversion that has just been queued is not there yet."""
    id = steps.conversion(lab, lab.key())
    answer = steps.output(lab, lab.key(), id)
    if answer.passed and steps.status(lab, lab.key(), id).given().member("status") == "completed":
        raise NotVerifiable("the conversion was completed before its output could be asked for")
    steps.refuses(answer, 400, code="not_ready")


@rule("fileforge.output.retention")
def test_output_retention(lab: Lab) -> None:
    """An hour before its 7 days are over the output is still to be had, and can be downloaded."""
    done = steps.completed(lab, lab.key())
    lab.advance(7 * DAY - 3600)
    steps.output(lab, lab.key(), done).expect(302)
    lab.request("GET", steps.output_url(lab, lab.key(), done)).expect(200)


# The order of the checks, which no page tells


@rule("fileforge.order.tier-before-scope")
def test_tier_before_scope(lab: Lab) -> None:
    """A key that lacks both scope and tier hears of the tier."""
    key = lab.key("no_scopes")
    lab.admin.change_account(tier="free")
    _has_message(steps.presign(lab, key), "API access requires Forge Pro")


@rule("fileforge.order.scope-before-body")
def test_scope_before_body(lab: Lab) -> None:
    """The refusal of a well-formed body for a missing scope is that of an empty body too."""
    key = lab.key("no_scopes")
    lab.call("create_conversion", key=key, json=steps.order()).given(403)
    lab.call("create_conversion", key=key, json={}).expect(403)


# Standards


@rule("fileforge.standard.challenge")
def test_challenge(lab: Lab) -> None:
    """Who is not known is told how to become known."""
    for answer in (lab.call("list_formats"), lab.call("list_formats", key=lab.forged())):
        answer.given(401).header("WWW-Authenticate", r"[!#-'*+.^-z|~\w-]+( .+)?")


@rule("fileforge.standard.scheme-case")
def test_scheme_case(lab: Lab) -> None:
    """bearer and BEARER are Bearer."""
    for scheme in ("bearer", "BEARER"):
        lab.call("list_formats", headers={"Authorization": f"{scheme} {lab.key().raw}"}).expect(200)


@rule("fileforge.standard.allow")
def test_allow(lab: Lab) -> None:
    """Whoever uses a wrong method hears of the right one."""
    for operation, right in (("list_formats", "GET"), ("create_conversion", "POST")):
        answer = lab.call(operation, method="DELETE", key=lab.key()).given(405)
        allowed = {method.strip() for method in answer.header("Allow").split(",")}
        check(right in allowed and "DELETE" not in allowed, f"Allow to name {right} and not DELETE", allowed)


@rule("fileforge.standard.head")
def test_head(lab: Lab) -> None:
    """HEAD has the status and the type of GET, and no body."""
    key = lab.key()
    got, asked = lab.call("list_formats", key=key).given(), lab.call("list_formats", key=key, method="HEAD")
    asked.expect(got.status)
    check(asked.content == b"", "no body", asked)
    expected, actual = got.headers.get("Content-Type"), asked.headers.get("Content-Type")
    check(actual == expected, f"the Content-Type of GET, {expected}", actual)


@rule("fileforge.standard.retry-after")
def test_retry_after(lab: Lab) -> None:
    """Retry-After is digits or a date."""
    _limited(lab).header("Retry-After", RETRY_AFTER)


@rule("fileforge.standard.not-stored")
def test_not_stored(lab: Lab) -> None:
    """A refusal for a limit has no lifetime in a cache."""
    answer = _limited(lab)
    stored = answer.headers.get("Cache-Control", "").lower()
    if "no-store" not in stored:
        lifetime = re.search(r"public|max-age=[1-9]|s-maxage=[1-9]", stored)
        check(lifetime is None, "no lifetime in Cache-Control", stored)
        answer.without_header("Expires")


def _limited(lab: Lab) -> Answer:
    """A refusal for a limit, had as cheaply as possible: by a bulk that takes a minute's conversions."""
    if lab.thrifty:
        return refused(lab, 5, partial(steps.convert, lab, lab.key(), steps.picture(lab, lab.key())))
    return _limited_by_bulk(lab)


def _limited_by_bulk(lab: Lab) -> Answer:
    key = lab.key()
    file = _rested(lab, key)
    steps.convert_all(lab, key, file, 5).given()
    return steps.convert(lab, key, file).given(429)


@rule("fileforge.standard.no-content")
def test_no_content(lab: Lab) -> None:
    """204 is followed by nothing."""
    answer = lab.call("delete_file", key=lab.key(), path={"id": steps.own_picture(lab, lab.key())}).given(204)
    check(answer.content == b"" and answer.headers.get("Content-Length", "0") == "0", "no body", answer)
