"""Proofs of the rules of Files.com: who creates and deletes keys."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps

# document 002, Creating API Keys


@rule("filescom.site-keys.admin-creates")
def test_site_keys_admin_creates(lab: Lab) -> None:
    """An administrator's key creates a site-wide key, and that works."""
    answer = lab.call("create_api_key", key=lab.key("admin_user"), json={"name": lab.named("site-wide")}).passes()
    new = steps.made(lab, answer)
    check(steps.blank(answer.json().get("user_id")), "the new key to belong to no user", answer.json().get("user_id"))
    steps.works(lab, new.raw)
    steps.delete(lab, new.id)


@rule("filescom.site-keys.only-admin-creates")
def test_site_keys_only_admin_creates(lab: Lab) -> None:
    """The same request that an administrator creates a site-wide key with brings a member none."""
    answer = lab.call("create_api_key", key=lab.key("member"), json={"name": lab.named("site-wide")})
    if answer.passed:
        new = steps.made(lab, answer)
        steps.delete(lab, new.id)
    answer.expect(401, 403, 422)
    with steps.new_key(lab, lab.key("admin_user"), name=lab.named("site-wide")):
        pass


@rule("filescom.site-keys.admin-sees-all")
def test_site_keys_admin_sees_all(lab: Lab) -> None:
    """An administrator is shown a site-wide key and the keys of two users."""
    users = [steps.user_of(lab, lab.key(name)) for name in ("member", "second_member")]
    with (
        steps.new_key(lab) as site_wide,
        steps.new_key(lab, user_id=users[0]) as first,
        steps.new_key(lab, user_id=users[1]) as second,
    ):
        wanted = {site_wide.id, first.id, second.id}
        for key in (lab.key(), lab.key("admin_user")):
            seen = set(steps.ids(lab.call("list_api_keys", key=key, query={"per_page": 10000}).expect(200)))
            check(wanted <= seen, f"the keys {wanted} in the list", wanted & seen)


@rule("filescom.site-keys.admin-deletes-any")
def test_site_keys_admin_deletes_any(lab: Lab) -> None:
    """An administrator's key deletes a site-wide key and a member's, and neither works any more."""
    owners: tuple[dict[str, Any], ...] = ({}, {"user_id": steps.user_of(lab, lab.key("member"))})
    for body in owners:
        new = steps.create(lab, **body)
        steps.current(lab, new.raw).given(200)
        steps.delete(lab, new.id, lab.key("admin_user")).passes()
        steps.is_refused(lab, new.raw)


@rule("filescom.user-keys.own")
def test_user_keys_own(lab: Lab) -> None:
    """A member creates a key, and it is theirs and works."""
    member = lab.key("member")
    user = steps.user_of(lab, member)
    answer = lab.call("create_api_key", key=member, json={"name": lab.named("my own"), "user_id": user}).passes()
    new = steps.made(lab, answer)
    shown = steps.current(lab, new.raw).expect(200).member("user_id")
    check(shown == user, f"the new key to belong to user {user}", shown)
    steps.delete(lab, new.id)


@rule("filescom.user-keys.admin-for-any")
def test_user_keys_admin_for_any(lab: Lab) -> None:
    """Keys that an administrator creates for two users have those users' access, no more and no less."""
    for situation in ("member", "second_member"):
        key = lab.key(situation)
        user, folder = steps.user_of(lab, key), steps.home(lab, key)
        body = {"name": lab.named("for a user"), "user_id": user}
        answer = lab.call("create_api_key", key=lab.key("admin_user"), json=body).passes()
        new = steps.made(lab, answer)
        shown = steps.current(lab, new.raw).expect(200).member("user_id")
        check(shown == user, f"the new key to belong to user {user}", shown)
        steps.list_folder(lab, new.raw, folder).expect(200)
        lab.call("list_users", key=new.raw).expect(401, 403)
        steps.delete(lab, new.id)


@rule("filescom.user-keys.not-for-others")
def test_user_keys_not_for_others(lab: Lab) -> None:
    """A member creates keys for themselves and not for another, whichever path they take."""
    member = lab.key("member")
    user, other = steps.user_of(lab, member), steps.user_of(lab, lab.key("second_member"))
    for id, kept in ((user, True), (other, False)):
        for answer in (
            lab.call("create_api_key", key=member, json={"name": lab.named("whose?"), "user_id": id}),
            lab.call("create_user_api_key", key=member, path={"user_id": id}, json={"name": lab.named("whose?")}),
        ):
            if answer.passed:
                steps.delete(lab, steps.made(lab, answer).id)
            answer.passes() if kept else answer.expect(403, 404, 422)


@rule("filescom.create.name")
def test_create_name(lab: Lab) -> None:
    """The name that a key is created with is the one it is found and listed under."""
    name = lab.named("Scanner in the mail room")
    with steps.new_key(lab, name=name) as new:
        for answer in (new.answer, steps.find(lab, new.id), steps.current(lab, new.raw)):
            shown = answer.given().member("name")
            check(shown == name, "the name it was created with", shown)


@rule("filescom.create.name-required")
def test_create_name_required(lab: Lab) -> None:
    """The body that creates a key creates none without its name."""
    with steps.new_key(lab, description="with a name"):
        pass
    lab.call("create_api_key", key=lab.key(), json={"description": "without a name"}).expect(400, 422)


