"""Proofs of the rules of FileForge: quotas of calls and of conversions."""

from __future__ import annotations

from functools import partial

from contract_tests.answer import Answer
from contract_tests.counting import counted_out, exhausted, refilled, refused, reopened, rest, steady, within
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileforge import steps
from contract_tests.provision import Key

# fileforge-docs.aldrickb.app/api/rate-limits


@rule("fileforge.limit.sixty")
@spends
def test_sixty(lab: Lab) -> None:
    """60 calls pass in a minute, the 61st does not."""
    key = lab.key()
    steps.refuses(counted_out(lab, 60, lambda: lab.call("list_formats", key=key)), 429, code="rate_limited")
    steady(lab, 60, lambda: lab.call("list_formats", key=key))
    if not lab.thrifty:
        rest(lab)
        lab.call("list_formats", key=key).passes()


@rule("fileforge.limit.reopens")
@reopens
def test_reopens(lab: Lab) -> None:
    """Who waits as long as Retry-After says is let in."""
    told = reopened(lab, 60, lambda: lab.call("list_formats", key=lab.key()))
    told.refusal.header("Retry-After", r"\d+")
    if told.due is None:
        raise NotVerifiable(
            f"it would have to wait as long as Retry-After says, {told.refusal.headers['Retry-After']} s"
        )
    told.due.passes()


@rule("fileforge.limit.headers")
@spends
def test_headers(lab: Lab) -> None:
    """The refusal tells limit, remainder, time of the reset and seconds to wait."""
    answer = refused(lab, 60, lambda: lab.call("list_formats", key=lab.key()))
    answer.header("X-RateLimit-Limit", "60")
    answer.header("X-RateLimit-Remaining", "0")
    answer.header("Retry-After", r"\d+")
    reset, now = int(answer.header("X-RateLimit-Reset", r"\d+")), lab.now()
    # Five minutes for clocks that differ.
    check(now - 300 <= reset <= now + 360, f"X-RateLimit-Reset within a minute of {now:.0f}, in Unix seconds", reset)


@rule("fileforge.limit.body")
@spends
def test_body(lab: Lab) -> None:
    """The refusal says the rate in its message and the seconds to wait in its details."""
    answer = refused(lab, 60, lambda: lab.call("list_formats", key=lab.key()))
    steps.has_message(answer, "request rate exceeded (60/min)")
    seconds = answer.member("error", "details", "retry_after_seconds")
    told = answer.headers.get("Retry-After")
    check(isinstance(seconds, int) and str(seconds) == told, f"retry_after_seconds {told}, as Retry-After", seconds)


@rule("fileforge.limit.silent")
def test_silent(lab: Lab) -> None:
    """Neither the first call nor a later one tells of a limit while it passes."""
    key = lab.key()
    for answer in (lab.call("list_formats", key=key), steps.presign(lab, key), lab.call("list_formats", key=key)):
        answer.given()
        for name in steps.RATE_HEADERS:
            answer.without_header(name)


@rule("fileforge.limit.per-key")
@spends
def test_per_key(lab: Lab) -> None:
    """What one key has used up, calls or conversions, a second key of the account still has."""
    first, second = lab.key(), lab.key("default_scopes")
    file = steps.picture(lab, first)
    _limited_conversions(lab, first, file)
    steps.convert(lab, second, file).passes()
    _limited_calls(lab, first)
    lab.call("list_formats", key=second).passes()


@rule("fileforge.limit.every-call")
@spends
def test_every_call(lab: Lab) -> None:
    """With the calls used up each operation is refused, but for the two whose limit is another."""
    key = lab.key()
    # A window may end in the midst of it; then it is tried again.
    for last in (False, False, True):
        start = lab.now()
        _limited_calls(lab, key)
        answers = list(steps.call_every(lab, key=key, but=steps.CONVERTING))
        passed, most = [answer.request for answer in answers if answer.status != 429], refilled(lab, 60, start)
        if len(passed) <= most or last or lab.now() == start:
            break
        rest(lab)
    check(len(passed) <= most, "every operation to be refused with 429", f"{passed} were not")


