"""The user's class: it does what it can, and what it leaves out is as if there were only the target file."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from contract_tests.outcome import NotVerifiable
from contract_tests.provision.protocol import Admin, Key, Provisioner
from contract_tests.provision.static import Static
from contract_tests.target import Target, TargetError
from latchkey.records import Provider


def own(target: Target, given: Static) -> OwnProvisioner:
    """The provisioner that the target names, made with its options. Raises TargetError where that fails."""
    name = str(target.provisioner)
    kind = _imported(name)
    try:
        theirs = kind(**target.provisioner_options)
    except Exception as problem:
        options = ", ".join(target.provisioner_options) or "no options"
        raise TargetError(f"provisioner {name}: made with {options}: {type(problem).__name__}: {problem}") from problem
    _fits(name, theirs)
    return OwnProvisioner(theirs, given)


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as problem:
        raise TargetError(f"provisioner {name}: no module {problem.name}; install it, or run where it lies") from None
    except AttributeError:
        raise TargetError(f"provisioner {name}: the module {module} has no {attribute}") from None
    except Exception as problem:
        raise TargetError(f"provisioner {name}: importing it: {type(problem).__name__}: {problem}") from problem


def _fits(name: str, theirs: Any) -> None:
    """Raises TargetError for a method that could not be called as ours would be."""
    known = {method: function for method, function in vars(Provisioner).items() if inspect.isfunction(function)}
    if not _does(theirs, "open"):
        raise TargetError(f"provisioner {name}: it needs open(provider, *, neighbour=False), which returns an Admin")
    for method, ours in known.items():
        wanted = [item for item in inspect.signature(ours).parameters.values() if item.name != "self"]
        its = getattr(theirs, method, None)
        if method.startswith("_") or its is None:
            continue
        try:
            inspect.signature(its).bind(
                *(item.name for item in wanted if item.kind is not item.KEYWORD_ONLY),
                **{item.name: None for item in wanted if item.kind is item.KEYWORD_ONLY},
            )
        except TypeError as problem:
            raise TargetError(f"provisioner {name}: {method}{inspect.signature(its)}: {problem}") from None


class _Either:
    """Does what the first can do, and the rest as the second does it."""

    def __init__(self, first: Any, second: Any) -> None:
        self._first = first
        self._second = second

    def __getattr__(self, name: str) -> Any:
        return getattr(self._first if _does(self._first, name) else self._second, name)


def _does(theirs: Any, method: str) -> bool:
    """Whether it has this method, and not only inherits what the protocol shows."""
    shown = (getattr(protocol, method, None) for protocol in (Admin, Provisioner))
    return hasattr(theirs, method) and getattr(type(theirs), method, None) not in [item for item in shown if item]


class OwnProvisioner(_Either):
    """A provisioner whose missing methods are those of a target that is only described. `turned` is by how many seconds it
    has turned the target's clock.
    """

    turned = 0.0

    @property
    def turns_clock(self) -> bool:
        return _does(self._first, "advance")

    def advance(self, seconds: float) -> None:
        if not self.turns_clock:
            self._second.advance(seconds)
            return
        self._first.advance(seconds)
        self.turned += seconds

    def turns(self, seconds: float) -> bool:
        """Turns the clock by so many seconds if it can: whether it did."""
        if not self.turns_clock:
            return False
        try:
            self.advance(seconds)
        except NotVerifiable:
            return False
        return True

    def open(self, provider: Provider, *, neighbour: bool = False) -> Admin:
        given = self._second.open(provider, neighbour=neighbour)
        try:
            theirs = self._first.open(provider, neighbour=neighbour)
        except NotVerifiable:
            return cast(Admin, given)
        return cast(Admin, OwnAdmin(theirs, given))


class OwnAdmin(_Either):
    """An administrator whose missing methods are those of nobody, and who need not know the keys of the target file."""

    @property
    def takes_all(self) -> bool:
        """Whether it removes itself what was made in its account."""
        return _does(self._first, "close")

    def key(self, situation: str = "full", **fields: Any) -> Key:
        """The administrator's key, else the one that the target file names. Raises NotVerifiable, with the former's reason
        where there are fields, which no given key can have.
        """
        if not _does(self._first, "key"):
            return cast(Key, self._second.key(situation, **fields))
        try:
            return cast(Key, self._first.key(situation, **fields))
        except NotVerifiable:
            if fields:
                raise
        return cast(Key, self._second.key(situation))
