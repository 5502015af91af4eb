"""Proofs of the rules of FileForge: what a key is, how it is made, rotated and revoked."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileforge import steps
from contract_tests.provision import Denied, Key

# document 001, introduction


@rule("fileforge.key.self-service")
def test_key_self_service(lab: Lab) -> None:
    """A key that the owner has just created opens the API; where nobody creates one, that which its owner gives opens it."""
    try:
        key = lab.new_key(name=lab.named("Zapier"))
    except NotVerifiable:
        key = lab.key()
    lab.call("list_formats", key=key).expect(200)


@rule("fileforge.key.carries-tier")
def test_key_carries_tier(lab: Lab) -> None:
    """A gigabyte that a Forge Pro key may not upload is open to an Enterprise key."""
    steps.is_refused(steps.presign(lab, lab.key(), 1_000_000_000))
    steps.presign(lab, lab.key("enterprise"), 1_000_000_000).passes()


@rule("fileforge.key.carries-scopes")
def test_key_carries_scopes(lab: Lab) -> None:
    """Of two keys of one account, each does what its scopes allow and not what the other's do."""
    writer, cleaner = lab.key("only_files_write"), lab.key("only_files_delete")
    file = steps.own_picture(lab, lab.key())
    steps.is_refused(steps.presign(lab, cleaner))
    steps.is_refused(lab.call("delete_file", key=writer, path={"id": file}))
    steps.presign(lab, writer).passes()
    lab.call("delete_file", key=cleaner, path={"id": file}).passes()


@rule("fileforge.key.no-expiry")
def test_key_no_expiry(lab: Lab) -> None:
    """A key works 400 days after its creation as on the first."""
    key = lab.key()
    lab.call("list_formats", key=key).given()
    lab.call("list_formats", key=lab.aged(key, 400 * steps.DAY)).expect(200)


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
    stored = lab.admin.stored(lab.new_key(name=lab.named("Zapier"), scopes=["files:read", "files:delete"]))
    check(stored.get("name") == lab.named("Zapier"), "the name Zapier", stored.get("name"))
    _has_scopes(stored.get("scopes"), {"files:read", "files:delete"})


@rule("fileforge.key.default-scopes")
def test_key_default_scopes(lab: Lab) -> None:
    """A key without chosen scopes converts and downloads, and neither uploads nor deletes."""
    full, key = lab.key(), lab.key("default_scopes")
    done = steps.completed(lab, full)
    file = steps.picture(lab, full)
    steps.convert(lab, key, file).passes()
    steps.output(lab, key, done).passes()
    steps.is_refused(steps.presign(lab, key))
    steps.is_refused(steps.tries_to_delete(lab, key, full))


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


# document 001, Rotation and revocation


@rule("fileforge.key.rotate-revokes")
def test_rotate_revokes(lab: Lab) -> None:
    """The old key works before its rotation and not after it; the new one does."""
    try:
        old = lab.new_key()
        lab.call("list_formats", key=old).given()
        new = lab.rotate(old)
    except NotVerifiable:
        old, new = lab.key("replaced"), lab.key("replacement")
    lab.call("list_formats", key=old).expect(401)
    lab.call("list_formats", key=new).expect(200)


@rule("fileforge.key.rotate-same")
def test_rotate_same(lab: Lab) -> None:
    """The new key has the name and the scopes of the old one, and is another key."""
    old = lab.new_key(name=lab.named("Build server"), scopes=["files:write"])
    new = lab.rotate(old)
    stored = lab.admin.stored(new)
    check(new.raw != old.raw, "another key", "the same key")
    check(stored.get("name") == lab.named("Build server"), "the name Build server", stored.get("name"))
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
        steps.has_message(answer, "invalid API key")


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
