"""Proofs of the rules of Files.com: who creates and deletes keys."""

from __future__ import annotations

import hashlib
import json
import re

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import errors, keys, steps

# document 002, Creating API Keys


@rule("filescom.site-keys.admin-creates")
def test_site_keys_admin_creates(lab: Lab) -> None:
    """An administrator's key creates a site-wide key, and that works."""
    life = keys.of_administrator(lab)
    owner = life["created"].passes().json().get("user_id")
    check(steps.blank(owner), "the new key to belong to no user", owner)
    life["used"].expect(200)


@rule("filescom.site-keys.only-admin-creates")
def test_site_keys_only_admin_creates(lab: Lab) -> None:
    """The same request that an administrator creates a site-wide key with brings a member none."""
    keys.of_administrator(lab)["created"].given()
    answer = lab.call("create_api_key", key=lab.key("member"), json={"name": lab.named("site-wide")})
    if answer.passed:
        steps.delete(lab, steps.made(lab, answer).id)
    answer.expect(401, 403, 422)


@rule("filescom.site-keys.admin-sees-all")
def test_site_keys_admin_sees_all(lab: Lab) -> None:
    """An administrator is shown a site-wide key and the keys of two users."""
    owned, site_wide = keys.owned(lab), steps.shared_key(lab)
    owned["theirs deleted"].given(403, 404)
    wanted = {site_wide.id, *(steps.made(lab, owned[name]).id for name in ("created", "created theirs"))}
    for key in lab.some((lab.key("admin_user"), lab.key()), 1, "keys of administrators"):
        seen = set(steps.listed(lab, key))
        check(wanted <= seen, f"the keys {wanted} in the list", wanted & seen)


@rule("filescom.site-keys.admin-deletes-any")
def test_site_keys_admin_deletes_any(lab: Lab) -> None:
    """An administrator's key deletes a site-wide key and a member's, and neither works any more."""
    for life, step in ((keys.of_administrator(lab), "used after that"), (keys.made_for(lab, "member"), "used")):
        life[step].given(200)
        life["deleted"].passes()
        life["refused"].expect(401, 403)


@rule("filescom.user-keys.own")
def test_user_keys_own(lab: Lab) -> None:
    """A member creates a key, and it is theirs and works."""
    life, user = keys.of_member(lab), steps.user_of(lab, lab.key("member"))
    life["created"].passes()
    shown = life["used"].expect(200).member("user_id")
    check(shown == user, f"the new key to belong to user {user}", shown)


@rule("filescom.user-keys.admin-for-any")
def test_user_keys_admin_for_any(lab: Lab) -> None:
    """Keys that an administrator creates for two users have those users' access, no more and no less."""
    for situation in lab.some(("member", "second_member"), 1, "users"):
        life, user = keys.made_for(lab, situation), steps.user_of(lab, lab.key(situation))
        life["created"].passes()
        shown = life["used"].expect(200).member("user_id")
        check(shown == user, f"the new key to belong to user {user}", shown)
        life["home"].expect(200)
        life["users"].expect(401, 403)


@rule("filescom.user-keys.not-for-others")
def test_user_keys_not_for_others(lab: Lab) -> None:
    """A member creates keys for themselves and not for another, whichever path they take."""
    keys.of_member(lab)["created"].passes()
    member, name = lab.key("member"), {"name": lab.named("whose?")}
    user, other = (steps.user_of(lab, lab.key(situation)) for situation in ("member", "second_member"))
    for operation, owner, more in lab.some(
        (
            ("create_api_key", other, {"user_id": other}),
            ("create_user_api_key", other, {}),
            ("create_user_api_key", user, {}),
        )
    ):
        answer = lab.call(operation, key=member, path={"user_id": owner}, json={**name, **more})
        if answer.passed:
            steps.delete(lab, steps.made(lab, answer).id)
        answer.passes() if owner == user else answer.expect(403, 404, 422)


