"""A session of one door: what is asked in it is counted and written down."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from contract_tests.doors.wire import Heard, Wire
from contract_tests.outcome import NotVerifiable, check

#: Does what the door is asked and answers what was heard: `act` names it, the path and the content are what it is about.
Note = Callable[[str, str, bytes, Callable[[], Heard]], Heard]


class Session:
    """Somebody signed in, or refused: `signed_in` says which, `about` whose it is. Paths are those of the API, without a slash in front.

    Closed on leaving its block. `ended` from when on an answer said that the connection was closed.
    """

    def __init__(self, wire: Wire, note: Note, about: str, login: str, password: str) -> None:
        self._wire = wire
        self._note = note
        self.about = about
        self.ended = False
        self.signed_in = note("sign in", "", b"", lambda: wire.sign_in(login, password))

    def passes(self) -> Self:
        """The sign-in passes."""
        check(self.signed_in.passed, f"{self.about} to be let in", self.signed_in, "status")
        return self

    def refused(self) -> Self:
        """The sign-in is refused."""
        check(not self.signed_in.passed, f"{self.about} to be refused", self.signed_in, "status")
        return self

    def given(self) -> Self:
        """The sign-in that a proof builds on. Raises NotVerifiable."""
        if not self.signed_in.passed:
            raise NotVerifiable(f"a step before it failed: {self.about} was refused: {self.signed_in}")
        return self

    def list(self, folder: str = "") -> Heard:
        return self._ask("list", folder, lambda path: self._wire.list(path))

    def read(self, path: str) -> Heard:
        return self._ask("read", path, lambda path: self._wire.read(path))

    def write(self, path: str, content: bytes) -> Heard:
        return self._ask("write", path, lambda path: self._wire.write(path, content), content)

    def remove(self, path: str) -> Heard:
        return self._ask("remove", path, lambda path: self._wire.remove(path))

    def make_folder(self, path: str) -> Heard:
        return self._ask("make folder", path, lambda path: self._wire.make_folder(path))

    def _ask(self, act: str, path: str, ask: Callable[[str], Heard], content: bytes = b"") -> Heard:
        rooted = f"/{path}"
        heard = self._note(act, rooted, content, lambda: ask(rooted))
        self.ended |= heard.closed
        return heard

    def close(self) -> None:
        """Ends the connection, whatever its state."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
