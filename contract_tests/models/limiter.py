"""Limits: counting, refusal, what the headers tell, recovery after the window, independence of keys and addresses, debt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract_tests.answer import Answer
from contract_tests.models.limits import Call, Limits, Told, Way
from contract_tests.models.machine import Exploration, Model, step, stopping
from contract_tests.models.told import TELLS, tells_exactly
from contract_tests.models.windows import AnyWindow, Bucket, FixedWindow, Moment
from contract_tests.outcome import NotVerifiable, Violation, check
from contract_tests.provision import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls how: with the key of this number, from the place of this number."""

    way: Way
    key: int = 0
    place: int = 0


class Limiter(Model):
    """Uses up a limit, and looks at what that has done to the caller, to others, and later."""

    vital = frozenset({"use_up", "look_later"})

    def __init__(self, exploration: Exploration, limits: Limits) -> None:
        super().__init__(exploration, limits)
        self.limits = limits
        self.keys: dict[int, Key] = {}
        self.places: dict[int, Mapping[str, str]] = {0: {}}
        self.told: int | None = None
        self.last: Caller | None = None
        with stopping():
            self.lab.may_spend()

    @step()
    def use_up(self, data: Any) -> None:
        """Calls until it is refused, or was let through once too often; perhaps with a pause after the first calls."""
        ways = [way for way in self.limits.ways if way.call.takes]
        *before, way = self.turns("way", ways)
        # The first time at once: in a pause so much may come back that it hides a unit too many.
        used_up = sum(earlier.call.takes == way.call.takes for earlier in before)
        pausing = self.plays(data, used_up % 2 == 1)
        key, place = self.pick(data, "key", [0, 0, 0, 1, 2]), self.pick(data, "place", [0, 0, 1])
        caller, quota = Caller(way=way, key=key, place=place), self.limits.quota(way.call)
        if pausing:
            for _ in range(1 + quota // 3):
                self.calls(caller)
            self.pass_time(self.pick(data, "pause", self.limits.pauses(way.call)[:2]))
        for _ in range(quota + 1):
            if self.calls(caller):
                break
        self.last = caller

    @step(stage=1, times=2)
    def look_at_ways(self, data: Any) -> None:
        """At once, in every other way."""
        caller = self.caller(data)
        for way in self.limits.ways:
            if way != caller.way and self.plays(data):
                self.calls(replace(caller, way=way))

    @step(stage=1, times=2)
    def look_at_others(self, data: Any) -> None:
        """At once, with another key or from elsewhere."""
        caller = self.caller(data)
        key, place = self.pick(data, "other", [(1, 0), (2, 0), (0, 1)])
        self.calls(replace(caller, key=caller.key + key, place=(caller.place + place) % 2))

    @step(stage=2, times=4)
    def look_later(self, data: Any) -> None:
        """Within a window and around its end, when a debt can be paid off, or as long as told in Retry-After; then calls."""
        caller = self.caller(data)
        pauses = [(pause, False) for pause in self.limits.pauses(caller.way.call)]
        seconds, as_told = self.pick(data, "pause", [*pauses, (0, True), (1, True)])
        self.pass_time(seconds + (self.told or 0 if as_told else 0))
        self.calls(caller)

    @step(stage=3)
    def rest(self, data: Any) -> None:
        """Until all is whole again, whatever was taken; then calls."""
        caller = self.caller(data)
        self.pass_time(self.limits.quiet(caller.way.call))
        self.calls(caller)

    def caller(self, data: Any) -> Caller:
        """Who used up a limit last; where nobody did, who does it now."""
        if self.last is None:
            self.use_up(data)
        assert self.last
        return self.last

    def calls(self, caller: Caller) -> bool:
        """Whether it was refused for a limit."""
        who = 0 if caller.way.call.one_key else caller.key
        return self.judge(caller.way, self.key(who), {"key": who, "address": self.place(caller.place)})

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

    def judge(self, way: Way, key: Key, partition: Mapping[str, int]) -> bool:
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

    def judge(self, way: Way, key: Key, partition: Mapping[str, int]) -> bool:
        call, size = way.call, way.size
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


class OurLimiter(Limiter):
    """Judges every answer by the mock's own fixed windows, headers included."""

    def __init__(self, exploration: Exploration, limits: Limits) -> None:
        super().__init__(exploration, limits)
        self.windows: dict[tuple[str, int], FixedWindow] = {}

    def judge(self, way: Way, key: Key, partition: Mapping[str, int]) -> bool:
        call, size = way.call, way.size
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
                tells_exactly(answer, name, word, tightest, at)
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
