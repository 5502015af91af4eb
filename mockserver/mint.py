"""How a world makes its secrets and ids: at random, or, from a seed, the same each time."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from typing import Any

from latchkey.records import Mint


class Source:
    """Random where no seed is given (from the operating system), else repeatable."""

    def __init__(self, seed: int | None = None) -> None:
        self._secrets = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - repeatable on request
        # An id may be guessed, and every request gets one.
        self._ids = random.Random() if seed is None else self._secrets  # noqa: S311 - no secrets

    def __reduce__(self) -> Any:
        # The operating system's randomness has no state that could be kept.
        seeded = self._ids is self._secrets
        return (_resumed, (self._ids.getstate(),)) if seeded else (Source, ())

    def mint(self, form: Mint) -> str:
        return form.prefix + "".join(self._secrets.choices(form.alphabet, k=form.length))

    def hex(self, digits: int) -> str:
        return self._ids.getrandbits(4 * digits).to_bytes((digits + 1) // 2, "big").hex()[-digits:]

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))


def _resumed(state: Any) -> Source:
    source = Source(0)
    source._ids.setstate(state)
    return source


def digest(secret: str, algorithm: str = "sha256") -> str:
    """In hexadecimal; `algorithm` is one of hashlib's."""
    hashed: Callable[[bytes], Any] = getattr(hashlib, algorithm)
    return str(hashed(secret.encode()).hexdigest())