@rule("filescom.create.name")
def test_create_name(lab: Lab) -> None:
    """The name that a key is created with is the one it is found and listed under."""
    life, name = keys.site_wide(lab), keys.described(lab)["name"]
    for step in ("created", "found", "used"):
        shown = life[step].given().member("name")
        check(shown == name, "the name it was created with", shown)


@rule("filescom.create.name-required")
def test_create_name_required(lab: Lab) -> None:
    """The body that creates a key creates none without its name."""
    keys.site_wide(lab)["created"].given()
    keys.nameless(lab).expect(400, 422)


@rule("filescom.create.expiry-optional")
def test_create_expiry_optional(lab: Lab) -> None:
    """A key is created without an expiry date, and such a key works 400 days later as on the first."""
    life = keys.site_wide(lab)
    life["created"].passes()
    shown = life["found"].given(200).json().get("expires_at")
    check(steps.blank(shown), "no expiry date", shown)
    life["used"].expect(200)
    aged = lab.aged(steps.shared_key(lab).raw, 400 * steps.DAY)
    check(steps.blank(steps.current(lab, aged).expect(200).json().get("expires_at")), "no expiry date", "one")


@rule("filescom.expiry.kept")
def test_expiry_kept(lab: Lab) -> None:
    """The expiry date that a key is created with is the one it shows."""
    wanted = keys.middle(lab)
    for step in ("created 1", "found"):
        shown = keys.expiring(lab)[step].given().member("expires_at")
        check(steps.seconds(shown) == wanted, f"expires_at {steps.moment(wanted)}", shown)


@rule("filescom.expiry.refused")
def test_expiry_refused(lab: Lab) -> None:
    """A key that expires in 30 seconds works, works still after 25, and not after 31."""
    early, after = steps.outlived(lab)
    for answer in early:
        answer.expect(200)
    after.expect(401, 403)


@rule("filescom.expiry.type")
def test_expiry_type(lab: Lab) -> None:
    """An expired key hears what an unknown one hears."""
    errors.refuses(steps.current(lab, lab.key("expired")), "not-authenticated/invalid-credentials", 401)


@rule("filescom.create.presented")
def test_create_presented(lab: Lab) -> None:
    """The value in the answer that creates a key is a credential, and the key in use is the one created."""
    life = keys.site_wide(lab)
    id = life["created"].passes().member("id")
    shown = life["used"].expect(200).member("id")
    check(shown == id, f"the key {id} to be the one in use", shown)


@rule("filescom.create.shown-once")
def test_create_shown_once(lab: Lab) -> None:
    """Listed, found, updated or in use, a key shows neither its value nor another in its place."""
    life, changed = keys.site_wide(lab), keys.changed(lab)
    for story, step in ((life, "listed"), (life, "found"), (life, "used"), (changed, "updated")):
        answer, raw = story[step], steps.made(lab, story["created"]).raw
        check(raw not in json.dumps(answer.given().json()), f"{answer.request} not to show the key", "it does")
        shown = [row.get("key") for row in (steps.rows(answer) if step == "listed" else [answer.json()])]
        check(all(map(steps.blank, shown)), f"{answer.request} to leave key blank", "a value")


@rule("filescom.create.letters-and-digits")
def test_create_letters_and_digits(lab: Lab) -> None:
    """Of three new keys, each has letters and digits only."""
    for life in (keys.site_wide(lab), keys.again(lab), keys.changed(lab)):
        raw = steps.made(lab, life["created"].given()).raw
        form = f"a value of {len(raw)} characters with others among them"
        check(re.fullmatch(r"[A-Za-z0-9]+", raw) is not None, "a value of letters and digits", form)


@rule("filescom.key.stored")
def test_key_stored(lab: Lab) -> None:
    """The record of a key holds its first 8 characters and the digest of the others."""
    key = lab.new_key()
    stored = lab.admin.stored(key)
    digest = hashlib.sha256(key.raw[8:].encode()).hexdigest()
    check(stored.get("prefix") == key.raw[:8], "the first 8 characters as prefix", stored.get("prefix"))
    check(stored.get("digest") == digest, "the SHA-256 digest of the rest", stored.get("digest"))
    check(key.raw[8:] not in json.dumps(stored), "the value nowhere in the record", "it is there")


