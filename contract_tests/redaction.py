"""Keeps secrets out of whatever is printed or written: those that are known, and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from contract_tests.handed_out import HandedOut
from latchkey import Contract
from latchkey.records import Operation
from latchkey.secrets import form, mints

#: What stands for a secret that nobody has named.
HIDDEN = "$HIDDEN"

# A variable that stands there already is none.
_VALUE = r"(?!\$)[^\s\"'\\&<>,]+"
_NAMED = r"[\w-]*(?:password|passwd|secret|token|signature|api_?key|license_?key|session_?id|credential)"
_BY_NAME = (
    re.compile(rf'("{_NAMED}"\s*:\s*")(?!\$)[^"\s\\]+', re.IGNORECASE),
    re.compile(rf"([?&](?:{_NAMED}|sig|key|policy)=){_VALUE}", re.IGNORECASE),
    re.compile(r"\b((?:Bearer|Basic)\s+)(?!\$)[\w.~+/=-]{12,}", re.IGNORECASE),
)


class Redaction:
    """Replaces secrets by shell variables: those it was told, what stands where secrets stand, and what has the shape of this
    contract's keys, session ids and tokens.
    """

    def __init__(self, contract: Contract | None = None) -> None:
        self._handed_out = HandedOut(contract) if contract else None
        #: What was said since something was last written, in its order: to sort it in takes time, and mostly nothing is written.
        self._said: list[tuple[str, str, bool]] = []
        self._names: dict[str, str] = {}
        self._unnamed: set[str] = set()
        # Most of what is written is written often: the same headers, the same bodies.
        self._hidden = lru_cache(maxsize=10_000)(self._replaced)
        self._longest_first = lru_cache(maxsize=1)(lambda: sorted(self._names, key=len, reverse=True))
        self._shapes = [*_BY_NAME, *dict.fromkeys(_shapes(contract) if contract else ())]

    @property
    def secrets(self) -> dict[str, str]:
        """Every secret that is known, with the name of its variable."""
        self._sort_in()
        return dict(self._names)

    def hide(self, secret: str, name: str) -> None:
        """From now on this secret is written as $NAME. What was hidden whole because it holds a secret need not be any more."""
        # Nothing is no secret, and stands between any two characters.
        if secret:
            self._said.append((secret, name, True))

    def hide_handed_out(self, operation: Operation | None, content: bytes) -> None:
        """Hides what the answer holds that nobody else may see, where nobody has named it yet."""
        if self._handed_out and operation:
            self._said += [(secret, name, False) for secret, name in self._handed_out.secrets(operation, content)]

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        self._sort_in()
        return self._hidden(text)

    def _sort_in(self) -> None:
        if not self._said:
            return
        for secret, name, named in self._said:
            if named:
                self._name(secret, name)
            elif secret not in self._names and not any(known in secret for known in self._names):
                self._name(secret, name)
                self._unnamed.add(secret)
        self._said.clear()
        self._hidden.cache_clear()
        self._longest_first.cache_clear()

    def _name(self, secret: str, name: str) -> None:
        for whole in [item for item in self._unnamed if secret in item]:
            self._unnamed.remove(whole)
            del self._names[whole]
        self._names[secret] = name

    def _replaced(self, text: str) -> str:
        for secret in self._longest_first():
            if secret in text:
                text = text.replace(secret, f"${self._names[secret]}")
        for shape in self._shapes:
            text = shape.sub(lambda hit: f"{hit[1]}{HIDDEN}", text)
        return text


def _shapes(contract: Contract) -> Iterator[re.Pattern[str]]:
    """Each with a first group, empty or not, of what stays."""
    for provider in contract.providers.values():
        yield from map(form, mints(provider).values())
    yield from _redeemed(contract.operations.values())


def _redeemed(operations: Iterable[Operation]) -> Iterator[re.Pattern[str]]:
    """Paths that hold a token."""
    for operation in operations:
        if operation.token and "{token}" in operation.path:
            before = operation.path.partition("{token}")[0]
            yield re.compile(rf"({re.escape(before)})(?!\$|\{{)[^\s/?#\"'\\]+")
