"""Keys: made and shown once, used by each header, revoked or deleted, rotated, expired, switched off and on; each for itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hypothesis import strategies as st

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.machine import Exploration, Model, step
from contract_tests.models.windows import Moment
from contract_tests.outcome import Violation, check
from contract_tests.provision import Denied, Key

#: More keys in one example show nothing new.
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
        offered = {
            "rotate": life.rotate,
            "switch": life.switch,
            "outlive": life.lifetime,
            "look_up": life.shown,
            "use_two": len(life.headers) > 1,
        }
        self.steps = tuple(name for name in self.steps if offered.get(name, True))
        self.keys: list[_Key] = []
        self.all_off = False

    @step
    def make(self, data: Any) -> None:
        kind = data.draw(st.sampled_from(sorted(self.life.kinds)))
        expiring = data.draw(st.booleans())
        if len(self.keys) < MOST:
            self.made(kind, self.life.lifetime if expiring else None)

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

    @step
    def use(self, data: Any) -> None:
        key = self.drawn(data)
        act = data.draw(st.sampled_from(sorted(self.life.acts)))
        by = data.draw(st.sampled_from(self.life.headers))
        if key is not None:
            self.tries(key, act, by)

    @step
    def use_each(self, data: Any) -> None:
        """Every key once: what happened to one has changed nothing for the others."""
        act = data.draw(st.sampled_from(sorted(self.life.acts)))
        for key in self.keys:
            self.tries(key, act, self.life.headers[0])

    @step
    def use_two(self, data: Any) -> None:
        """Two keys in two headers: the one in the first decides."""
        first, second = self.drawn(data), self.drawn(data)
        act = data.draw(st.sampled_from(sorted(self.life.acts)))
        never_issued = data.draw(st.booleans())
        if first is not None and second is not None and len(self.life.headers) > 1:
            beside = self.lab.forged() if never_issued else second.key
            self.tries(first, act, self.life.headers[0], self.lab.credential(beside, self.life.headers[1]))

    @step
    def use_forged(self, data: Any) -> None:
        """A key that was never issued opens nothing, also beside one that does."""
        beside = self.drawn(data)
        act = data.draw(st.sampled_from(sorted(self.life.acts)))
        also = data.draw(st.booleans())
        headers: Mapping[str, str] = {}
        if also and beside is not None and len(self.life.headers) > 1:
            headers = self.lab.credential(beside.key, self.life.headers[1])
        answer = self.life.acts[act](self.lab, self.lab.forged(), self.life.headers[0], headers)
        _has(answer, self.life.dead, "it was never issued")

    @step
    def end(self, data: Any) -> None:
        key = self.drawn(data)
        if key is not None and not key.dead:
            self.life.end(self.lab, key.key)
            key.dead = True

    @step
    def rotate(self, data: Any) -> None:
        key = self.drawn(data)
        if self.life.rotate and key is not None and not key.dead and not key.doubtful and len(self.keys) < MOST:
            new = self.life.rotate(self.lab, key.key)
            key.dead, key.doubtful = self.life.rotation_ends, not self.life.rotation_ends
            self.keeps(_Key(new, key.kind, key.expires, off=key.off))

    @step
    def outlive(self, data: Any) -> None:
        """Shortly before, at, or shortly after the moment at which a key expires; makes one that does where there is none."""
        edge = data.draw(st.sampled_from([-2 * SLACK, 0, 2 * SLACK]))
        if not any(self.now() < key.expires < math.inf for key in self.keys):
            self.made(sorted(self.life.kinds)[0], self.life.lifetime)
        key = max(self.keys, key=lambda key: (key.expires < math.inf, key.expires))
        self.pass_time(max(0, key.expires + edge - self.now()))
        self.tries(key, sorted(self.life.kinds[key.kind])[0], self.life.headers[0])

    @step
    def switch(self, data: Any) -> None:
        key = self.drawn(data)
        if self.life.switch and key is not None:
            if self.life.switches_all:
                self.all_off = not self.all_off
                self.life.switch(self.lab, key.key, not self.all_off)
            elif not key.dead:
                key.off = not key.off
                self.life.switch(self.lab, key.key, not key.off)

    @step
    def look_up(self, data: Any) -> None:
        """What is shown later of a key does not hold it."""
        key = self.drawn(data)
        if self.life.shown and key is not None and not key.dead:
            shown = self.life.shown(self.lab, key.key)
            # Its first characters may be shown, so that its owner knows it again.
            check(key.key.raw[-16:] not in shown, "nothing to show a key after it was made", "the key is shown")

    def drawn(self, data: Any) -> _Key | None:
        """One of the keys, counted from the newest; made where there is none yet, None where none can be."""
        age: int = data.draw(st.integers(0, MOST - 1))
        if not self.keys:
            self.made(sorted(self.life.kinds)[0], None)
        return self.keys[-1 - age % len(self.keys)] if self.keys else None

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
