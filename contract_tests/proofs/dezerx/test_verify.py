"""Proofs of the rules of the DezerX license API: verifying a licence."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.dezerx import steps

# Endpoint 1: Verify License


@rule("dezerx.verify.information")
def test_verify_informs(lab: Lab) -> None:
    """A valid licence is answered with success and a JSON object that says something."""
    body = lab.call("verify", key=lab.key()).passes().json()
    check(isinstance(body, dict) and bool(body), "an object with information", body)


@rule("dezerx.verify.answer")
def test_verify_answer(lab: Lab) -> None:
    """verify answers 200 with success, the published message and data."""
    steps.succeeds(lab.call("verify", key=lab.key()), "License is valid and active")


@rule("dezerx.verify.data")
def test_verify_data(lab: Lab) -> None:
    """data holds three integer ids, two names and is_active true."""
    answer = lab.call("verify", key=lab.key()).given()
    for name in ("license_id", "product_id", "user_id"):
        value = answer.member("data", name)
        check(type(value) is int, f"data.{name} to be an integer", repr(value))
    for name in ("product_name", "domain"):
        value = answer.member("data", name)
        check(isinstance(value, str) and bool(value), f"data.{name} to be a text", repr(value))
    active = answer.member("data", "is_active")
    check(active is True, "data.is_active to be true", repr(active))


@rule("dezerx.verify.own-licence")
def test_verify_own_licence(lab: Lab) -> None:
    """verify tells the key, the domain and the product of the licence that was asked with."""
    for key in (lab.key(), lab.key("no_file")):
        answer = lab.call("verify", key=key).given()
        for name, value in {"license_key": key.raw, **steps.body(key)}.items():
            told = answer.member("data", name)
            check(told == value, f"data.{name} {value!r}", repr(told))


@rule("dezerx.verify.times")
def test_verify_times(lab: Lab) -> None:
    """The times are in UTC with six decimals and a Z."""
    answer = lab.call("verify", key=lab.key()).given()
    created, rotated = answer.member("data", "created_at"), answer.member("data", "last_rotated")
    steps.moment(created, 6)
    if rotated is not None:
        steps.moment(rotated, 6)
