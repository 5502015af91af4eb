"""Lives of keys of Files.com, of which each rule judges its own part."""

from __future__ import annotations

from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key
from contract_tests.story import Steps, Story, answered, told

#: An id that nothing has.
NOTHING = 999_999_999
#: What keys are described with.
DESCRIPTION = "Copies reports to the archive"
#: Comparisons of a filter on a moment, each with those that it keeps of the keys before, at and after it; and how many are made
#: where requests are dear.
COMPARISONS = {"filter_gt": [2], "filter_gteq": [1, 2], "filter_lteq": [0, 1], "filter_lt": [0], "filter": [1]}
COMPARED = 3


def described(lab: Lab) -> dict[str, str]:
    """What two keys are created with, one after the other."""
    return {"name": lab.named("Nightly backup"), "description": DESCRIPTION}


def tomorrow(lab: Lab) -> str:
    """A moment when keys expire."""
    return lab.once("tomorrow", lambda: steps.moment(lab.now() + steps.DAY))


def site_wide(lab: Lab) -> Story:
    """A site-wide key from its creation to its end: created, used, listed, found, deleted, refused."""
    return told(lab, "a site-wide key", lambda: _site_wide(lab))


def _site_wide(lab: Lab) -> Steps:
    yield "created", (created := _created(lab, described(lab)))
    new = _given(lab, created)
    yield "used", steps.current(lab, new.raw)
    yield "listed", steps.list_keys(lab)
    yield "found", steps.find(lab, new.id)
    yield "deleted", steps.delete(lab, new.id)
    yield "refused", steps.current(lab, new.raw)


def again(lab: Lab) -> Story:
    """Another of the same name, created when that one was deleted, which deletes itself: created, used, deleted, refused, and
    the site's key used afterwards.
    """
    return told(lab, "a key created again", lambda: _again(lab))


def _again(lab: Lab) -> Steps:
    site_wide(lab)["deleted"].given()
    yield "created", (created := _created(lab, described(lab)))
    new = _given(lab, created)
    yield "used", steps.current(lab, new.raw)
    yield "deleted", lab.call("delete_current_api_key", key=new.raw)
    yield "refused", steps.current(lab, new.raw)
    yield "another", steps.current(lab, lab.key())


def changed(lab: Lab) -> Story:
    """A key that is renamed, with its id in the body, and given an end; which then renames itself, restricts itself, and
    tries more than that.
    """
    return told(lab, "a changed key", lambda: _changed(lab))


def _changed(lab: Lab) -> Steps:
    yield "created", (created := _created(lab, {"name": lab.named("before"), "description": "first"}))
    new = _given(lab, created)
    yield "renamed", steps.update(lab, new.id, {"id": new.id, "name": lab.named("after")})
    yield "updated", steps.update(lab, new.id, {"description": "second", "expires_at": tomorrow(lab)})
    yield "found", steps.find(lab, new.id)
    itself = {"name": lab.named("by itself"), "expires_at": tomorrow(lab)}
    yield "renamed itself", lab.call("update_current_api_key", key=new.raw, json=itself)
    restricted = {"permission_set": "files_only"}
    yield "restricted itself", lab.call("update_current_api_key", key=new.raw, json=restricted)
    yield "found restricted", steps.find(lab, new.id)
    yield "listing", lab.call("list_api_keys", key=new.raw)


def expiring(lab: Lab) -> Story:
    """Three keys that expire before, at and after a moment (created 0 to 2), the second found, all listed by comparisons with
    that moment; two of them deleted, with the id repeated in the query and in a body (deleted and refused).
    """
    return told(lab, "expiring keys", lambda: _expiring(lab))


def middle(lab: Lab) -> float:
    """That moment, in Unix seconds."""
    return lab.once("expiry", lambda: int(lab.now()) + 10 * steps.DAY)


def _expiring(lab: Lab) -> Steps:
    moments = [steps.moment(middle(lab) + days * steps.DAY) for days in (-1, 0, 1)]
    keys = []
    for number, moment in enumerate(moments):
        answer = _created(lab, {"name": lab.name("expiring"), "expires_at": moment})
        yield f"created {number}", answer
        keys.append(_given(lab, answer))
    yield "found", steps.find(lab, keys[1].id)
    for name in list(COMPARISONS)[: COMPARED if lab.thrifty else None]:
        yield name, steps.list_keys(lab, **{f"{name}[expires_at]": moments[1]})
    for place, key in zip(("query", "json"), keys, strict=False):
        told_again: dict[str, Any] = {place: {"id": key.id}}
        yield f"deleted by {place}", steps.delete(lab, key.id, **told_again)
        yield f"refused by {place}", steps.current(lab, key.raw)


def of_member(lab: Lab) -> Story:
    """A member's key, created and deleted by that member: created, used, deleted, refused; then another of theirs is used."""
    return told(lab, "a member's key", lambda: _of_member(lab))


