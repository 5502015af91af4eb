"""Proofs of the rules of the DezerX license API: the limit per address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from contract_tests.answer import Answer
from contract_tests.counting import counted_out, refused, reopened, rest, shared, steady, within
from contract_tests.lab import Lab, reopens, rule, spends
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.dezerx import steps
from contract_tests.provision import Key

# Rate limiting


@rule("dezerx.limit.sixty")
@spends
@pytest.mark.parametrize("operation", ["verify", "generate_download_token"])
def test_sixty(lab: Lab, operation: str) -> None:
    """Sixty calls within a minute pass and the 61st is answered with 429."""
    counted_out(lab, 60, lambda: lab.call(operation, key=lab.key()))
    steady(lab, 60, lambda: lab.call(operation, key=lab.key()))


@rule("dezerx.limit.message")
@spends
def test_limit_message(lab: Lab) -> None:
    """The 429 says Too many requests."""
    steps.speaks_of(_limited(lab), "Too many requests")


@rule("dezerx.limit.answer")
@spends
def test_limit_answer(lab: Lab) -> None:
    """The 429 carries the published message and the code RATE_LIMIT_EXCEEDED."""
    answer = _limited(lab)
    steps.tells(answer, 429, "Too many requests. Please try again later.", "RATE_LIMIT_EXCEEDED")


@rule("dezerx.limit.window")
@reopens
def test_limit_window(lab: Lab) -> None:
    """When a minute has passed since the calls were used up, calls pass again."""
    reopened(lab, 60, lambda: lab.call("verify", key=lab.key())).late.passes()
    lab.call("generate_download_token", key=lab.key()).passes()


@rule("dezerx.limit.across-licences")
@spends
def test_limit_across_licences(lab: Lab) -> None:
    """What one licence used up at an address, another licence lacks there."""
    other = lab.key("no_file")
    if not lab.thrifty:
        lab.call("verify", key=other).given()
    shared(lab, 60, lambda: lab.call("verify", key=lab.key()), lambda: lab.call("verify", key=other))


@rule("dezerx.limit.across-addresses")
@spends
def test_limit_across_addresses(lab: Lab) -> None:
    """What one address used up, another has still, with the same licence."""
    elsewhere = lab.from_elsewhere()
    steps.used_up(lab, lab.key())
    lab.call("verify", key=lab.key(), headers=elsewhere).passes()


@rule("dezerx.limit.shared")
@reopens
def test_limit_shared(lab: Lab) -> None:
    """Calls of verify use up those of download, and the other way round."""
    first, second = (operation.id.partition(".")[2] for operation in lab.secured())
    for spent, other in ((first, second), (second, first)):
        rest(lab)
        shared(lab, 60, partial(lab.call, spent, key=lab.key()), partial(lab.call, other, key=lab.key()))


@rule("dezerx.limit.before-key")
@reopens
def test_limit_before_key(lab: Lab) -> None:
    """Fifty-nine refused calls of every kind leave one of the sixty, and then none."""
    key, forged = lab.key(), lab.forged()
    _fresh_window(lab)
    for number in range(59):
        wrong: Key | str | None = (None, forged, key)[number % 3]
        lab.call("verify", key=wrong, presents={}).given(*steps.CLIENT_ERRORS)
    lab.call("verify", key=key).passes()
    lab.call("verify", key=forged).expect(429)


@rule("dezerx.limit.fixed-window")
@reopens
def test_limit_fixed_window(lab: Lab) -> None:
    """Nothing has come back 59 seconds after the first of the sixty calls."""
    _fresh_window(lab)
    began = lab.now()
    steps.used_up(lab, lab.key())
    lab.advance(lab.window(58))
    refused = lab.call("verify", key=lab.key())
    within(lab, began, 59)
    refused.expect(429)


@rule("dezerx.limit.refused-free")
@reopens
def test_refused_calls_are_free(lab: Lab) -> None:
    """Calls refused during the wait do not make it longer."""
    _fresh_window(lab)
    steps.used_up(lab, lab.key())
    lab.advance(lab.window(30))
    for _ in range(5):
        lab.call("verify", key=lab.key()).given(429)
    lab.advance(lab.window(30))
    lab.call("verify", key=lab.key()).passes()


@rule("dezerx.limit.told")
def test_limit_told(lab: Lab) -> None:
    """An answer that counts carries a rate-limit header of some name."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key()).given()
        check(bool(steps.rate_headers(answer)), "a header about the rate limit", ", ".join(answer.headers))


