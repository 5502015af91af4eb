"""Counting calls against a limit, fair to every window that a quota and a number of seconds leave open. The seconds are those
that are promised; on a target whose file says that its windows are shorter, they are as short.

A window may begin with its first call or with the clock's minute, slide, or refill like a bucket; and calls take time, in
which units can come back. On a target whose clock stands still none of this shows, and the count is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Postponed, Violation, check
from contract_tests.pace import pause

#: How often a burst is begun anew that may have lain in two windows. The second begins where one has just opened.
BURSTS = 3
#: What Retry-After may hold (RFC 9110, 10.2.3): a whole number of seconds or an HTTP date.
RETRY_AFTER = r"\d+|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"

Call = Callable[[], Answer]


def counted_out(
    lab: Lab, quota: int, call: Call, *, window: int = 60, passes: Callable[[Answer], object] = Answer.passes
) -> Answer:
    """Proves that after a window's rest `quota` calls pass and the next is refused with 429; returns that refusal.

    Where requests are dear, what earlier proofs sent is counted in; and it is enough that a call is refused that other calls
    left nothing.
    """
    lab.may_spend(quota + 1)
    whole = lab.window(window)
    if lab.thrifty and (known := _counted_in(lab, quota, call, passes)):
        return known
    _affords(lab, quota + 1)
    for _ in range(BURSTS):
        rest(lab, window=window)
        start = lab.now()
        for number in range(1, quota + 1):
            answer = call()
            check(answer.status != 429, f"{quota} calls in {whole:g} s to pass", f"call {number}: {answer}")
            passes(answer)
        for more in range(1, 2 * quota + 1):
            answer = call()
            if answer.status == 429:
                return _noted(lab, quota, answer, start)
            if more > refilled(lab, quota, start, window=window):
                break
        else:
            raise NotVerifiable(f"calls take so long that {quota} in {whole:g} s are never used up")
        if lab.now() == start:
            break
    raise Violation(f"call {quota + 1} in {whole:g} s to be refused with 429", str(answer))


def _counted_in(lab: Lab, quota: int, call: Call, passes: Callable[[Answer], object]) -> Answer | None:
    """The refusal that shows the quota with what proofs before have sent; None where it is not so easily shown."""
    answer = call()
    if answer.status == 429:
        return answer if lab.has(f"counted to {quota}") else None
    passes(answer)
    used, began = lab.run_up(quota)
    for _ in range(quota - used if used else 0):
        if (answer := call()).status == 429:
            return None
        passes(answer)
    return _noted(lab, quota, answer, began) if used and (answer := call()).status == 429 else None


def _noted(lab: Lab, quota: int, refusal: Answer, began: float) -> Answer:
    """The refusal, which from now on stands for the quota where requests are dear, and when the first call was."""
    lab.once(f"counted to {quota}", lambda: began)
    return lab.once(_name(quota), lambda: refusal)


def steady(lab: Lab, quota: int, call: Call, *, window: int = 60) -> None:
    """Proves that over two windows, however they lie, no more calls pass than three fresh quotas: a window that is much
    shorter than it should be lets more of them pass. Where requests are dear, only that the window just used up stays closed.
    """
    lab.may_spend()
    if lab.thrifty:
        lab.once(f"closed after {quota}", lambda: _closed(lab, quota, call, window))
        return
    rest(lab, window=window)
    start, passed, most, whole = lab.now(), 0, quota, lab.window(window)
    for _ in range(13):
        while call().status != 429:
            passed += 1
            if passed > most:
                elapsed = lab.now() - start
                most = quota * (1 + math.ceil(elapsed / whole))
                check(passed <= most, f"{quota} calls in {whole:g} s to pass", f"{passed} in {elapsed:.0f} s")
        lab.advance(whole / 6)


def _closed(lab: Lab, quota: int, call: Call, window: int) -> None:
    """Proves that a used-up quota does not come back for two thirds of a window, but for what slides or refills. Where it does,
    a window may have begun with the clock's minute: the next one does not do so within two thirds of a window again.
    """
    start, passed, whole = lab.now(), 0, lab.window(window)
    began: float = lab.once(f"counted to {quota}", lambda: start)
    until, shut = began + whole * 2 / 3, start
    while lab.now() < until:
        lab.advance(whole / 6)
        while call().status != 429:
            if not passed and not lab.can_spare(quota):
                lab.shown.append("one window")
                return
            if not passed:
                until = lab.now() + whole * 2 / 3
            passed += 1
            windows = 1 + int((lab.now() - shut) / whole)
            check(
                passed <= max(quota * windows, refilled(lab, quota, start, window=window)),
                f"{quota} calls in {whole:g} s to pass",
                f"{quota + passed} in {lab.now() - start:.0f} s",
            )
        if not passed:
            shut = lab.now()


def refused(lab: Lab, quota: int, call: Call) -> Answer:
    """The refusal when the quota is used up, to be judged. Where requests are dear, the one that other proofs judge, too, and
    it is counted after how many calls it came, if that can be known.
    """
    lab.may_spend(quota)
    return lab.once(_name(quota), lambda: _counted_by_the_way(lab, quota, call) or exhausted(lab, quota, call))


def _counted_by_the_way(lab: Lab, quota: int, call: Call) -> Answer | None:
    return _counted_in(lab, quota, call, lambda answer: None) if lab.thrifty else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """What became of a used-up quota: the answers two seconds before the refusal's Retry-After was over (`early`, None where
    it is shorter), when it was over (`due`, None where nobody may wait so long), and when a whole window was (`late`).
    """

    refusal: Answer
    early: Answer | None
    due: Answer | None
    late: Answer


def reopened(lab: Lab, quota: int, call: Call, *, window: int = 60) -> Reopening:
    """Uses the quota up and waits for it to come back. Where requests are dear, all proofs judge one such wait."""
    whole = lab.window(window)
    return lab.once(f"reopened after {quota}", lambda: _reopened(lab, call, exhausted(lab, quota, call), whole))


def _reopened(lab: Lab, call: Call, refusal: Answer, window: float) -> Reopening:
    told, whole = pause(refusal.headers, window), window + 1
    # Something that ends may live to the end of its last second.
    moments = {"early": told - 2, "due": told + 1, "late": whole}
    came: dict[str, Answer] = {}
    waited = 0.0
    for name, moment in sorted(moments.items(), key=lambda item: item[1]):
        if name == "late" and (due := came.get("due")) and due.passed:
            came["late"] = due
        elif moment > 0:
            try:
                lab.advance(moment - waited)
            except NotVerifiable:
                if "late" in came:
                    break
                raise
            waited, came[name] = moment, call()
    return Reopening(refusal=refusal, early=came.get("early"), due=came.get("due"), late=came["late"])


def _name(quota: int) -> str:
    return f"refused after {quota}"


def shared(lab: Lab, quota: int, one: Call, other: Call, *, window: int = 60) -> None:
    """Proves that what the one call uses up the other lacks: right after it is refused with 429, the other is as well."""
    for _ in range(BURSTS):
        start = lab.now()
        exhausted(lab, quota, one)
        for more in range(quota):
            answer = other()
            if answer.status == 429:
                return
            if more >= refilled(lab, quota, start, window=window):
                break
        if lab.now() == start:
            break
        rest(lab, window=window)
    raise Violation(f"{answer.request} to be refused with 429, the limit being used up", str(answer))


def exhausted(lab: Lab, quota: int, call: Call) -> Answer:
    """Calls until it is refused with 429, to build on; returns the refusal. How many calls that takes is not judged."""
    lab.may_spend(quota)
    for number in range(3 * quota):
        answer = call()
        if answer.status == 429:
            return answer
        if number == 0:
            _affords(lab, quota)
    raise NotVerifiable(f"a step before it failed: {3 * quota} calls were not refused with 429; the last: {answer}")


def _affords(lab: Lab, calls: int) -> None:
    """Raises Postponed where so many calls would be taken from proofs that take few."""
    if not lab.can_spare(calls):
        raise Postponed(f"{calls} calls are too dear for now")


def refilled(lab: Lab, quota: int, since: float, *, window: int = 60) -> int:
    """How many units may have come back since then where a window slides or refills."""
    return int((lab.now() - since) * quota / lab.window(window) + 1e-6)


def rest(lab: Lab, *, window: int = 60) -> None:
    """Lets a whole window pass, so that whatever was called before leaves the whole quota."""
    lab.advance(lab.window(window) + 1)


def within(lab: Lab, since: float, seconds: float) -> None:
    """Raises NotVerifiable where more of a window than these seconds has passed: the target is so slow that something may be
    back by then.
    """
    if lab.now() - since > lab.window(seconds):
        raise NotVerifiable("calls take so long that a window ends before it is used up")
