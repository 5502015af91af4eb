"""Proofs of the rules of Files.com: errors, limits, the order of the checks, and standards."""

from __future__ import annotations

import json
import re

from contract_tests import counting
from contract_tests.answer import Answer
from contract_tests.counting import RETRY_AFTER, Reopening
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.filescom import errors, files, keys, steps, users

# Errors: recorded answers and the error catalogue of the CLI


@rule("filescom.error.envelope")
def test_error_envelope(lab: Lab) -> None:
    """Errors of five kinds all have the five members."""
    for answer in errors.kinds(lab):
        for member in ("error", "http-code", "instance", "title", "type"):
            check(not steps.blank(answer.member(member)), f"{answer.request} to tell its {member}", answer)


@rule("filescom.error.http-code")
def test_error_http_code(lab: Lab) -> None:
    """Errors of five kinds repeat their status."""
    for answer in errors.kinds(lab):
        shown = answer.member("http-code")
        check(shown == answer.status and isinstance(shown, int), f"http-code {answer.status}", json.dumps(shown))


@rule("filescom.error.instance")
def test_error_instance(lab: Lab) -> None:
    """Errors of five kinds name the request that they answer."""
    for answer in errors.kinds(lab):
        ids = re.split(r",\s*", answer.header("X-Request-Id", ".+"))
        check(answer.member("instance") in ids, f"the instance {ids}", answer.member("instance"))


@rule("filescom.error.class")
def test_error_class(lab: Lab) -> None:
    """Errors of five kinds carry their type in the header."""
    for answer in errors.kinds(lab):
        answer.header("X-Files-Error-Class", re.escape(str(answer.member("type"))))


@rule("filescom.error.title")
def test_error_title(lab: Lab) -> None:
    """The title of errors of five kinds follows from their type."""
    for answer in errors.kinds(lab):
        errors.has_title_of_its_type(answer)


@rule("filescom.error.category")
def test_error_category(lab: Lab) -> None:
    """A 401, a 403 and a 404 each have a type of their category."""
    categories = {401: "not-authenticated", 403: "not-authorized", 404: "not-found"}
    for answer, status in (
        (lab.call("list_api_keys", key=lab.forged()), 401),
        (users.listed(lab, lab.key("files_only")), 403),
        (files.missing(lab), 404),
    ):
        answer.given(status)
        category = str(answer.member("type")).split("/")[0]
        check(category == categories[status], f"a {status} to have a type {categories[status]}", category)


@rule("filescom.error.validation")
def test_error_validation(lab: Lab) -> None:
    """A missing name, a name that is no text, a body that is no JSON and a size of no items are refused alike."""
    json_header = {"Content-Type": "application/json"}
    for answer in (
        lab.call("create_api_key", key=lab.key(), json={}),
        lab.call("create_api_key", key=lab.key(), json={"name": 7}),
        lab.call("create_api_key", key=lab.key(), json=["name"]),
        lab.call("create_api_key", key=lab.key(), content=b'{"name": ', headers=json_header),
        lab.call("list_api_keys", key=lab.key(), query={"per_page": "many"}),
    ):
        errors.refuses(answer, "bad-request/", 422)


@rule("filescom.error.datetime")
def test_error_datetime(lab: Lab) -> None:
    """Neither a key is created with a date that is none, nor an upload finished."""
    for tried in lab.some((_dated_key, _dated_upload), 1):
        errors.refuses(tried(lab), "bad-request/datetime-parse", 400, 422)


def _dated_key(lab: Lab) -> Answer:
    return lab.call("create_api_key", key=lab.key(), json={"name": lab.named("when?"), "expires_at": "2031-13-41"})


def _dated_upload(lab: Lab) -> Answer:
    path = f"{files.path(lab)}/dated.txt"
    begun = steps.begin(lab, lab.key(), path, 1).given(200)
    steps.put(lab, begun, b"a").given(200)
    body = {"action": "end", "ref": begun.member(0, "ref"), "provided_mtime": "tomorrow-ish"}
    return lab.call("finish_upload", key=lab.key(), path={"path": path}, json=body)


@rule("filescom.error.no-route")
def test_error_no_route(lab: Lab) -> None:
    """A path of nobody's is answered with 404 to one who may ask."""
    lab.request("GET", "/api/rest/v1/no_such_thing", headers=lab.credential(lab.key())).expect(404)


@rule("filescom.header.request-id")
def test_header_request_id(lab: Lab) -> None:
    """Answers that pass and answers that do not carry an id, each another."""
    answers = [*_every_kind(lab), *errors.kinds(lab)]
    ids = [answer.header("X-Request-Id", ".+") for answer in answers]
    check(len(set(ids)) == len(ids), f"{len(ids)} different ids", ids)


@rule("filescom.header.no-cache")
def test_header_no_cache(lab: Lab) -> None:
    """Answers of every kind forbid to keep them in all three headers."""
    for answer in (*_every_kind(lab), *errors.kinds(lab)):
        answer.header("Cache-Control", r"(.*,\s*)?no-store(\s*,.*)?")
        answer.header("Pragma", "no-cache")
        answer.header("Expires", r"Fri, 01 Jan 1990 00:00:00 GMT|0|-1")


