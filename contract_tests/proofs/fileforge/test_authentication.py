"""Proofs of the rules of FileForge: how a key is sent, what its scopes permit, and the order of the checks."""

from __future__ import annotations

from contract_tests.answer import Answer
from contract_tests.counting import counted_out
from contract_tests.lab import Lab, rule, spends
from contract_tests.outcome import check
from contract_tests.proofs.fileforge import steps

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
    steps.has_message(lab.call("list_formats", key=lab.forged()), "invalid API key")


@rule("fileforge.auth.missing-message")
def test_missing_message(lab: Lab) -> None:
    """A caller without a key hears that it is missing."""
    steps.has_message(lab.call("list_formats"), "missing API key")


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
        steps.tries_to_delete(lab, key, full),
    ):
        steps.refuses(answer, 403, code="forbidden")


@rule("fileforge.scope.convert-write")
def test_scope_convert_write(lab: Lab) -> None:
    """convert:write alone converts a file, by itself and in bulk, and is what converting needs."""
    file = steps.picture(lab, lab.key())
    key, other = lab.key("only_convert_write"), lab.key("only_files_read")
    steps.convert(lab, key, file).passes()
    steps.convert_all(lab, key, file, 2).passes()
    steps.is_refused(steps.convert(lab, other, file))


@rule("fileforge.scope.files-read")
def test_scope_files_read(lab: Lab) -> None:
    """files:read alone leads to the converted file, and is what downloading needs."""
    done = steps.completed(lab, lab.key())
    steps.output(lab, lab.key("only_files_read"), done).expect(302)
    steps.is_refused(steps.output(lab, lab.key("only_convert_write"), done))


@rule("fileforge.scope.files-write")
def test_scope_files_write(lab: Lab) -> None:
    """files:write alone presigns an upload and finalizes it, and is what uploading needs."""
    key, other = lab.key("only_files_write"), lab.key("only_files_delete")
    steps.presign(lab, key).passes()
    waiting = steps.uploaded(lab, key)
    steps.is_refused(steps.finalize(lab, other, waiting))
    steps.finalize(lab, key, waiting).passes()


@rule("fileforge.scope.files-delete")
def test_scope_files_delete(lab: Lab) -> None:
    """files:delete alone deletes a file, and is what deleting needs."""
    file = steps.own_picture(lab, lab.key())
    steps.is_refused(lab.call("delete_file", key=lab.key("only_files_write"), path={"id": file}))
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


# The order of the checks, which no page tells


@rule("fileforge.order.tier-before-scope")
def test_tier_before_scope(lab: Lab) -> None:
    """A key that lacks both scope and tier hears of the tier."""
    key = lab.key("no_scopes")
    lab.admin.change_account(tier="free")
    steps.has_message(steps.presign(lab, key), "API access requires Forge Pro")


@rule("fileforge.order.scope-before-body")
def test_scope_before_body(lab: Lab) -> None:
    """The refusal of a well-formed body for a missing scope is that of an empty body too."""
    key = lab.key("no_scopes")
    lab.call("create_conversion", key=key, json=steps.ORDER).given(403)
    lab.call("create_conversion", key=key, json={}).expect(403)
