"""Proofs of the rules of Fileflare: the limits per key."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest

from contract_tests.answer import Answer
from contract_tests.counting import refilled, reopened, rest, within
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import NotVerifiable, Violation, check
from contract_tests.proofs.fileflare.steps import (
    NOTHING,
    TOO_LARGE,
    counted_out,
    exhausted,
    harmless,
    limited,
    tour,
)

# document 000, Rate limits


@rule("fileflare.limit.sixty")
@spends
def test_sixty(lab: Lab) -> None:
    """Sixty requests pass in a minute, the next is refused."""
    counted_out(lab, 60, "list_orders")


@rule("fileflare.limit.one-budget")
@spends
def test_one_budget(lab: Lab) -> None:
    """A call of each operation leaves one less to all; with the budget used up each of them is refused, which is
    enough where requests are dear. Whether e-mails, which have a budget of their own, are in it nobody says.
    """
    names = [operation.id.split(".")[1] for operation in harmless(lab) if "send_email" not in operation.limits]
    key = lab.key()
    # A window may end in the midst of it; then it is tried again.
    for last in (False, False, True):
        start = lab.now()
        exhausted(lab)
        answers = [lab.call(name, key=key, path=NOTHING) for name in names]
        passed, most = [answer.request for answer in answers if answer.status != 429], refilled(lab, 60, start)
        if len(passed) <= most or last or lab.now() == start:
            break
        rest(lab)
    check(len(passed) <= most, "every operation to be refused with 429", f"{passed} were not")
    if lab.thrifty:
        return
    reopened(lab, 60, lambda: lab.call("list_orders", key=key))
    for last in (False, False, True):
        start, (_, before) = lab.now(), _budget(lab.call("list_orders", key=key))
        for name in names:
            lab.call(name, key=key, path=NOTHING)
        _, after = _budget(lab.call("list_orders", key=key))
        most = before - len(names) - 1 + refilled(lab, 60, start)
        if after <= most or last or lab.now() == start:
            break
        rest(lab)
    check(after <= most, f"at most {most} of {before} requests left after one of each operation", f"{after} left")


@rule("fileflare.limit.per-key")
@spends
def test_per_key(lab: Lab) -> None:
    """With the budget of one key used up, another key of the store still passes."""
    other = lab.second_key()
    exhausted(lab)
    lab.call("list_orders", key=other).passes()


@rule("fileflare.limit.send-email")
@reopens
def test_send_email_limit(lab: Lab) -> None:
    """Thirty calls of the route pass the limit, the next is refused. They name no order, so nobody gets an e-mail."""
    counted_out(lab, 30, "send_email")
    answer = reopened(lab, 30, lambda: lab.call("send_email", key=lab.key(), path=NOTHING)).late
    check(answer.status != 429, "the route to be open again after the minute", answer)


@rule("fileflare.limit.send-email-apart")
@reopens
def test_send_email_apart(lab: Lab) -> None:
    """With its budget used up other requests pass, each of its calls has left one less to them, and another key has its own."""
    lab.may_spend()
    rest(lab)
    key, calls = lab.key(), 0
    _, before = _budget(lab.call("list_orders", key=key))
    while calls < before and lab.call("send_email", key=key, path=NOTHING).status != 429:
        calls += 1
    _, after = _budget(lab.call("list_orders", key=key).passes())
    check(after == before - calls - 1, f"{before - calls - 1} requests left after {calls} such calls", f"{after} left")
    lab.call("send_email", key=key, path=NOTHING).expect(429)
    answer = lab.call("send_email", key=lab.new_key(), path=NOTHING)
    check(answer.status != 429, "another key to have 30 such calls of its own", answer)


@rule("fileflare.limit.send-email-headers")
@reopens
def test_send_email_headers(lab: Lab) -> None:
    """At first its own budget is the tighter one; after enough other requests the general one is."""
    lab.may_spend()
    rest(lab)
    key = lab.key()
    whole, left = _budget(lab.call("list_orders", key=key))
    own, tight = _budget(lab.call("send_email", key=key, path=NOTHING))
    check(own < whole and tight < left - 1, f"less than {left - 1} of {whole} left", f"{tight} of {own} left")
    for _ in range(left - tight + 2):
        _, left = _budget(lab.call("list_orders", key=key).given())
    told = _budget(lab.call("send_email", key=key, path=NOTHING))
    check(told == (whole, left - 1), f"{left - 1} of {whole} left", "{1} of {0} left".format(*told))


@rule("fileflare.limit.headers")
def test_rate_headers(lab: Lab) -> None:
    """Every passing answer tells limit and rest in whole numbers."""
    for answer in tour(lab).values():
        _budget(answer.given())


@rule("fileflare.limit.headers-on-errors")
@pytest.mark.parametrize("status", [402, 404, 422, pytest.param(429, marks=spends)])
def test_rate_headers_on_errors(lab: Lab, status: int) -> None:
    """A refusal of an identified key tells limit and rest too."""
    key = lab.key()
    refusals: dict[int, Callable[[], Answer]] = {
        402: lambda: lab.call("sign_upload", key=key, json=TOO_LARGE),
        404: lambda: lab.call("find_asset", key=key, path=NOTHING),
        422: lambda: lab.call("store_asset", key=key, json={}),
        429: lambda: limited(lab),
    }
    _budget(refusals[status]().given(status))


@rule("fileflare.limit.headers-unidentified")
def test_no_rate_headers_without_a_key(lab: Lab) -> None:
    """A 401 tells no budget, without a key as with a wrong one."""
    for key in (None, lab.forged()):
        answer = lab.call("list_orders", key=key).given(401)
        answer.without_header("X-RateLimit-Limit").without_header("X-RateLimit-Remaining")


@rule("fileflare.limit.value")
def test_limit_value(lab: Lab) -> None:
    """The limit that is told is 60."""
    for operation in ("list_orders", "list_assets", "find_asset"):
        limit, _ = _told(lab.call(operation, key=lab.key(), path=NOTHING))
        check(limit == 60, "X-RateLimit-Limit: 60", limit)


@rule("fileflare.limit.counts-down")
def test_counts_down(lab: Lab) -> None:
    """From request to request one less is left, whatever the operation and also where it finds nothing or is invalid; a
    window may end once in between.
    """
    operations = (
        "list_orders",
        "find_asset",
        "store_asset",
        "list_products",
        "find_asset",
        "store_asset",
        "list_orders",
    )
    lab.afresh()
    start = lab.now()
    left = [
        _told(lab.call(operation, key=lab.key(), path=NOTHING))[1]
        for operation in lab.some(operations, 4, "requests in a row")
    ]
    steps = [before - after for before, after in zip(left, left[1:], strict=False)]
    check(
        sum(step != 1 for step in steps) <= 1 + refilled(lab, 60, start), "one less with each request", f"{left} left"
    )


@rule("fileflare.limit.first-remaining")
@reopens
def test_first_remaining(lab: Lab) -> None:
    """After a minute without requests the first one leaves 59."""
    rest(lab)
    _, left = _budget(lab.call("list_orders", key=lab.key()))
    check(left == 59, "59 left after the first request", f"{left} left")


@rule("fileflare.limit.window")
@spends
def test_window(lab: Lab) -> None:
    """When a minute has passed since the refusal the key passes again."""
    reopened(lab, 60, lambda: lab.call("list_orders", key=lab.key())).late.passes()


@rule("fileflare.limit.fixed-window")
@reopens
def test_fixed_window(lab: Lab) -> None:
    """Half a minute after the window opened nothing is back; used up then, the budget is gone at 58 s and whole at 61."""
    lab.may_spend()
    rest(lab)
    key, began = lab.key(), lab.now()
    _, before = _budget(lab.call("list_orders", key=key).given())
    lab.advance(lab.window(31))
    _, left = _budget(lab.call("list_orders", key=key))
    within(lab, began, 59)
    check(left == before - 1, f"{before - 1} left after half a minute and another request", f"{left} left")
    exhausted(lab)
    lab.advance(lab.window(27))
    refused = lab.call("list_orders", key=key)
    within(lab, began, 59)
    refused.expect(429)
    lab.advance(3)
    limit, left = _budget(lab.call("list_orders", key=key).expect(200))
    check(left == limit - 1, "the whole budget back", f"{left} of {limit} left")


@rule("fileflare.limit.refused-free")
@reopens
def test_refused_free(lab: Lab) -> None:
    """Requests refused late in the window neither prolong it nor count in the next."""
    lab.may_spend()
    rest(lab)
    exhausted(lab)
    lab.advance(lab.window(50))
    for _ in range(5):
        answer = lab.call("list_orders", key=lab.key())
        if answer.passed:
            raise NotVerifiable(
                "it needs a window that opens with its first request: this one ended within 50 s of being used up"
            )
        answer.given(429)
    lab.advance(lab.window(10) + 2)
    limit, left = _budget(lab.call("list_orders", key=lab.key()).expect(200))
    check(left == limit - 1, "the whole budget back", f"{left} of {limit} left")


@rule("fileflare.limit.refused-headers")
@reopens
def test_refused_headers(lab: Lab) -> None:
    """A 429 says that nothing is left and when it will be; after that wait the key passes."""
    answer = exhausted(lab)
    answer.header("X-RateLimit-Remaining", "0")
    wait = int(answer.header("Retry-After", r"\d+"))
    check(wait >= 1, "a Retry-After of at least a second", wait)
    reset = int(answer.header("X-RateLimit-Reset", r"\d+"))
    check(
        abs(reset - lab.now() - wait) <= 2, "X-RateLimit-Reset where Retry-After ends", f"{reset}, now is {lab.now()}"
    )
    lab.advance(wait)
    lab.call("list_orders", key=lab.key()).passes()


@rule("fileflare.limit.retry-after-form")
def test_retry_after_form(lab: Lab) -> None:
    """Retry-After, where there is one, is digits or a date."""
    value = limited(lab).headers.get("Retry-After")
    check(value is None or value.isdecimal() or _is_date(value), "whole seconds or an HTTP date", value)


@rule("fileflare.limit.not-cacheable")
def test_refusal_not_cacheable(lab: Lab) -> None:
    """A 429 has no lifetime in a cache."""
    answer = limited(lab)
    control = answer.headers.get("Cache-Control", "")
    storable = re.search(r"\bpublic\b|max-age=0*[1-9]", control, re.IGNORECASE)
    check(storable is None, "a 429 that no cache keeps", f"Cache-Control: {control}")
    expires = answer.headers.get("Expires", "0")
    check(not _is_date(expires) or parsedate_to_datetime(expires).timestamp() <= lab.now(), "no Expires ahead", expires)


def _budget(answer: Answer) -> tuple[int, int]:
    """Limit and rest as the answer tells them."""
    return int(answer.header("X-RateLimit-Limit", r"\d+")), int(answer.header("X-RateLimit-Remaining", r"\d+"))


def _told(answer: Answer) -> tuple[int, int]:
    """The same, to build on: that every answer tells it is another rule. Raises NotVerifiable where it does not."""
    try:
        return _budget(answer)
    except Violation as problem:
        raise NotVerifiable(f"a step before it failed: {problem.actual}, {problem.expected} was needed") from None


def _is_date(value: str) -> bool:
    try:
        return bool(parsedate_to_datetime(value))
    except ValueError:
        return False