# document 002, Removing and Revoking API Keys


@rule("filescom.revoke.refused")
def test_revoke_refused(lab: Lab) -> None:
    """A key works, is deleted, and its very next request is refused: a site-wide key and a user's."""
    for life in (keys.site_wide(lab), keys.of_member(lab)):
        life["used"].given(200)
        life["deleted"].given()
        life["refused"].expect(401, 403)


@rule("filescom.revoke.type")
def test_revoke_type(lab: Lab) -> None:
    """A deleted key hears what an unknown one hears."""
    errors.refuses(steps.current(lab, lab.key("revoked")), "not-authenticated/invalid-credentials", 401)


@rule("filescom.revoke.gone")
def test_revoke_gone(lab: Lab) -> None:
    """A key is listed and found until it is deleted, and neither after."""
    new = steps.create(lab)
    check(new.id in steps.listed(lab), f"key {new.id} in the list", "not there")
    steps.find(lab, new.id).expect(200)
    steps.delete(lab, new.id).given()
    check(new.id not in steps.listed(lab), f"key {new.id} not in the list", "there")
    steps.find(lab, new.id).expect(404)
    steps.delete(lab, new.id).expect(404)


@rule("filescom.site-keys.only-admin-deletes")
def test_site_keys_only_admin_deletes(lab: Lab) -> None:
    """A site-wide key survives a member's attempt to delete it and not an administrator's."""
    life = keys.of_administrator(lab)
    life["used"].given(200)
    life["tried"].expect(403, 404)
    life["used after that"].expect(200)
    life["deleted"].passes()


@rule("filescom.user-keys.delete-own")
def test_user_keys_delete_own(lab: Lab) -> None:
    """A member deletes a key of theirs, and it is refused from then on."""
    life = keys.of_member(lab)
    life["used"].given(200)
    life["deleted"].passes()
    life["refused"].expect(401, 403)


@rule("filescom.user-keys.not-others")
def test_user_keys_not_others(lab: Lab) -> None:
    """A member sees their own keys and of another's nothing, and can change nothing about them."""
    owned = keys.owned(lab)
    own, theirs = (steps.made(lab, owned[name]).id for name in ("created", "created theirs"))
    seen = steps.ids(owned["listed to one"].expect(200))
    check(own in seen and theirs not in seen, f"key {own} and not key {theirs} in the list", seen)
    owned["own found"].expect(200)
    for step in ("theirs found", "theirs updated", "theirs deleted"):
        owned[step].expect(403, 404)
    shown = owned["theirs used"].expect(200).member("name")
    check(shown == lab.named("theirs"), "the other's key to keep its name", shown)


# files.com/docs, Allowing Users to Create API Keys


@rule("filescom.switch.no-create")
def test_switch_no_create(lab: Lab) -> None:
    """Where the site is so set, a member's key works but creates no other, on either path."""
    key = lab.key("member_without_keys")
    user = steps.user_of(lab, key)
    lab.call("create_api_key", key=key, json={"name": lab.named("my own"), "user_id": user}).expect(401, 403, 422)
    lab.call("create_own_api_key", key=key, json={"name": lab.named("my own")}).expect(401, 403, 404, 422)
    steps.works(lab, key)


@rule("filescom.switch.no-delete")
def test_switch_no_delete(lab: Lab) -> None:
    """Where the site is so set, the key that a member was given cannot be deleted with it."""
    key = lab.key("member_without_keys")
    id = steps.current(lab, key).given(200).member("id")
    steps.delete(lab, id, key).expect(401, 403, 404, 422)
    lab.call("delete_current_api_key", key=key).expect(401, 403, 404, 422)
    steps.works(lab, key)
