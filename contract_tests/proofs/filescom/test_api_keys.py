"""Proofs of the rules of Files.com: API keys as a resource."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps

# API keys: SDKs, swagger_doc.json and the official mock server


@rule("filescom.api-keys.list")
def test_api_keys_list(lab: Lab) -> None:
    """The list is an array in which a new key stands."""
    with steps.new_key(lab) as new:
        answer = lab.call("list_api_keys", key=lab.key(), query={"per_page": 10000}).expect(200).conforms()
        check(new.id in steps.ids(answer), f"key {new.id} in the list", steps.ids(answer))


@rule("filescom.api-keys.find")
def test_api_keys_find(lab: Lab) -> None:
    """Of two keys, each is found by its own id."""
    with steps.new_key(lab) as first, steps.new_key(lab) as second:
        for new in (first, second):
            shown = steps.find(lab, new.id).expect(200).conforms().member("id")
            check(shown == new.id, f"key {new.id}", shown)


@rule("filescom.api-keys.create")
def test_api_keys_create(lab: Lab) -> None:
    """A key with everything that can be said of it is created as it was said."""
    body = {"name": lab.named("Nightly backup"), "description": "Copies reports to the archive"}
    answer = lab.call("create_api_key", key=lab.key(), json=body).expect(201).conforms()
    steps.delete(lab, answer.member("id"))
    shown = {name: answer.json().get(name) for name in body}
    check(shown == body, f"a key with {body}", shown)


@rule("filescom.api-keys.update")
def test_api_keys_update(lab: Lab) -> None:
    """A new name, description and expiry stand in the answer and in what is found later; what was not named stays."""
    expires = steps.moment(lab.now() + steps.DAY)
    with steps.new_key(lab, name=lab.named("before"), description="first") as new:
        change = {"id": new.id, "name": lab.named("after")}
        answer = lab.call("update_api_key", key=lab.key(), path={"id": new.id}, json=change).expect(200).conforms()
        steps.shows(answer, name=lab.named("after"), description="first")
        more = {"description": "second", "expires_at": expires}
        answer = lab.call("update_api_key", key=lab.key(), path={"id": new.id}, json=more).expect(200)
        for shown in (answer, steps.find(lab, new.id)):
            steps.shows(shown, name=lab.named("after"), description="second")
            check(steps.seconds(shown.member("expires_at")) == steps.seconds(expires), f"expires_at {expires}", shown)


@rule("filescom.api-keys.delete")
def test_api_keys_delete(lab: Lab) -> None:
    """Keys are deleted with 204: plainly, with the id in the query as well, and with the id in a body."""
    for place in (None, "query", "body"):
        new = steps.create(lab)
        id = {"id": new.id}
        query, body = id if place == "query" else None, id if place == "body" else None
        answer = lab.call("delete_api_key", key=lab.key(), path=id, query=query, json=body).expect(204)
        check(not answer.content, "a 204 without a body", answer)
        steps.is_refused(lab, new.raw)


@rule("filescom.api-keys.unknown")
def test_api_keys_unknown(lab: Lab) -> None:
    """An id that no key has, and that of a key of another site, are answered with 404 by every operation."""
    other = lab.neighbour()
    with steps.new_key(other, name=lab.named("of another site")) as foreign:
        for id in (999_999_999, foreign.id):
            for name, body in (
                ("find_api_key", None),
                ("update_api_key", {"name": lab.named("mine")}),
                ("delete_api_key", None),
            ):
                answer = lab.call(name, key=lab.key(), path={"id": id}, json=body)
                answer.expect(404)
                type = str(answer.member("type"))
                check(type.split("/")[0] == "not-found", f"{answer.request} to answer with a type not-found", type)
        steps.shows(steps.find(other, foreign.id).expect(200), name=lab.named("of another site"))


@rule("filescom.api-keys.site-wide-user")
def test_api_keys_site_wide_user(lab: Lab) -> None:
    """Found or listed, a site-wide key has a blank user_id and a user key that of its user."""
    user = steps.user_of(lab, lab.key("member"))
    with steps.new_key(lab) as site_wide, steps.new_key(lab, user_id=user) as owned:
        listed = steps.rows(lab.call("list_api_keys", key=lab.key(), query={"per_page": 10000}).given(200))
        for new, wanted in ((site_wide, None), (owned, user)):
            found = steps.find(lab, new.id).given(200).json()
            in_list = next((row for row in listed if row.get("id") == new.id), {})
            for shown in (found, in_list):
                check((shown.get("user_id") or None) == wanted, f"user_id {wanted} of key {new.id}", shown)


@rule("filescom.api-keys.user-filter")
def test_api_keys_user_filter(lab: Lab) -> None:
    """Listed for one user, the keys are that user's and no other's."""
    users = [steps.user_of(lab, lab.key(name)) for name in ("member", "second_member")]
    with steps.new_key(lab, user_id=users[0]) as own, steps.new_key(lab, user_id=users[1]), steps.new_key(lab):
        answer = lab.call("list_api_keys", key=lab.key(), query={"user_id": users[0], "per_page": 10000}).expect(200)
        owners = {row.get("user_id") for row in steps.rows(answer)}
        check(owners == {users[0]} and own.id in steps.ids(answer), f"keys of user {users[0]} alone", owners)


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
    steps.delete(lab, answer.member("id"))


@rule("filescom.api-keys.filter-expiry")
def test_api_keys_filter_expiry(lab: Lab) -> None:
    """Of keys that expire before, at and after a moment, each comparison keeps those that it names."""
    middle = int(lab.now()) + 10 * steps.DAY
    user = steps.user_of(lab, lab.key("member"))
    moments = (middle - steps.DAY, middle, middle + steps.DAY)
    keys = [steps.create(lab, user_id=user, expires_at=steps.moment(moment)).id for moment in moments]
    kept = {"filter": [1], "filter_gt": [2], "filter_gteq": [1, 2], "filter_lt": [0], "filter_lteq": [0, 1]}
    for name, wanted in kept.items():
        seen = steps.listed(lab, query={"user_id": user, f"{name}[expires_at]": steps.moment(middle)})
        shown = [index for index, key in enumerate(keys) if key in seen]
        check(shown == wanted, f"{name} to keep the keys {wanted} of before, at and after", shown)
    for key in keys:
        steps.delete(lab, key)


@rule("filescom.api-keys.filter-unknown")
def test_api_keys_filter_unknown(lab: Lab) -> None:
    """A filter on a field that keys are not filtered by is refused."""
    answer = lab.call("list_api_keys", key=lab.key(), query={"filter[shoe_size]": "44"})
    steps.refuses(answer, "bad-request/invalid-filter-field", 400, 422)


@rule("filescom.api-keys.last-use")
def test_api_keys_last_use(lab: Lab) -> None:
    """The last use of a key that has just been used is told, and lies between three hours ago and now."""
    with steps.new_key(lab) as new:
        steps.current(lab, new.raw).given(200)
        shown = steps.find(lab, new.id).given(200).member("last_use_at")
        age = lab.now() - steps.seconds(shown)
        check(-steps.MINUTE <= age <= 3 * steps.HOUR + steps.MINUTE, "a last use of at most three hours ago", shown)


@rule("filescom.current-key.find")
def test_current_key_find(lab: Lab) -> None:
    """Of two keys, each finds itself."""
    with steps.new_key(lab) as first, steps.new_key(lab) as second:
        for new in (first, second):
            shown = steps.current(lab, new.raw).expect(200).conforms().member("id")
            check(shown == new.id, f"key {new.id}", shown)


@rule("filescom.current-key.update")
def test_current_key_update(lab: Lab) -> None:
    """A key gives itself another name, expiry and permission set, and has them from then on."""
    expires = steps.moment(lab.now() + steps.DAY)
    with steps.new_key(lab, name=lab.named("before")) as new:
        change = {"name": lab.named("after"), "expires_at": expires}
        answer = lab.call("update_current_api_key", key=new.raw, json=change).expect(200).conforms()
        steps.shows(answer, name=lab.named("after"), permission_set="full")
        check(steps.seconds(answer.member("expires_at")) == steps.seconds(expires), f"expires_at {expires}", answer)
        lab.call("update_current_api_key", key=new.raw, json={"permission_set": "files_only"}).expect(200)
        steps.shows(steps.find(lab, new.id).given(200), name=lab.named("after"), permission_set="files_only")
        lab.call("list_api_keys", key=new.raw).expect(403)


@rule("filescom.current-key.delete")
def test_current_key_delete(lab: Lab) -> None:
    """A key deletes itself and no other."""
    with steps.new_key(lab) as other:
        new = steps.create(lab)
        lab.call("delete_current_api_key", key=new.raw).expect(204)
        steps.is_refused(lab, new.raw)
        steps.works(lab, other.raw)


@rule("filescom.current-key.needs-key")
def test_current_key_needs_key(lab: Lab) -> None:
    """A session that works elsewhere finds no current key."""
    session = steps.session(lab)
    lab.call("list_folder", key=session.id, by=steps.SESSION, path={"path": ""}).given(200)
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
    steps.delete(lab, answer.member("id"))


@rule("filescom.alias.site")
def test_alias_site(lab: Lab) -> None:
    """Under the site's path, a key of no user is created, and it is listed."""
    answer = lab.call("create_site_api_key", key=lab.key(), json={"name": lab.named("the site's")}).expect(201)
    check(steps.blank(answer.json().get("user_id")), "a key of no user", answer.json().get("user_id"))
    listed = lab.call("list_site_api_keys", key=lab.key(), query={"per_page": 10000}).expect(200)
    check(answer.member("id") in steps.ids(listed), "the new key in the list", steps.ids(listed))
    steps.delete(lab, answer.member("id"))


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
    steps.delete(lab, answer.member("id"))
