"""Limits: counting, refusal, what the headers tell, recovery after the window, independence of keys and addresses, debt."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.machine import Exploration, Model, often, step, stopping
from contract_tests.models.windows import AnyWindow, Bucket, FixedWindow, Moment
from contract_tests.outcome import NotVerifiable, Violation, check
from contract_tests.profile import Effort
from contract_tests.provision import Key

#: What a header tells of a budget: its quota, what remains of it, when it is whole again, seconds until calls pass.
Told = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A way to spend. `takes` are groups of buckets: of each a unit is taken, of a whole group or of none of it; of the
    bucket `sized`, `size` units. `perhaps` are buckets of which nobody says whether it takes. It answers 429 or `answers`.
    """

    send: Callable[[Lab, Key, Mapping[str, str], int], Answer]
    takes: tuple[tuple[str, ...], ...]
    perhaps: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (1,)
    sized: str | None = None
    answers: tuple[int, ...] = (200,)
    refused: Told = field(default_factory=dict)

    def units(self, bucket: str, size: int) -> int:
        return size if bucket == self.sized else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a provider promises of its limits.

    `passing` are headers of every answer that passes and takes of one bucket. `tells` judges whatever else such an answer
    tells. With `retry_after`, a unit is promised again after the seconds in the Retry-After of a refusal.
    """

    buckets: tuple[Bucket, ...]
    calls: tuple[Call, ...]
    passing: Told = field(default_factory=dict)
    tells: Callable[[Answer], None] | None = None
    retry_after: bool = False

    def named(self, name: str) -> Bucket:
        return next(bucket for bucket in self.buckets if bucket.name == name)

    def quota(self, call: Call) -> int:
        """The smallest quota that the call takes from, one where it takes from none."""
        return min((self.named(name).quota for group in call.takes for name in group), default=1)

    def pauses(self, call: Call) -> list[int]:
        """Within a window's length and around it; longer ones where a debt can last longer."""
        taken = [self.named(name) for group in call.takes for name in group] or self.buckets
        quiet, pauses = self.quiet(call), {1}
        for bucket in taken:
            around = {bucket.window, bucket.window + 1}
            within = {1, bucket.window // 2, bucket.window - 1}
            pauses |= around | ({quiet // 2, quiet} if bucket.debt else within)
        return sorted(pauses)

    def quiet(self, call: Call) -> int:
        """Seconds after which all that the call takes from is whole again, whatever was taken."""
        buckets = [self.named(name) for group in (*call.takes, call.perhaps) for name in group]
        return 1 + max((bucket.window * self._owed(bucket) for bucket in buckets), default=0)

    def _owed(self, bucket: Bucket) -> int:
        """How many windows a bucket is behind at most."""
        costs = [call.units(bucket.name, size) for call in self.calls for size in call.sizes]
        return math.ceil((bucket.quota - 1 + max(costs)) / bucket.quota) if bucket.debt else 1

    def affordable(self, effort: Effort) -> Effort:
        """That much where a call's quota is sixty, more or less where it is smaller or larger on average. The first
        example is always the simplest one.
        """
        scale = sum(map(self.quota, self.calls)) / len(self.calls) / 60
        return Effort(examples=1 + math.ceil((effort.examples - 1) / scale), steps=effort.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls how: with the key of this number, from the place of this number."""

    call: Call
    size: int
    key: int
    place: int


class Limiter(Model):
    """Calls in bursts, and looks at what they have done to the caller, later and to others."""

    vital = frozenset({"use_up", "look"})

    def __init__(self, exploration: Exploration, limits: Limits) -> None:
        super().__init__(exploration, limits)
        self.limits = limits
        self.keys: dict[int, Key] = {}
        self.places: dict[int, Mapping[str, str]] = {0: {}}
        self.told: int | None = None
        self.last: Caller | None = None
        with stopping():
            self.lab.may_spend()

    @often
    def look(self, data: Any) -> None:
        """Calls up to three times, each as the last caller after a pause, or at once otherwise, with another key or from
        elsewhere. Where nobody has called yet, a limit is used up first.
        """
        if self.last is None:
            self.use_up(data)
        assert self.last
        caller = self.last
        for _ in range(data.draw(st.integers(1, 3))):
            how = data.draw(st.sampled_from(["later", "later", "later", "call", "key", "place"]))
            if how == "later":
                self.pauses(data, caller)
            elif how == "call":
                self.calls(replace(caller, **self.drawn_call(data)))
            elif how == "key":
                self.calls(replace(caller, key=caller.key + data.draw(st.sampled_from([1, 2]))))
            else:
                self.calls(replace(caller, place=1 - caller.place))

    @step
    def use_up(self, data: Any) -> None:
        """Calls until it is refused, or was let through once too often."""
        caller = self.drawn(data)
        for _ in range(self.limits.quota(caller.call) + 1):
            if self.calls(caller):
                break

    def pauses(self, data: Any, caller: Caller) -> None:
        """For a window or a part of one, until all is whole again, or as long as told in Retry-After; then calls."""
        seconds, as_told = data.draw(
            st.sampled_from([*((pause, False) for pause in self.limits.pauses(caller.call)), (0, True), (1, True)])
        )
        self.pass_time(seconds + (self.told or 0 if as_told else 0))
        self.calls(caller)

    @step
    def call(self, data: Any) -> None:
        caller = self.drawn(data)
        quota = self.limits.quota(caller.call)
        for _ in range(data.draw(st.sampled_from([1, 2, quota // 2, quota - 1]))):
            self.calls(caller)

    def drawn(self, data: Any) -> Caller:
        words = self.drawn_call(data)
        key, place = data.draw(st.sampled_from([0, 0, 0, 1, 2])), data.draw(st.sampled_from([0, 0, 1]))
        self.last = Caller(**words, key=key, place=place)
        return self.last

    def drawn_call(self, data: Any) -> dict[str, Any]:
        call = data.draw(st.sampled_from(self.limits.calls))
        return {"call": call, "size": data.draw(st.sampled_from(call.sizes))}

    def calls(self, caller: Caller) -> bool:
        """Whether it was refused for a limit."""
        key, partition = self.key(caller.key), {"key": caller.key, "address": self.place(caller.place)}
        return self.judge(caller.call, key, partition, caller.size)

    def key(self, who: int) -> Key:
        if who not in self.keys:
            self.keys[who] = self.lab.new_key()
        return self.keys[who]

    def place(self, place: int) -> int:
        """Its number, 0 where the target cannot be told where a request comes from."""
        if place not in self.places:
            try:
                self.places[place] = self.lab.from_elsewhere()
            except NotVerifiable:
                return 0
        return place

    def judge(self, call: Call, key: Key, partition: Mapping[str, int], size: int) -> bool:
        """Calls once and judges the answer: whether it was refused for a limit."""
        raise NotImplementedError

    def send(self, call: Call, key: Key, partition: Mapping[str, int], size: int) -> tuple[Answer, bool]:
        """The answer, and whether it refuses for a limit."""
        answer = call.send(self.lab, key, self.places[partition["address"]], size)
        refused = answer.status == 429
        if refused:
            told = answer.headers.get("Retry-After", "")
            self.told = int(told) if told.isdecimal() else None
        else:
            answer.given(*call.answers)
        return answer, refused


class AnyLimiter(Limiter):
    """Judges what every kind of window keeps."""

    def __init__(self, exploration: Exploration, limits: Limits) -> None:
        super().__init__(exploration, limits)
        self.windows: dict[tuple[str, int], AnyWindow] = {}
        self.remaining: dict[tuple[str, int], tuple[int, float]] = {}

    def judge(self, call: Call, key: Key, partition: Mapping[str, int], size: int) -> bool:
        names = [(name, True) for group in call.takes for name in group] + [(name, False) for name in call.perhaps]
        charged = [(self.window(name, partition), call.units(name, size), surely) for name, surely in names]
        start = self.now()
        for window, _, _ in charged:
            window.begin(start)
        answer, refused = self.send(call, key, partition, size)
        at = Moment(start, self.now())
        if refused:
            self.was_refused(answer, at, charged, call.refused)
        else:
            self.has_passed(answer, at, charged)
        self.read_remaining(answer, at, [(name, partition) for name, _ in names], passed=not refused)
        return refused

    def window(self, name: str, partition: Mapping[str, int]) -> AnyWindow:
        bucket = self.limits.named(name)
        return self.windows.setdefault((name, partition[bucket.by]), AnyWindow(bucket))

    def was_refused(
        self, answer: Answer, at: Moment, charged: list[tuple[AnyWindow, int, bool]], headers: Told
    ) -> None:
        used_up = [window for window, units, _ in charged if not window.must_pass(units, at.start)]
        if not used_up:
            raise Violation(f"{answer.request} to pass: {_why(charged, at.start)}", str(answer))
        for name, word in headers.items():
            TELLS[word](answer, name, used_up[0].bucket, at)
        due = at.end + self.told if self.limits.retry_after and self.told is not None else math.inf
        for window, units, _ in charged:
            alone = used_up == [window]
            window.refused(at, units, alone=alone, due=due if alone else math.inf)

    def has_passed(self, answer: Answer, at: Moment, charged: list[tuple[AnyWindow, int, bool]]) -> None:
        for window, units, surely in charged:
            window.passed(at, units, surely=surely)
            if surely and window.excess(at.end):
                since = at.end - window.log[0].at.start
                raise Violation(
                    f"{answer.request} to be refused with 429: {_promise(window.bucket)}, "
                    f"and {window.sure - units} have passed within {since:.0f} s",
                    str(answer),
                )
        if charged and self.limits.tells:
            self.limits.tells(answer)

    def read_remaining(
        self, answer: Answer, at: Moment, charged: list[tuple[str, Mapping[str, int]]], *, passed: bool
    ) -> None:
        """What a passing answer tells, and that the remaining units fall by one from call to call."""
        places = [(name, partition[self.limits.named(name).by]) for name, partition in charged]
        before = [self.remaining.pop(place, None) for place in places]
        if not passed or len(places) != 1:
            return
        bucket = self.limits.named(places[0][0])
        for name, word in self.limits.passing.items():
            told = TELLS[word](answer, name, bucket, at)
            if word == "remaining":
                self.remaining[places[0]] = (told, at.end)
                if before[0] is not None and before[0][1] == at.end:
                    fallen = before[0][0] - 1
                    check(told == fallen, f"{answer.request} to tell one less in {name}, {fallen}", f"{name}: {told}")


def _promise(bucket: Bucket) -> str:
    return f"{bucket.quota} in {bucket.window} s are promised for each {bucket.by}"


def _why(charged: list[tuple[AnyWindow, int, bool]], now: float) -> str:
    """Why a call has to pass."""
    if not charged:
        return "it takes from no limit"
    told = [
        "the seconds told in Retry-After are over" if now > window.due else
        f"{_promise(window.bucket)}, and at most {window.sure + window.perhaps} can have been counted"
        for window, _, _ in charged
    ]  # fmt: skip
    return "; ".join(told)


def _whole(answer: Answer, name: str) -> int:
    """The header's value, a whole number."""
    return int(answer.header(name, r"\d{1,15}"))


def _quota(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    told = _whole(answer, name)
    check(told == bucket.quota, f"{answer.request} to tell the quota {bucket.quota} in {name}", f"{name}: {told}")
    return told


def _remaining(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    most = 0 if answer.status == 429 else bucket.quota
    told = _whole(answer, name)
    check(told <= most, f"{answer.request} to tell at most {most} remaining units in {name}", f"{name}: {told}")
    return told


def _reset(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    told = _whole(answer, name)
    check(told >= math.floor(at.start), f"{answer.request} to tell a coming moment in {name}", f"{name}: {told}")
    return told


def _retry_after(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    return _whole(answer, name)


#: What a header tells to how it is judged whatever the kind of window.
TELLS: Mapping[str, Callable[[Answer, str, Bucket, Moment], int]] = {
    "quota": _quota,
    "remaining": _remaining,
    "reset": _reset,
    "retry_after": _retry_after,
}


class OurLimiter(Limiter):
    """Judges every answer by the mock's own fixed windows, headers included."""

    def __init__(self, exploration: Exploration, limits: Limits) -> None:
        super().__init__(exploration, limits)
        self.windows: dict[tuple[str, int], FixedWindow] = {}

    def judge(self, call: Call, key: Key, partition: Mapping[str, int], size: int) -> bool:
        groups = [[(self.window(name, partition), call.units(name, size)) for name in group] for group in call.takes]
        start = self.clear_moment([window for group in groups for window, _ in group])
        refusing: FixedWindow | None = None
        read: list[FixedWindow] = []
        taken: list[tuple[FixedWindow, int]] = []
        for group in groups:
            refusing = next((window for window, units in group if not window.lets(units)), None)
            if refusing:
                read.append(refusing)
                break
            taken += group
            read += [window for window, _ in group]
        answer, refused = self.send(call, key, partition, size)
        at = Moment(start, self.now())
        if refusing:
            used = f"{_promise(refusing.bucket)}, and {refusing.used} are used"
            check(refused, f"{answer.request} to be refused with 429: {used}", answer)
        else:
            used = "; ".join(f"{_promise(window.bucket)}, and {window.used} are used" for window, _ in taken)
            check(not refused, f"{answer.request} to pass: {used or 'it takes from no limit'}", answer)
        for window, units in taken:
            window.take(at, units)
        if read:
            tightest = min(read, key=lambda window: (window.left, window.bucket.quota))
            headers = {**self.limits.passing, **(call.refused if refused else {})}
            for name, word in headers.items():
                _tells_exactly(answer, name, word, tightest, at)
        return refused

    def window(self, name: str, partition: Mapping[str, int]) -> FixedWindow:
        bucket = self.limits.named(name)
        return self.windows.setdefault((name, partition[bucket.by]), FixedWindow(bucket))

    def clear_moment(self, windows: list[FixedWindow]) -> float:
        """Now, the windows rolled forward. Where the clock runs, a moment at which it is certain which have ended."""
        now = self.now()
        while not self.exploration.clock_stands:
            waits = [until for window in windows if (until := window.unclear_until(now)) is not None]
            if not waits:
                break
            self.pass_time(max(waits) - now + 0.01)
            now = self.now()
        for window in windows:
            window.roll(now)
        return now


def _tells_exactly(answer: Answer, name: str, word: str, window: FixedWindow, at: Moment) -> None:
    reset = window.reset(at)
    exact: Mapping[str, tuple[int, int]] = {
        "quota": (window.bucket.quota, window.bucket.quota),
        "remaining": (window.left, window.left),
        "reset": (int(reset.start), int(reset.end)),
        "retry_after": (max(1, math.ceil(reset.start - at.end)), max(1, math.ceil(reset.end - at.start))),
    }
    told, (least, most) = _whole(answer, name), exact[word]
    wanted = str(least) if least == most else f"{least} to {most}"
    check(least <= told <= most, f"{answer.request} to tell {wanted} in {name}", f"{name}: {told}")


def some_rate_header(answer: Answer) -> None:
    """Some header speaks of a rate limit, whatever its name."""
    found = any(re.search("rate-?limit", name, re.IGNORECASE) for name in answer.headers)
    check(found, f"{answer.request} to tell its rate limit in a header", f"headers {', '.join(answer.headers)}")