@rule("filescom.header.hardening")
def test_header_hardening(lab: Lab) -> None:
    """Answers of every kind tell browsers not to guess, frame or refer."""
    for answer in (*_every_kind(lab), *errors.kinds(lab)):
        answer.header("X-Content-Type-Options", "nosniff")
        answer.header("X-Frame-Options", "SAMEORIGIN")
        answer.header("Referrer-Policy", "same-origin")


def _every_kind(lab: Lab) -> list[Answer]:
    """A 201, a 200 and a 204."""
    life = keys.site_wide(lab)
    return [life["created"].given(), life["used"].given(200), life["deleted"].given(204)]


# Limits: the numbers are not published


@rule("filescom.limit.number")
@reopens
def test_limit_number(lab: Lab) -> None:
    """600 calls in a minute pass, the 601st is refused, another key's first passes, and after a minute all is well."""
    with steps.new_key(lab) as other:
        counting.counted_out(lab, 600, lambda: steps.current(lab, lab.key()), passes=lambda answer: answer.expect(200))
        steps.works(lab, other.raw)
    _reopened(lab).late.expect(200)


@rule("filescom.limit.type")
@spends
def test_limit_type(lab: Lab) -> None:
    """The refusal of a call too many is of the category rate-limited."""
    answer = errors.limited(lab)
    errors.refuses(answer, "rate-limited/", 429)


@rule("filescom.limit.reopens")
@reopens
def test_limit_reopens(lab: Lab) -> None:
    """After as many seconds as Retry-After says, the key that was refused passes."""
    again = _reopened(lab)
    again.refusal.header("Retry-After", r"\d+")
    if again.due is None:
        raise NotVerifiable("Retry-After is longer than a minute, and longer than a proof may wait")
    again.due.expect(200)


def _reopened(lab: Lab) -> Reopening:
    return counting.reopened(lab, 600, lambda: steps.current(lab, lab.key()))


# The order of the checks, which no page tells


@rule("filescom.order.role-before-body")
def test_order_role_before_body(lab: Lab) -> None:
    """A member with a broken request for administration hears of their lack of rights, a key for files likewise."""
    lab.call("list_users", key=lab.key("member"), query={"per_page": "many"}).expect(403)
    lab.call("create_api_key", key=lab.key("files_only"), json={"name": 7}).expect(403)


# Standards


@rule("filescom.standard.challenge")
def test_standard_challenge(lab: Lab) -> None:
    """Without a key, and with one that was never issued, the answer says how to authenticate; so does every other 401."""
    for answer in (
        *(steps.current(lab, key).given(401) for key in (None, lab.forged())),
        *(steps.current(lab, key) for key in errors.over(lab)),
        lab.call("list_folder", key=lab.forged(), by=steps.SESSION, path={"path": ""}),
        steps.sign_in(lab, lab.name("nobody"), lab.hide("no password at all", "WRONG_PASSWORD")),
        lab.call("delete_session", key=lab.key()),
    ):
        if answer.status == 401:
            answer.header("WWW-Authenticate", r"[!#$%&'*+.^_`|~0-9A-Za-z-]+( .+)?")


@rule("filescom.standard.allow")
def test_standard_allow(lab: Lab) -> None:
    """A method that the path does not have is answered with those that it has."""
    answer = lab.call("find_current_api_key", key=lab.key(), method="PUT").given(405)
    allowed = {method.strip().upper() for method in answer.header("Allow").split(",")}
    check({"GET", "PATCH", "DELETE"} <= allowed and "PUT" not in allowed, "Allow: GET, PATCH, DELETE", allowed)


@rule("filescom.standard.head")
def test_standard_head(lab: Lab) -> None:
    """HEAD is answered with the status and the media type of GET and without a body."""
    full = steps.current(lab, lab.key()).given(200)
    answer = lab.call("find_current_api_key", key=lab.key(), method="HEAD").expect(200)
    check(not answer.content, "no body", answer)
    types = (answer.headers.get("Content-Type"), full.headers.get("Content-Type"))
    check(types[0] == types[1], f"Content-Type {types[1]}", types[0])


@rule("filescom.standard.retry-after")
@spends
def test_standard_retry_after(lab: Lab) -> None:
    """Where a 429 says when to come back, it says so in whole seconds or as a date."""
    answer = errors.limited(lab)
    if "Retry-After" in answer.headers:
        answer.header("Retry-After", RETRY_AFTER)


@rule("filescom.standard.not-stored")
def test_standard_not_stored(lab: Lab) -> None:
    """A 429 does not say that it may be kept."""
    control = errors.limited(lab).headers.get("Cache-Control", "").lower()
    kept = re.search(r"(max-age|s-maxage)\s*=\s*0*[1-9]|public|immutable", control)
    check(kept is None or "no-store" in control, "nothing that permits to keep a 429", control)


@rule("filescom.standard.no-content")
def test_standard_no_content(lab: Lab) -> None:
    """The answer to a deletion has neither a body nor the length of one."""
    answer = keys.site_wide(lab)["deleted"].given(204)
    check(not answer.content, "no body", answer)
    answer.without_header("Content-Length")