@rule("dezerx.limit.headers")
@reopens
def test_limit_headers(lab: Lab) -> None:
    """The headers tell sixty and count down one by one, over passing and refused calls alike, to nothing."""
    key = lab.key()
    _fresh_window(lab)
    calls: list[tuple[Key | str | None, Mapping[str, Any]]] = [
        (key, key.presents),
        (lab.forged(), key.presents),
        (None, {}),
        (key, {}),
        (key, {**key.presents, "domain": steps.ELSEWHERE}),
    ]
    for number, (caller, presents) in enumerate(calls, 1):
        answer = lab.call(lab.secured()[number % 2], key=caller, presents=presents)
        answer.header("X-RateLimit-Limit", "60")
        answer.header("X-RateLimit-Remaining", str(60 - number))
    refused = steps.used_up(lab, key)
    refused.header("X-RateLimit-Limit", "60")
    refused.header("X-RateLimit-Remaining", "0")


@rule("dezerx.limit.retry-after")
@reopens
def test_retry_after(lab: Lab) -> None:
    """Retry-After names the wait: shortly before it is over calls are refused, after it they pass."""
    told = reopened(lab, 60, lambda: lab.call("verify", key=lab.key()))
    seconds = int(told.refusal.header("Retry-After", r"\d+"))
    check(1 <= seconds <= 60, "1 to 60 seconds", seconds)
    if told.early:
        told.early.expect(429)
    if told.due:
        told.due.passes()


@rule("dezerx.standard.retry-after")
def test_retry_after_form(lab: Lab) -> None:
    """Retry-After, where it is sent, is a number of seconds or an HTTP date."""
    answer = _limited(lab)
    if "Retry-After" in answer.headers:
        answer.header("Retry-After", r"\d+|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


@rule("dezerx.standard.429-not-stored")
def test_429_not_stored(lab: Lab) -> None:
    """Nothing in a 429 lets a cache keep it."""
    answer = _limited(lab)
    directives = steps.directives(answer)
    lasting = {item for item in directives if re.fullmatch(r"public|(s-)?max-age=0*[1-9]\d*", item)}
    check("no-store" in directives or not lasting, "no leave to store", answer.headers.get("Cache-Control"))


@rule("dezerx.file.unlimited")
@spends
def test_file_unlimited(lab: Lab) -> None:
    """After sixty download attempts within a minute the 61st gets its file. Where requests are dear, after sixty other calls."""
    lab.may_spend()
    if lab.thrifty:
        steps.used_up(lab, lab.key())
        check(steps.download(lab, steps.NO_TOKEN).status != 429, "no download to be refused with 429", "429")
        return
    spent, fresh = steps.spent_token(lab), steps.token(lab)
    for _ in range(60):
        answer = steps.download(lab, spent)
        check(answer.status != 429, "no download to be refused with 429", answer)
    steps.download(lab, fresh).passes()


@rule("dezerx.file.uncounted")
@reopens
def test_file_uncounted(lab: Lab) -> None:
    """Ten downloads beside sixty other calls of the address leave all sixty passing. Where requests are dear, the headers
    tell it.
    """
    if lab.thrifty:
        _leaves_the_budget(lab)
        return
    _fresh_window(lab)
    token = steps.token(lab)
    steps.download(lab, token).given()
    for _ in range(9):
        steps.download(lab, steps.NO_TOKEN)
    for _ in range(59):
        lab.call("verify", key=lab.key()).passes()


def _leaves_the_budget(lab: Lab) -> None:
    """Two downloads between two calls take nothing of what these tell to be left."""
    lab.afresh()
    token = steps.token(lab)
    before = _told_left(lab.call("verify", key=lab.key()))
    steps.download(lab, token)
    steps.download(lab, steps.NO_TOKEN)
    after = _told_left(lab.call("verify", key=lab.key()))
    least = before - 1
    check(after >= least, f"{least} calls left, as if nothing had been downloaded", f"{after} left")


def _told_left(answer: Answer) -> int:
    names = [name for name in steps.rate_headers(answer) if "remaining" in name]
    if not names:
        raise NotVerifiable("it takes a window of its own where no header tells how many calls are left")
    return int(answer.given().header(names[0], r"\d+"))


def _fresh_window(lab: Lab) -> None:
    """Lets a window pass, so that whatever was called before leaves all sixty calls."""
    lab.may_spend()
    rest(lab)


def _limited(lab: Lab) -> Answer:
    """A 429 to be judged."""
    return refused(lab, 60, lambda: lab.call("verify", key=lab.key()))
