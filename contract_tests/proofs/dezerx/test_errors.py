"""Proofs of the rules of the DezerX license API: cache headers, errors in general and standards."""

from __future__ import annotations

from collections.abc import Iterator

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.dezerx import steps

# No-cache headers


@rule("dezerx.cache.sensitive")
def test_sensitive_answers(lab: Lab) -> None:
    """A licence, a download URL and a file are sent with no-store or no-cache."""
    for answer in _one_of_each(lab):
        kept_out = steps.directives(answer.given()) & {"no-store", "no-cache"}
        check(bool(kept_out), f"{answer.request} to carry no-store or no-cache", answer.headers.get("Cache-Control"))


@rule("dezerx.cache.same")
def test_every_answer_is_not_cached(lab: Lab) -> None:
    """Every answer, a refusal too, carries the three headers that are published for the file."""
    for answer in (*_one_of_each(lab), *_refusals(lab), lab.request("GET", "/api/license/nothing")):
        steps.has_no_cache_headers(answer)


# Errors in general


@rule("dezerx.error.envelope")
def test_error_envelope(lab: Lab) -> None:
    """A refusal of any kind is a JSON object with success false and a message."""
    for answer in _refusals(lab):
        _is_error(answer)


@rule("dezerx.error.download-without-code")
def test_download_errors_without_code(lab: Lab) -> None:
    """What is refused because of a file or a token has no error_code."""
    answers = [
        lab.call("generate_download_token", key=lab.key("download_disabled")),
        lab.call("generate_download_token", key=lab.key("no_file")),
        steps.download(lab, steps.NO_TOKEN),
    ]
    for answer in answers:
        body = answer.given(*steps.CLIENT_ERRORS).json()
        check("error_code" not in body, f"{answer.request} to be refused without error_code", body)


@rule("dezerx.error.validation")
def test_malformed_body(lab: Lab) -> None:
    """A body that is not JSON or not an object is answered with 400 where the headers are right."""
    for operation in lab.secured():
        for content in (b'{"domain"', b"[]"):
            headers = {"Content-Type": "application/json"}
            answer = lab.call(operation, key=lab.key(), content=content, headers=headers).expect(400)
            steps.has_member(answer, "error_code", "INVALID_REQUEST")


@rule("dezerx.error.no-route")
def test_unknown_path(lab: Lab) -> None:
    """An unknown path is answered with 404 in the shape of the other errors."""
    _is_error(lab.request("GET", "/api/license/nothing", headers=steps.headers(lab.key())).expect(404))


@rule("dezerx.error.wrong-method")
def test_wrong_method(lab: Lab) -> None:
    """A method that the path does not have is answered with 405 in the shape of the other errors."""
    for operation in lab.operations():
        _is_error(lab.call(operation, key=lab.key(), method="DELETE").expect(405))


@rule("dezerx.standard.allow")
def test_allow(lab: Lab) -> None:
    """A 405 names the method that the path does have."""
    for operation in lab.operations():
        answer = lab.call(operation, key=lab.key(), method="DELETE").given(405)
        answer.header("Allow", rf"(.*,\s*)?{operation.method}(\s*,.*)?")


@rule("dezerx.standard.head")
def test_verify_head(lab: Lab) -> None:
    """HEAD on verify has the status and the rate-limit and cache headers of GET, and no body."""
    answer = lab.call("verify", key=lab.key()).given()
    head = lab.call("verify", key=lab.key(), method="HEAD").expect(answer.status)
    check(not head.content, "no body", head)
    for name in (*steps.rate_headers(answer), "cache-control"):
        check(
            name in head.headers or name not in answer.headers,
            f"HEAD to carry {name} as GET does",
            ", ".join(head.headers),
        )


@rule("dezerx.standard.json")
def test_json_type(lab: Lab) -> None:
    """Every JSON answer says that it is JSON."""
    for answer in (lab.call("verify", key=lab.key()), *_refusals(lab)):
        answer.header("Content-Type", r"application/json(\s*;.*)?")


def _one_of_each(lab: Lab) -> Iterator[Answer]:
    """A passing answer of each operation."""
    yield lab.call("verify", key=lab.key())
    answer = lab.call("generate_download_token", key=lab.key())
    yield answer
    yield steps.download(lab, steps.token_of(lab, answer.given()))


def _refusals(lab: Lab) -> Iterator[Answer]:
    """A refusal of each kind that any licence can bring about."""
    key = lab.key()
    for operation in lab.secured():
        for caller, presents in (
            (None, {}),
            (lab.forged(), {}),
            (key, {}),
            (key, steps.without(key, "product_id")),
            (key, steps.other_product(key)),
            (key, {**key.presents, "domain": steps.ELSEWHERE}),
        ):
            answer = lab.call(operation, key=caller, presents=presents)
            if not answer.passed:
                yield answer
    yield steps.download(lab, steps.NO_TOKEN)


def _is_error(answer: Answer) -> None:
    steps.has_member(answer, "success", False)
    message = answer.member("message")
    check(isinstance(message, str) and bool(message), f"{answer.request} to answer a message", repr(message))
