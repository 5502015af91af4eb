"""How the parts of one provider, handlers and what they are made of, are wrapped by its sabotages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from contract_tests.mutants.sabotage.registry import sabotage

PACKAGE = "mockserver.providers.filescom"

#: Called in the place of a function, with that function and what it was called with.
Around = Callable[..., Any]


def sabotages(parts: Mapping[str, tuple[str, Around]]) -> None:
    """Registers each as a sabotage: name to a function of the provider, as module.function, and what is put around it."""
    for name, (address, around) in parts.items():
        sabotage(name)(partial(wrap, address, around))


def wrap(address: str, around: Around) -> None:
    """Puts `around` in the place of the function, wherever the provider's modules know it by that name."""
    module, _, name = address.partition(".")
    original = getattr(import_module(f"{PACKAGE}.{module}"), name)
    for place in [item for known, item in sys.modules.items() if known.startswith(PACKAGE)]:
        if vars(place).get(name) is original:
            setattr(place, name, partial(around, original))


def engine(address: str) -> tuple[Any, str, Any]:
    """A function, method or property outside the provider: its owner, name and present value, from module:Class.name."""
    module, _, path = address.partition(":")
    owner = import_module(f"mockserver.{module}")
    *steps, name = path.split(".")
    for step in steps:
        owner = getattr(owner, step)
    return owner, name, getattr(owner, name)


def engine_sabotages(parts: Mapping[str, tuple[str, Around]]) -> None:
    """As `sabotages`, of functions outside the provider; around a method, what follows the function is self."""
    for name, (address, around) in parts.items():
        sabotage(name)(partial(_wrap_engine, address, around))


def _wrap_engine(address: str, around: Around) -> None:
    owner, name, original = engine(address)
    setattr(owner, name, lambda *words, **named: around(original, *words, **named))