@rule("fileforge.limit.refused-free")
@reopens
def test_refused_free(lab: Lab) -> None:
    """60 calls refused for a scope leave the key its calls."""
    lab.may_spend()
    key = lab.key("only_files_read")
    rest(lab)
    for _ in range(60):
        _is_let_in(steps.presign(lab, key))
    _is_let_in(lab.call("list_formats", key=key))


def _is_let_in(answer: Answer) -> None:
    """Whatever else the answer says, it does not speak of a limit."""
    check(answer.status != 429, f"{answer.request} not to be refused for a limit", answer)


def _limited_calls(lab: Lab, key: Key) -> Answer:
    """The refusal of this key for its limit of calls."""
    return exhausted(lab, 60, lambda: lab.call("list_formats", key=key))


@rule("fileforge.limit.conversions")
@reopens
def test_conversions(lab: Lab) -> None:
    """5 conversions pass in a minute, the 6th does not."""
    key = lab.key()
    file = steps.picture(lab, key)
    answer = counted_out(lab, 5, lambda: steps.convert(lab, key, file))
    steps.refuses(answer, 429, code="conversion_rate_limited")
    if not lab.thrifty:
        rest(lab)
        steps.convert(lab, key, file).passes()


@rule("fileforge.limit.conversions-reopens")
@reopens
def test_conversions_reopen(lab: Lab) -> None:
    """Who waits as long as Retry-After says may convert again."""
    key = lab.key()
    file = steps.picture(lab, key)
    told = reopened(lab, 5, lambda: steps.convert(lab, key, file))
    told.refusal.header("Retry-After", r"\d+")
    if told.due is None:
        raise NotVerifiable(
            f"it would have to wait as long as Retry-After says, {told.refusal.headers['Retry-After']} s"
        )
    told.due.passes()


@rule("fileforge.limit.conversions-headers")
@reopens
def test_conversions_headers(lab: Lab) -> None:
    """The refusal of a conversion tells the limit of conversions."""
    key = lab.key()
    answer = refused(lab, 5, partial(steps.convert, lab, key, steps.picture(lab, key)))
    answer.header("X-RateLimit-Limit", "5")
    answer.header("X-RateLimit-Remaining", "0")
    answer.header("X-RateLimit-Reset", r"\d+")


@rule("fileforge.limit.independent")
@reopens
def test_independent(lab: Lab) -> None:
    """A key that may not convert for now may read formats and upload."""
    key = lab.key()
    _limited_conversions(lab, key, steps.picture(lab, key))
    lab.call("list_formats", key=key).passes()
    steps.presign(lab, key).passes()


@rule("fileforge.limit.bulk-items")
@reopens
def test_bulk_items(lab: Lab) -> None:
    """After a bulk of 4 one conversion is left, and no second."""
    key, file = steps.converter(lab)
    steps.first_bulk(lab, key, file, 4).passes()
    steps.convert(lab, key, file).passes()
    steps.convert(lab, key, file).expect(429)


@rule("fileforge.limit.bulk-accepted")
@reopens
def test_bulk_accepted(lab: Lab) -> None:
    """20 items are accepted at once by a key that has converted nothing for a minute."""
    _, answer = steps.large_bulk(lab)
    _is_let_in(answer)
    answer.given()


@rule("fileforge.limit.bulk-debt")
@reopens
def test_bulk_debt(lab: Lab) -> None:
    """20 items cost the conversions of 4 minutes: single and bulk are refused until then, and pass afterwards."""
    lab.may_wait(lab.window(109))
    key = lab.key()
    file, began = steps.rested(lab, key), lab.now()
    steps.convert_all(lab, key, file, 20).given()
    steps.convert_all(lab, key, file, 1).expect(429)
    for seconds in (61, 109):
        lab.advance(lab.window(seconds))
        refused = steps.convert(lab, key, file)
        within(lab, began, 179)
        refused.expect(429)
    lab.advance(lab.window(70) + 1)
    steps.convert(lab, key, file).passes()


def _limited_conversions(lab: Lab, key: Key, file: str) -> Answer:
    """The refusal of this key for its limit of conversions."""
    return exhausted(lab, 5, lambda: steps.convert(lab, key, file))
