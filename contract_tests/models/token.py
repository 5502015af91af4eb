"""Tokens that are handed out and taken back: issued, redeemed, redeemed again, expired, forged, cut short, in another case."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.machine import Exploration, Model, step
from contract_tests.models.windows import Moment
from contract_tests.outcome import NotVerifiable, Violation, check

#: More tokens that are good in one example show nothing new.
MOST = 4


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as it was handed out: in a URL or a path, of which `secret` is the part that cannot be guessed."""

    url: str
    secret: str

    @property
    def place(self) -> str:
        """What it opens; nothing where the secret alone decides."""
        path = urlsplit(self.url).path
        return "" if self.secret in path else path

    def with_secret(self, secret: str) -> Issued:
        return Issued(self.url.replace(self.secret, secret), secret)


def signed(url: str) -> Issued:
    """A URL whose query holds a signature."""
    secret = next((value for name, value in parse_qsl(urlsplit(url).query) if "signature" in name.lower()), None)
    if not secret:
        raise NotVerifiable("a step before it failed: the URL that was handed out holds no signature")
    return Issued(url, secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of token: good for `ttl` seconds and, where that is promised, for `uses` redemptions.

    `head`: it can be asked about with HEAD, and nobody says whether that uses it up.
    """

    name: str
    ttl: int
    issue: Callable[[Lab], Issued]
    redeem: Callable[[Lab, Issued, str | None], Answer]
    uses: int | None = None
    head: bool = False


@dataclass(slots=True)
class _Token:
    kind: Kind
    name: str
    issued: Issued
    at: Moment
    surely_used: int = 0
    perhaps_used: int = 0
    refused: bool = False

    def must_pass(self, at: Moment) -> str | None:
        """Why, or None. It may count from the whole second in which it was issued, as signatures of URLs do."""
        fresh = at.end < math.floor(self.at.start) + self.kind.ttl
        left = self.surely_used + self.perhaps_used < (self.kind.uses or 1)
        if self.refused or not fresh or not left:
            return None
        age = at.end - self.at.start
        return f"it is good for {self.kind.ttl} s, was issued {age:.0f} s ago and redeemed {_times(self.surely_used)}"

    def must_be_refused(self, at: Moment) -> str | None:
        """Why, or None. At the very second at which it expires both answers will do."""
        if self.kind.uses is not None and self.surely_used >= self.kind.uses:
            return f"it was redeemed {_times(self.surely_used)}, and is good {_times(self.kind.uses)}"
        if at.start > math.ceil(self.at.end) + self.kind.ttl:
            return f"it is good for {self.kind.ttl} s and was issued {at.start - self.at.end:.0f} s ago"
        return "it was refused before" if self.refused and self.kind.uses is not None else None


class TokenModel(Model):
    """Several tokens, of this account and of another, each of which lives for itself."""

    vital = frozenset({"issue", "redeem"})

    def __init__(self, exploration: Exploration, kinds: tuple[Kind, ...]) -> None:
        super().__init__(exploration, kinds)
        self.kinds = kinds
        self.offer(ask_with_head=any(kind.head for kind in kinds))
        self.tokens: list[_Token] = []
        self.other: Lab | None = None

    @step()
    def issue(self, data: Any) -> None:
        kind, elsewhere = self.pick(
            data, "kind", [(kind, where) for where in (False, False, True) for kind in self.kinds]
        )
        if len(self.good()) < MOST:
            self.issued_by(self.neighbour() if elsewhere else self.lab, kind)

    def neighbour(self) -> Lab:
        """Another account, or this one where the target has none to give."""
        if self.other is None:
            self.other = self.lab.neighbour()
            with suppress(NotVerifiable):
                self.other.key()
                return self.other
            self.other = self.lab
        return self.other

    def issued_by(self, lab: Lab, kind: Kind) -> None:
        start = self.now()
        issued = kind.issue(lab)
        name = f"{kind.name}_{len(self.tokens) + 1}" if self.tokens else kind.name
        lab.hide(issued.secret, name)
        if any(issued.secret == token.issued.secret for token in self.tokens):
            raise Violation(f"a {kind.name} that was not issued before", "the same one again")
        self.tokens.append(_Token(kind, name, issued, Moment(start, self.now())))

    @step(times=3)
    def redeem(self, data: Any) -> None:
        """One that is good: now, after another was issued, twice, or around the moment at which it expires."""
        kind, how = self.pick(
            data, "how", [(kind, how) for how in ("now", "after another", "again", -1, 0, 1) for kind in self.kinds]
        )
        token = self.fresh(kind)
        if how == "after another":
            self.issued_by(self.lab, kind)
        elif how == "again":
            self.redeems(token)
        elif isinstance(how, int):
            self.pass_time(max(0, token.at.end + token.kind.ttl + how - self.now()))
        self.redeems(token)

    def redeems(self, token: _Token) -> None:
        start = self.now()
        answer = token.kind.redeem(self.lab, token.issued, None)
        at = Moment(start, self.now())
        if answer.passed:
            why = token.must_be_refused(at)
            check(not why, f"${token.name} to be refused: {why}", f"{answer.request} answered {answer}")
            token.surely_used += 1
        else:
            why = token.must_pass(at)
            check(not why, f"${token.name} to be accepted: {why}", f"{answer.request} answered {answer}")
            _is_refusal(answer, f"${token.name}")
            token.refused = True

    @step()
    def redeem_each(self, data: Any) -> None:
        """Every token once: what happened to one has changed nothing for the others."""
        for token in self.tokens:
            self.redeems(token)

    @step()
    def ask_with_head(self, data: Any) -> None:
        """Asked about or not, it is as good as before, or is used up: nobody says."""
        token = self.fresh(self.pick(data, "kind", [kind for kind in self.kinds if kind.head]))
        token.kind.redeem(self.lab, token.issued, "HEAD")
        token.perhaps_used += 1

    @step(times=2)
    def tamper(self, data: Any) -> None:
        """Redeems what was never issued but resembles what is good: a secret that is changed, or put in another's place."""
        kind, how = self.pick(data, "how", [(kind, how) for how in FORGERIES for kind in self.kinds])
        token = self.oldest(kind) if self.pick(data, "oldest", (True, False)) else self.fresh(kind)
        if how == SWAPPED and not token.issued.place:
            return
        other = self.fresh(kind, beside=token) if how == SWAPPED else token
        changed = token.issued.with_secret(FORGERIES[how](token.issued.secret, other.issued.secret))
        # What two secrets open alike, a file that was asked for twice, is open to either.
        if all((changed.place, changed.secret) != (known.issued.place, known.issued.secret) for known in self.tokens):
            self.is_refused(token.kind, changed, how)

    def is_refused(self, kind: Kind, issued: Issued, how: str) -> None:
        if how != SWAPPED:
            self.lab.hide(issued.secret, f"{kind.name}_{how}".upper().replace(" ", "_"))
        answer = kind.redeem(self.lab, issued, None)
        _is_refusal(answer, f"a {kind.name} {how}")

    def good(self, kind: Kind | None = None, beside: _Token | None = None) -> list[_Token]:
        """The tokens that are good now, of this kind or of all, the oldest first; not the one `beside` them."""
        at = Moment(self.now(), self.now())
        like = [token for token in self.tokens if kind in {None, token.kind} and token is not beside]
        return [token for token in like if token.must_pass(at)]

    def fresh(self, kind: Kind, beside: _Token | None = None) -> _Token:
        """The newest of the tokens that are good; issued where there is none."""
        if not (good := self.good(kind, beside)):
            self.issued_by(self.lab, kind)
        return good[-1] if good else self.tokens[-1]

    def oldest(self, kind: Kind) -> _Token:
        """The first of the tokens that may still be good; issued where there is none."""
        at = Moment(self.now(), self.now())
        perhaps = [token for token in self.tokens if token.kind is kind and not token.must_be_refused(at)]
        return perhaps[0] if perhaps else self.fresh(kind)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _is_refusal(answer: Answer, what: str) -> None:
    kept = 400 <= answer.status < 500
    check(kept, f"{what} to be refused", f"{answer.request} answered {answer}")


def _cut(secret: str, other: str) -> str:
    return secret[:-1]


def _forged(secret: str, other: str) -> str:
    return secret[1:] + secret[0]


def _recased(secret: str, other: str) -> str:
    return secret.swapcase()


def _swapped(secret: str, other: str) -> str:
    return other


SWAPPED = "of something else"
#: How it is told to how a secret is changed, another one at hand.
FORGERIES: dict[str, Callable[[str, str], str]] = {
    "cut short": _cut,
    "forged": _forged,
    "in another case": _recased,
    SWAPPED: _swapped,
}
