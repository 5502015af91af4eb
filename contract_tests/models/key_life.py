"""Keys: made and shown once, used by each header, revoked or deleted, rotated, expired, switched off and on; each for itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.machine import Exploration, Model, step
from contract_tests.models.windows import Moment
from contract_tests.outcome import Violation, check
from contract_tests.provision import Denied, Key

#: More keys that live in one example show nothing new.
MOST = 4
#: How near to its end an expiring key may be alive or dead: dates are told in whole seconds.
SLACK = 1


class Act(Protocol):
    """A call with this key in the header of the credential `by`, and perhaps another key in another header."""

    def __call__(self, lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLife:
    """What is promised of keys. `kinds` are the acts that a kind of key may do; others are answered 403.

    `dead` are the statuses for a key that was ended, has expired or was never issued, `off` those while it is switched off.
    What is None is not promised, or not offered.
    """

    #: A new key of a kind and, where a lifetime in seconds is given, the moment at which it expires.
    make: Callable[[Lab, str, int | None], tuple[Key, float | None]]
    acts: Mapping[str, Act]
    kinds: Mapping[str, frozenset[str]]
    #: Names of the credentials that carry a key, the one that wins first.
    headers: tuple[str, ...]
    dead: tuple[int, ...]
    end: Callable[[Lab, Key], None]
    lifetime: int | None = None
    rotate: Callable[[Lab, Key], Key] | None = None
    #: Whether it is promised that a rotated key is dead.
    rotation_ends: bool = True
    #: Switches this key, or all of the account, on or off.
    switch: Callable[[Lab, Key, bool], None] | None = None
    switches_all: bool = False
    off: tuple[int, ...] = (403,)
    #: Whether no key can be made while all are switched off.
    none_while_off: bool = False
    #: What is shown of a key after it was made.
    shown: Callable[[Lab, Key], str] | None = None


@dataclass(slots=True)
class _Key:
    key: Key
    kind: str
    expires: float = math.inf
    dead: bool = False
    doubtful: bool = False
    off: bool = field(default=False)


class KeyModel(Model):
    """Several keys of one account, and one that nobody issued."""

    vital = frozenset({"make", "use"})

    def __init__(self, exploration: Exploration, life: KeyLife) -> None:
        super().__init__(exploration, life)
        self.life = life
        self.offer(
            rotate=life.rotate,
            switch=life.switch,
            outlive=life.lifetime,
            look_up=life.shown,
            use_two=len(life.headers) > 1,
        )
        self.keys: list[_Key] = []
        self.all_off = False

    @step(times=2)
    def make(self, data: Any) -> None:
        kind = self.pick(data, "kind", sorted(self.life.kinds))
        expiring = self.pick(data, "expiring", (False, True))
        act = self.act(data)
        if len(self.living()) < MOST:
            self.made(kind, self.life.lifetime if expiring else None)
        if self.keys:
            for one in (act, *sorted(self.life.acts.keys() - self.life.kinds[self.keys[-1].kind])):
                self.tries(self.keys[-1], one, self.life.headers[0])

    def made(self, kind: str, lifetime: int | None) -> None:
        if self.all_off and self.life.none_while_off:
            try:
                self.life.make(self.lab, kind, lifetime)
            except Denied:
                return
            raise Violation("no key to be made while the account's keys are switched off", "a new key")
        key, expires = self.life.make(self.lab, kind, lifetime)
        self.keeps(_Key(key, kind, math.inf if expires is None else expires))

    def keeps(self, new: _Key) -> None:
        if any(new.key.raw == known.key.raw for known in self.keys):
            raise Violation("a key that was not issued before", "the same one again")
        self.keys.append(new)

    @step(times=2)
    def use(self, data: Any) -> None:
        ways = [(act, by) for by in self.life.headers for act in sorted(self.life.acts)]
        act, by = self.pick(data, "way", ways)
        if key := self.one(data):
            self.tries(key, act, by)

    @step()
    def use_each(self, data: Any) -> None:
        """Every key once: what happened to one has changed nothing for the others."""
        act = self.act(data)
        for key in self.keys:
            barred = [other for other in sorted(self.life.acts) if other not in self.life.kinds[key.kind]]
            for one in (act, *barred[:1]):
                self.tries(key, one, self.life.headers[0])

    @step()
    def use_two(self, data: Any) -> None:
        """Two keys in two headers: the one in the first decides."""
        act, never_issued = self.act(data), self.pick(data, "beside", (True, False))
        if first := self.one(data, self.keys):
            beside = self.lab.forged() if never_issued else self.keys[self.keys.index(first) - 1].key
            self.tries(first, act, self.life.headers[0], self.lab.credential(beside, self.life.headers[1]))

    @step()
    def use_forged(self, data: Any) -> None:
        """A key that was never issued opens nothing, also beside one that does."""
        act, also = self.act(data), self.pick(data, "also", (False, True))
        headers: Mapping[str, str] = {}
        if also and len(self.life.headers) > 1 and (beside := self.one(data)):
            headers = self.lab.credential(beside.key, self.life.headers[1])
        answer = self.life.acts[act](self.lab, self.lab.forged(), self.life.headers[0], headers)
        _has(answer, self.life.dead, "it was never issued")

    @step()
    def end(self, data: Any) -> None:
        """Uses it, ends it, and tries it again."""
        act = self.act(data)
        if key := self.one(data):
            self.tries(key, act, self.life.headers[0])
            self.life.end(self.lab, key.key)
            key.dead = True
            self.tries(key, act, self.life.headers[0])

    @step()
    def rotate(self, data: Any) -> None:
        """Rotates it, and tries the old one and the new one."""
        act, key = self.act(data), self.one(data)
        if self.life.rotate and key and not key.doubtful:
            try:
                new = self.life.rotate(self.lab, key.key)
            except Denied:
                # Where no key can be made, perhaps none can be rotated.
                if self.all_off and self.life.none_while_off:
                    return
                raise
            key.dead, key.doubtful = self.life.rotation_ends, not self.life.rotation_ends
            self.keeps(_Key(new, key.kind, key.expires, off=key.off))
            for one in (key, self.keys[-1]):
                self.tries(one, act, self.life.headers[0])

    @step()
    def outlive(self, data: Any) -> None:
        """Shortly before, at, or shortly after the moment at which a key expires; makes one that does where there is none."""
        edge = self.pick(data, "edge", (-2 * SLACK, 0, 2 * SLACK))
        if not any(self.now() < key.expires < math.inf for key in self.living()):
            self.made(sorted(self.life.kinds)[0], self.life.lifetime)
        key = max(self.keys, key=lambda key: (not key.dead, key.expires < math.inf, key.expires))
        self.pass_time(max(0, key.expires + edge - self.now()))
        self.tries(key, sorted(self.life.kinds[key.kind])[0], self.life.headers[0])

    @step(times=2)
    def switch(self, data: Any) -> None:
        """Switches it, or all of them, off or on again, and tries it."""
        act, key = self.act(data), self.one(data)
        if self.life.switch and key:
            if self.life.switches_all:
                self.all_off = not self.all_off
                self.life.switch(self.lab, key.key, not self.all_off)
            else:
                key.off = not key.off
                self.life.switch(self.lab, key.key, not key.off)
            self.tries(key, act, self.life.headers[0])

    @step()
    def look_up(self, data: Any) -> None:
        """What is shown later of a key does not hold it."""
        key = self.one(data)
        if self.life.shown and key:
            shown = self.life.shown(self.lab, key.key)
            # Its first characters may be shown, so that its owner knows it again.
            check(key.key.raw[-16:] not in shown, "nothing to show a key after it was made", "the key is shown")

    def act(self, data: Any) -> str:
        return self.pick(data, "act", sorted(self.life.acts))

    def living(self) -> list[_Key]:
        """Those that were not ended and have not expired, the oldest first."""
        return [key for key in self.keys if not key.dead and key.expires > self.now()]

    def one(self, data: Any, among: list[_Key] | None = None) -> _Key | None:
        """One of those that live or `among` these, counted from the newest; made where there is none, None where none can be."""
        age = self.pick(data, "age", range(MOST))
        if not (known := among or self.living()):
            self.made(sorted(self.life.kinds)[0], None)
            known = self.living()
        return known[-1 - age % len(known)] if known else None

    def tries(self, key: _Key, act: str, by: str, headers: Mapping[str, str] | None = None) -> None:
        start = self.now()
        answer = self.life.acts[act](self.lab, key.key, by, headers or {})
        at = Moment(start, self.now())
        off = key.off or self.all_off
        expired, alive = at.start > key.expires + SLACK, at.end < key.expires - SLACK
        if key.doubtful or not (expired or alive or key.dead):
            return
        if key.dead or expired:
            statuses = (*self.life.dead, *(self.life.off if off else ()))
            _has(answer, statuses, "it has expired" if expired else "it was ended")
        elif off:
            _has(answer, self.life.off, "it is switched off")
        elif act not in self.life.kinds[key.kind]:
            _has(answer, (403,), f"a key of the kind {key.kind} may not do this")
        else:
            let_in = answer.status not in {401, 403} and answer.status < 500
            check(let_in, f"{answer.request} to let in a key that is good, of the kind {key.kind}", answer)


def revoke(lab: Lab, key: Key) -> None:
    """Ends a key as its owner does on a settings page."""
    lab.admin.revoke(key)


def _has(answer: Answer, statuses: tuple[int, ...], why: str) -> None:
    wanted = " or ".join(map(str, sorted(set(statuses))))
    check(answer.status in statuses, f"{answer.request} to refuse the key with {wanted}: {why}", answer)