@rule("filescom.create.expiry-optional")
def test_create_expiry_optional(lab: Lab) -> None:
    """A key is created without an expiry date, and such a key works 400 days later as on the first."""
    answer = lab.call("create_api_key", key=lab.key(), json={"name": lab.named("without end")}).passes()
    steps.delete(lab, answer.member("id"))
    with steps.new_key(lab) as new:
        shown = steps.find(lab, new.id).given(200).json().get("expires_at")
        check(steps.blank(shown), "no expiry date", shown)
        steps.works(lab, new.raw)
        aged = lab.aged(new.raw, 400 * steps.DAY)
        check(steps.blank(steps.current(lab, aged).expect(200).json().get("expires_at")), "no expiry date", "one")


@rule("filescom.expiry.kept")
def test_expiry_kept(lab: Lab) -> None:
    """The expiry date that a key is created with is the one it shows."""
    wanted = int(lab.now()) + 3 * steps.DAY
    with steps.new_key(lab, expires_at=steps.moment(wanted)) as new:
        for answer in (new.answer, steps.find(lab, new.id)):
            shown = answer.given().member("expires_at")
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
    steps.refuses(steps.current(lab, lab.key("expired")), "not-authenticated/invalid-credentials", 401)


@rule("filescom.create.presented")
def test_create_presented(lab: Lab) -> None:
    """The value in the answer that creates a key is a credential, and the key in use is the one created."""
    answer = lab.call("create_api_key", key=lab.key(), json={"name": lab.named("presented")}).passes()
    raw = lab.hide(str(answer.member("key")), "NEW_KEY")
    shown = steps.current(lab, raw).expect(200).member("id")
    check(shown == answer.member("id"), f"the key {answer.member('id')} to be the one in use", shown)
    steps.delete(lab, shown)


@rule("filescom.create.shown-once")
def test_create_shown_once(lab: Lab) -> None:
    """Listed, found, updated or in use, a key shows neither its value nor another in its place."""
    with steps.new_key(lab) as new:
        listed = lab.call("list_api_keys", key=lab.key(), query={"per_page": 10000})
        updated = lab.call("update_api_key", key=lab.key(), path={"id": new.id}, json={"description": "seen"})
        for answer in (listed, updated, steps.find(lab, new.id), steps.current(lab, new.raw)):
            check(new.raw not in json.dumps(answer.given().json()), f"{answer.request} not to show the key", "it does")
            shown = [row.get("key") for row in (steps.rows(answer) if answer is listed else [answer.json()])]
            check(all(map(steps.blank, shown)), f"{answer.request} to leave key blank", "a value")


@rule("filescom.create.letters-and-digits")
def test_create_letters_and_digits(lab: Lab) -> None:
    """Of three new keys, each has letters and digits only."""
    for _ in range(3):
        with steps.new_key(lab) as new:
            form = f"a value of {len(new.raw)} characters with others among them"
            check(re.fullmatch(r"[A-Za-z0-9]+", new.raw) is not None, "a value of letters and digits", form)


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
    owners: tuple[dict[str, Any], ...] = ({}, {"user_id": steps.user_of(lab, lab.key("member"))})
    for body in owners:
        new = steps.create(lab, **body)
        steps.works(lab, new.raw)
        steps.delete(lab, new.id).passes()
        steps.is_refused(lab, new.raw)


@rule("filescom.revoke.type")
def test_revoke_type(lab: Lab) -> None:
    """A deleted key hears what an unknown one hears."""
    steps.refuses(steps.current(lab, lab.key("revoked")), "not-authenticated/invalid-credentials", 401)


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
    new = steps.create(lab)
    steps.delete(lab, new.id, lab.key("member")).expect(403, 404)
    steps.works(lab, new.raw)
    steps.delete(lab, new.id, lab.key("admin_user")).passes()


@rule("filescom.user-keys.delete-own")
def test_user_keys_delete_own(lab: Lab) -> None:
    """A member deletes a key of theirs, and it is refused from then on."""
    member = lab.key("member")
    new = steps.create(lab, user_id=steps.user_of(lab, member))
    steps.works(lab, new.raw)
    steps.delete(lab, new.id, member).passes()
    steps.is_refused(lab, new.raw)


@rule("filescom.user-keys.not-others")
def test_user_keys_not_others(lab: Lab) -> None:
    """A member sees their own keys and of another's nothing, and can change nothing about them."""
    member = lab.key("member")
    users = [steps.user_of(lab, lab.key(name)) for name in ("member", "second_member")]
    with (
        steps.new_key(lab, user_id=users[0]) as own,
        steps.new_key(lab, name=lab.named("theirs"), user_id=users[1]) as theirs,
    ):
        seen = steps.listed(lab, member)
        check(own.id in seen and theirs.id not in seen, f"key {own.id} and not key {theirs.id} in the list", seen)
        steps.find(lab, own.id, member).expect(200)
        steps.find(lab, theirs.id, member).expect(403, 404)
        lab.call("update_api_key", key=member, path={"id": theirs.id}, json={"name": lab.named("mine")}).expect(
            403, 404
        )
        steps.delete(lab, theirs.id, member).expect(403, 404)
        shown = steps.current(lab, theirs.raw).expect(200).member("name")
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
