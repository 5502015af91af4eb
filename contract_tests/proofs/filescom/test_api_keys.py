"""Proofs of the rules of Files.com: API keys as a resource."""

from __future__ import annotations

from collections.abc import Callable

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import errors, keys, sessions, steps

# API keys: SDKs, swagger_doc.json and the official mock server


@rule("filescom.api-keys.list")
def test_api_keys_list(lab: Lab) -> None:
    """The list is an array in which a new key stands."""
    life = keys.site_wide(lab)
    listed, id = steps.ids(life["listed"].expect(200).conforms()), steps.made(lab, life["created"]).id
    check(id in listed, f"key {id} in the list", listed)


@rule("filescom.api-keys.find")
def test_api_keys_find(lab: Lab) -> None:
    """Of two keys, each is found by its own id."""
    alone, among_others = keys.site_wide(lab), keys.expiring(lab)
    for life, created in ((alone, "created"), (among_others, "created 1")):
        id = steps.made(lab, life[created]).id
        shown = life["found"].expect(200).conforms().member("id")
        check(shown == id, f"key {id}", shown)


@rule("filescom.api-keys.create")
def test_api_keys_create(lab: Lab) -> None:
    """A key with everything that can be said of it is created as it was said."""
    steps.shows(keys.site_wide(lab)["created"].expect(201).conforms(), **keys.described(lab))


@rule("filescom.api-keys.update")
def test_api_keys_update(lab: Lab) -> None:
    """A new name, description and expiry stand in the answer and in what is found later; what was not named stays."""
    life, expires = keys.changed(lab), keys.tomorrow(lab)
    steps.shows(life["renamed"].expect(200).conforms(), name=lab.named("after"), description="first")
    for step in ("updated", "found"):
        answer = life[step].expect(200)
        steps.shows(answer, name=lab.named("after"), description="second")
        check(steps.seconds(answer.member("expires_at")) == steps.seconds(expires), f"expires_at {expires}", answer)


@rule("filescom.api-keys.delete")
def test_api_keys_delete(lab: Lab) -> None:
    """Keys are deleted with 204: plainly, with the id in the query as well, and with the id in a body."""
    plain, repeated = keys.site_wide(lab), keys.expiring(lab)
    for deleted, refused in (
        (plain["deleted"], plain["refused"]),
        *((repeated[f"deleted by {place}"], repeated[f"refused by {place}"]) for place in ("query", "json")),
    ):
        check(not deleted.expect(204).content, "a 204 without a body", deleted)
        refused.expect(401, 403)


@rule("filescom.api-keys.unknown")
def test_api_keys_unknown(lab: Lab) -> None:
    """The id of a key of another site, and one that no key has, are answered with 404 by every operation."""
    other, own = lab.neighbour(), {"name": lab.named("mine")}
    with steps.new_key(other, name=lab.named("of another site")) as foreign:
        cases: list[Callable[[], Answer]] = [
            lambda: steps.find(lab, foreign.id),
            lambda: steps.update(lab, foreign.id, own),
            lambda: steps.delete(lab, foreign.id),
            lambda: keys.missing(lab),
            lambda: steps.update(lab, keys.NOTHING, own),
            lambda: steps.delete(lab, keys.NOTHING),
        ]
        for case in lab.some(cases, 4):
            answer = case().expect(404)
            type = str(answer.member("type"))
            check(type.split("/")[0] == "not-found", f"{answer.request} to answer with a type not-found", type)
        steps.shows(steps.find(other, foreign.id).expect(200), name=lab.named("of another site"))


@rule("filescom.api-keys.site-wide-user")
def test_api_keys_site_wide_user(lab: Lab) -> None:
    """Found or listed, a site-wide key has a blank user_id and a user key that of its user."""
    user = steps.user_of(lab, lab.key("member"))
    for life, wanted in ((keys.site_wide(lab), None), (keys.owned(lab), user)):
        id, found = steps.made(lab, life["created"].given()).id, life["found"].given(200).json()
        in_list = next((row for row in steps.rows(life["listed"].given(200)) if row.get("id") == id), {})
        for shown in (found, in_list):
            check((shown.get("user_id") or None) == wanted, f"user_id {wanted} of key {id}", shown)


@rule("filescom.api-keys.user-filter")
def test_api_keys_user_filter(lab: Lab) -> None:
    """Listed for one user, the keys are that user's and no other's."""
    user, life = steps.user_of(lab, lab.key("member")), keys.owned(lab)
    own = steps.made(lab, life["created"].given()).id
    answer = life["listed for one"].expect(200)
    owners = {row.get("user_id") for row in steps.rows(answer)}
    check(owners == {user} and own in steps.ids(answer), f"keys of user {user} alone", owners)


