"""Proofs of the rules of FileForge: error bodies and standards."""

from __future__ import annotations

import re
from functools import partial

from contract_tests.answer import Answer
from contract_tests.counting import RETRY_AFTER, refused
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.fileforge import steps
from contract_tests.provision import Key

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
    file = steps.rested(lab, key)
    steps.convert_all(lab, key, file, 5).given()
    return steps.convert(lab, key, file).given(429)


@rule("fileforge.standard.no-content")
def test_no_content(lab: Lab) -> None:
    """204 is followed by nothing."""
    answer = lab.call("delete_file", key=lab.key(), path={"id": steps.own_picture(lab, lab.key())}).given(204)
    check(answer.content == b"" and answer.headers.get("Content-Length", "0") == "0", "no body", answer)
