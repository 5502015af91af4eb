"""Changes of how keys are recognised and rotated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latchkey.records import Credential
    from mockserver.exchange import Caller, Exchange
    from mockserver.keys import Key
    from mockserver.world import World

Recognise = Callable[["Exchange", "Credential", str], "Caller"]
Rotate = Callable[["World", "Key"], tuple["Key", str]]


def recognising(around: Callable[..., Caller]) -> None:
    """`around` is asked who calls: it is given what recognises a key, and what that is asked with: exchange, credential, value."""
    identify: Any = import_module("mockserver.stages.identify")
    identify._recognise = partial(around, identify._recognise)


def rotating(around: Callable[..., tuple[Key, str]]) -> None:
    """`around` rotates a key: it is given what does, the world and the key, and answers the new one and its value."""
    from mockserver.world import World

    rotate = World.rotate
    World.rotate = lambda self, key: around(rotate, self, key)  # type: ignore[method-assign]