@rule("filescom.api-keys.user-zero")
def test_api_keys_user_zero(lab: Lab) -> None:
    """An administrator who says 0 is shown their own keys alone, and creates one of their own."""
    key = lab.key("admin_user")
    user = steps.user_of(lab, key)
    answer = lab.call("create_api_key", key=key, json={"name": lab.named("mine"), "user_id": 0}).passes()
    check(answer.member("user_id") == user, f"the new key to belong to user {user}", answer.member("user_id"))
    with steps.new_key(lab, user_id=steps.user_of(lab, lab.key("member"))), steps.new_key(lab):
        listed = lab.call("list_api_keys", key=key, query={"user_id": 0, "per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(listed)}
        check(owners == {user}, f"keys of user {user} alone", owners)


@rule("filescom.api-keys.filter-expiry")
def test_api_keys_filter_expiry(lab: Lab) -> None:
    """Of keys that expire before, at and after a moment, each comparison keeps those that it names."""
    life = keys.expiring(lab)
    made = [steps.made(lab, life[f"created {number}"].given()).id for number in range(3)]
    for name, wanted in lab.some(list(keys.COMPARISONS.items()), keys.COMPARED, "comparisons"):
        seen = steps.ids(life[name].expect(200))
        shown = [index for index, key in enumerate(made) if key in seen]
        check(shown == wanted, f"{name} to keep the keys {wanted} of before, at and after", shown)


@rule("filescom.api-keys.filter-unknown")
def test_api_keys_filter_unknown(lab: Lab) -> None:
    """A filter on a field that keys are not filtered by is refused."""
    answer = lab.call("list_api_keys", key=lab.key(), query={"filter[shoe_size]": "44"})
    errors.refuses(answer, "bad-request/invalid-filter-field", 400, 422)


@rule("filescom.api-keys.last-use")
def test_api_keys_last_use(lab: Lab) -> None:
    """The last use of a key that has just been used is told, and lies between three hours ago and now."""
    life = keys.site_wide(lab)
    life["used"].given(200)
    shown = life["found"].given(200).member("last_use_at")
    age = lab.now() - steps.seconds(shown)
    check(-steps.MINUTE <= age <= 3 * steps.HOUR + steps.MINUTE, "a last use of at most three hours ago", shown)


@rule("filescom.current-key.find")
def test_current_key_find(lab: Lab) -> None:
    """Of two keys, each finds itself."""
    for life in (keys.site_wide(lab), keys.again(lab)):
        id = steps.made(lab, life["created"]).id
        shown = life["used"].expect(200).conforms().member("id")
        check(shown == id, f"key {id}", shown)


@rule("filescom.current-key.update")
def test_current_key_update(lab: Lab) -> None:
    """A key gives itself another name, expiry and permission set, and has them from then on."""
    life, name, expires = keys.changed(lab), lab.named("by itself"), keys.tomorrow(lab)
    answer = life["renamed itself"].expect(200).conforms()
    steps.shows(answer, name=name, permission_set="full")
    check(steps.seconds(answer.member("expires_at")) == steps.seconds(expires), f"expires_at {expires}", answer)
    life["restricted itself"].expect(200)
    steps.shows(life["found restricted"].given(200), name=name, permission_set="files_only")
    life["listing"].expect(403)


@rule("filescom.current-key.delete")
def test_current_key_delete(lab: Lab) -> None:
    """A key deletes itself and no other."""
    life = keys.again(lab)
    life["used"].given(200)
    life["deleted"].expect(204)
    life["refused"].expect(401, 403)
    life["another"].expect(200)


@rule("filescom.current-key.needs-key")
def test_current_key_needs_key(lab: Lab) -> None:
    """A session that works elsewhere finds no current key."""
    sessions.two(lab)["second used"].given(200)
    session = steps.session(lab)
    lab.call("find_current_api_key", key=session.id, by=steps.SESSION).expect(401, 403, 404, 422)


@rule("filescom.alias.users")
def test_alias_users(lab: Lab) -> None:
    """Under a user's path, a key of that user is created and that user's keys are listed."""
    user = steps.user_of(lab, lab.key("member"))
    path = {"user_id": user}
    answer = lab.call("create_user_api_key", key=lab.key(), path=path, json={"name": lab.named("theirs")}).expect(201)
    steps.shows(answer, user_id=user)
    with steps.new_key(lab):
        listed = lab.call("list_user_api_keys", key=lab.key(), path=path, query={"per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(listed)}
        check(answer.member("id") in steps.ids(listed), "the new key in the list", steps.ids(listed))
        check(owners == {user}, f"keys of user {user} alone", owners)


@rule("filescom.alias.site")
def test_alias_site(lab: Lab) -> None:
    """Under the site's path, a key of no user is created, and it is listed."""
    answer = lab.call("create_site_api_key", key=lab.key(), json={"name": lab.named("the site's")}).expect(201)
    check(steps.blank(answer.json().get("user_id")), "a key of no user", answer.json().get("user_id"))
    listed = lab.call("list_site_api_keys", key=lab.key(), query={"per_page": 10000}).expect(200)
    check(answer.member("id") in steps.ids(listed), "the new key in the list", steps.ids(listed))


@rule("filescom.alias.user")
def test_alias_user(lab: Lab) -> None:
    """Under the caller's path, a key of an administrator's own is created and their keys alone are listed."""
    key = lab.key("admin_user")
    user = steps.user_of(lab, key)
    answer = lab.call("create_own_api_key", key=key, json={"name": lab.named("mine")}).expect(201)
    steps.shows(answer, user_id=user)
    with steps.new_key(lab), steps.new_key(lab, user_id=steps.user_of(lab, lab.key("member"))):
        listed = lab.call("list_own_api_keys", key=key, query={"per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(listed)}
        check(answer.member("id") in steps.ids(listed), "the new key in the list", steps.ids(listed))
        check(owners == {user}, f"keys of user {user} alone", owners)