def _of_member(lab: Lab) -> Steps:
    member = lab.key("member")
    user = steps.user_of(lab, member)
    body = {"name": lab.named("my own"), "user_id": user}
    yield "created", (created := lab.call("create_api_key", key=member, json=body))
    new = _given(lab, created)
    yield "used", steps.current(lab, new.raw)
    sibling = steps.shared_key(lab, user_id=user)
    yield "deleted", steps.delete(lab, new.id, member)
    yield "refused", steps.current(lab, new.raw)
    yield "another", steps.current(lab, sibling.raw)


def of_administrator(lab: Lab) -> Story:
    """A site-wide key that an administrator creates, that a member tries to delete, and that an administrator deletes: created,
    used, tried, used after that, deleted, refused.
    """
    return told(lab, "an administrator's key", lambda: _of_administrator(lab))


def _of_administrator(lab: Lab) -> Steps:
    admin = lab.key("admin_user")
    yield "created", (created := lab.call("create_api_key", key=admin, json={"name": lab.named("site-wide")}))
    new = _given(lab, created)
    yield "used", steps.current(lab, new.raw)
    yield "tried", steps.delete(lab, new.id, lab.key("member"))
    yield "used after that", steps.current(lab, new.raw)
    yield "deleted", steps.delete(lab, new.id, admin)
    yield "refused", steps.current(lab, new.raw)


def made_for(lab: Lab, situation: str) -> Story:
    """A key that an administrator creates for a user and deletes: created, used, the user's home and the site's users listed with
    it, deleted, refused.
    """
    return told(lab, f"a key made for {situation}", lambda: _made_for(lab, situation))


def _made_for(lab: Lab, situation: str) -> Steps:
    admin, key = lab.key("admin_user"), lab.key(situation)
    home, body = steps.home(lab, key), {"name": lab.named("for a user"), "user_id": steps.user_of(lab, key)}
    yield "created", (created := lab.call("create_api_key", key=admin, json=body))
    new = _given(lab, created)
    yield "used", steps.current(lab, new.raw)
    yield "home", steps.list_folder(lab, new.raw, home)
    yield "users", lab.call("list_users", key=new.raw)
    yield "deleted", steps.delete(lab, new.id, admin)
    yield "refused", steps.current(lab, new.raw)


def owned(lab: Lab) -> Story:
    """A key of one user (created, found, listed) and one of another (created theirs), listed for the first; and what the first
    user, who has a key, is told of them and may do to the other's, which is used in the end.
    """
    return told(lab, "owned keys", lambda: _owned(lab))


def _owned(lab: Lab) -> Steps:
    member = lab.key("member")
    user = steps.user_of(lab, member)
    own = steps.shared_key(lab, user_id=user)
    yield "created", own.answer
    yield "found", steps.find(lab, own.id)
    yield "listed", steps.list_keys(lab)
    other = steps.user_of(lab, lab.key("second_member"))
    theirs = steps.shared_key(lab, name=lab.named("theirs"), user_id=other)
    yield "created theirs", theirs.answer
    yield "listed for one", steps.list_keys(lab, user_id=user)
    yield "listed to one", steps.list_keys(lab, member)
    yield "own found", steps.find(lab, own.id, member)
    yield "theirs found", steps.find(lab, theirs.id, member)
    yield "theirs updated", steps.update(lab, theirs.id, {"name": lab.named("mine")}, member)
    yield "theirs deleted", steps.delete(lab, theirs.id, member)
    yield "theirs used", steps.current(lab, theirs.raw)


def of_set(lab: Lab, permission_set: str) -> Story:
    """A key with a permission set, an administrator's where there is one: created and found. That for office integration has a
    path.
    """
    return told(lab, f"a key of the set {permission_set}", lambda: _of_set(lab, permission_set))


def _of_set(lab: Lab, permission_set: str) -> Steps:
    path = {"path": steps.home(lab, lab.key("member"))} if permission_set == "office_integration" else {}
    user = steps.user_of(lab, _somebody(lab))
    body = {"name": lab.named(permission_set), "user_id": user, "permission_set": permission_set, **path}
    yield "created", (created := _created(lab, body))
    yield "found", steps.find(lab, _given(lab, created).id)


def _somebody(lab: Lab) -> Key:
    try:
        return lab.key("admin_user")
    except NotVerifiable:
        return lab.key("member")


def nameless(lab: Lab) -> Answer:
    """What creating a key is answered that has no name."""
    return answered(lab, "a key without a name", lambda: _created(lab, {"description": DESCRIPTION}))


def missing(lab: Lab) -> Answer:
    """What finding a key is answered under an id that none has."""
    return answered(lab, "no key", lambda: steps.find(lab, NOTHING))


def _created(lab: Lab, body: dict[str, Any]) -> Answer:
    return lab.call("create_api_key", key=lab.key(), json=body)


def _given(lab: Lab, answer: Answer) -> steps.Made:
    """The key that was created, to build on."""
    return steps.made(lab, answer.given(200, 201))
