"""What every protocol's client can do, in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contract_tests.answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back: the protocol's own `words`, with the `names` of a listing or the `content` of a file.

    `closed`: the other side ended the connection in the place of an answer, or with it. `answer` is all that came to a
    sign-in over HTTP.
    """

    passed: bool
    words: str
    names: Sequence[str] = ()
    content: bytes = b""
    closed: bool = False
    answer: Answer | None = None

    def __str__(self) -> str:
        return self.words


class Wire(Protocol):
    """One connection. Paths begin with a slash, the root. Raises Fault where the way fails; every refusal is a Heard."""

    def sign_in(self, login: str, password: str) -> Heard: ...

    def list(self, folder: str) -> Heard:
        """The names in a folder."""

    def read(self, path: str) -> Heard:
        """The bytes of a file."""

    def write(self, path: str, content: bytes) -> Heard: ...

    def remove(self, path: str) -> Heard:
        """Deletes a file."""

    def make_folder(self, path: str) -> Heard: ...

    def close(self) -> None:
        """Ends the connection, whatever its state."""
