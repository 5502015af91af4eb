"""What the proofs of races share: how many of many calls may pass, and that what has ended has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract_tests.answer import Answer
from contract_tests.counting import refilled
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, check
from contract_tests.provision import Key
from contract_tests.race import Attempt, Call

Passing = Callable[[Answer], bool]


def passes(answer: Answer) -> bool:
    return answer.passed


def spare_key(lab: Lab) -> Key:
    """A full key made for this proof, without limits where the target can give one."""
    try:
        return lab.new_key(unlimited=True)
    except NotVerifiable:
        return lab.new_key()


def admits(
    lab: Lab,
    call: Call,
    quota: int,
    *,
    more: int = 40,
    pauses: Sequence[int] = (61, 61, 61),
    as_passing: Passing = passes,
) -> None:
    """Proves that of `quota + more` calls at once `quota` pass, no fewer and no more. Nothing else may use the limit.

    Before each burst so many seconds are let go by that the whole quota is there, whatever the window. In the midst of it
    a window that slides or refills gives some units back. Where more pass, the end of a fixed minute may have fallen
    among them; it cannot have in a second burst too, for that begins more than whole minutes after the first.
    """
    lab.may_spend()
    lavish = 0
    for pause in pauses:
        lab.advance(lab.window(pause - 1) + 1)
        start = lab.now()
        attempts = lab.at_once([call] * (quota + more))
        passed = _count(attempts, as_passing)
        refused = _count(attempts, lambda answer: answer.status == 429)
        check(refused <= more, f"{quota} of {len(attempts)} calls at once to pass", f"{refused} were refused with 429")
        if not passed:
            raise NotVerifiable(f"none of {len(attempts)} calls at once passed, e.g. {_example(attempts)}")
        lasted = lab.now() - start
        lavish += passed > quota + refilled(lab, quota, start)
        check(
            lavish < min(2, len(pauses)),
            f"{quota} of {len(attempts)} calls at once to pass",
            f"{passed} did, in {lasted:.2f} s",
        )
        if not lavish:
            return


def redeems_once(lab: Lab, call: Call, *, times: int = 40) -> None:
    """Proves that of this many calls at once exactly one passes."""
    attempts = lab.at_once([call] * times)
    passed = _count(attempts, passes)
    check(passed <= 1, f"1 of {times} calls at once to pass", f"{passed} did")
    # One that broke, failed or met a limit may have used up what there was.
    if all(item.answer and item.answer.status < 500 and item.answer.status != 429 for item in attempts):
        check(passed == 1, f"1 of {times} calls at once to pass", f"none did, e.g. {_example(attempts)}")
    elif not passed:
        raise NotVerifiable(f"none of {times} calls at once passed, e.g. {_example(attempts)}")


def ends(lab: Lab, call: Call, action: Callable[[], object], what: str, *, as_passing: Passing = passes) -> None:
    """Proves that no call passes that begins when the action, which many calls surround, has been answered."""
    race = lab.during(call, action)
    if not any(map(as_passing, race.before)):
        raise NotVerifiable(f"a step before it failed: no call passed before {what}, e.g. {_example(race.attempts)}")
    judged = [answer for answer in race.after if answer.status != 429]
    if not judged:
        raise NotVerifiable(f"no call after {what} was answered but with 429")
    late = [answer for answer in judged if as_passing(answer)]
    check(
        not late,
        f"no call to pass that begins after {what}",
        f"{len(late)} of {len(judged)} did, e.g. {late[0] if late else None}",
    )


def _count(attempts: Sequence[Attempt], which: Passing) -> int:
    return sum(item.answer is not None and which(item.answer) for item in attempts)


def _example(attempts: Sequence[Attempt]) -> str:
    return str(next((item.answer for item in attempts if item.answer), "no answer"))
