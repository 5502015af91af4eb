"""Where it is kept what runs made on a target: a file for each run, a line for each event, so that a run that is killed loses
nothing. A file goes when nothing is left.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import TextIO

from contract_tests.leavings import Event, Left, Tally

#: The folder beside a target file.
FOLDER = ".latchkey"


class LogbookError(Exception):
    """The file cannot be written or read; the message says what to do."""


class Logbook:
    """The file of one run. It is made with the first event, and locked as long as it is open."""

    def __init__(self, file: Path) -> None:
        self.file = file
        #: What is left, by provider.
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        self._written: TextIO | None = None

    @classmethod
    def open(cls, folder: Path, target: str) -> Logbook:
        """A new one for a run on this target, the stem of its file. Raises LogbookError where none could be written."""
        try:
            folder.mkdir(exist_ok=True)
            if folder.name == FOLDER:
                (folder / ".gitignore").write_text("*\n", "utf-8")
            if not os.access(folder, os.W_OK):
                raise PermissionError(f"{folder} cannot be written")
        except OSError as problem:
            raise LogbookError(f"{problem}; name a folder that can be written: --state DIR") from None
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        return cls(folder / f"{target}.{moment}-{os.getpid()}.jsonl")

    @classmethod
    def beside(cls, target: str, state: Path | None = None) -> Logbook | None:
        """A new one for what `target` names; None for a URL, which gives no keys to make anything with. Raises LogbookError."""
        file = Path(target)
        return cls.open(folder_of(target, state), file.stem) if file.is_file() else None

    def keep(self, event: Event) -> None:
        """Writes the event down before anything else happens."""
        if self._written is None:
            self._written = _locked(self.file)
        self.tallies[event.provider].add(event)
        self._written.write(json.dumps(asdict(event)) + "\n")
        # No farther than to the system: a killed process loses nothing of it, only a machine that breaks down would.
        self._written.flush()

    def close(self) -> None:
        """Ends the file, and takes it away where nothing is left."""
        if self._written:
            self._written.close()
            self._written = None
            if not any(tally.left() for tally in self.tallies.values()):
                self.file.unlink()


def folder_of(target: str, state: Path | None) -> Path:
    """Where the files of runs on this target file lie: in `state`, else beside it."""
    return state or Path(target).parent / FOLDER


def found(folder: Path, target: str) -> Iterator[tuple[Path, Logbook | None]]:
    """The files that runs on this target left, oldest first, each locked; None for one whose run goes on. Raises LogbookError."""
    for file in sorted(folder.glob(f"{escape(target)}.[0-9]*T*-*.jsonl")):
        book = Logbook(file)
        try:
            book._written = _locked(file)
        except BlockingIOError:
            yield file, None
            continue
        except OSError as problem:
            raise LogbookError(str(problem)) from None
        try:
            for event in _read(file):
                book.tallies[event.provider].add(event)
        except LogbookError:
            book._written.close()
            raise
        yield file, book


def _locked(file: Path) -> TextIO:
    """The file, to be written at its end. Raises BlockingIOError where another process has it, OSError where it cannot be."""
    opened = file.open("a", encoding="utf-8")
    with suppress(ImportError):  # on Windows nothing is locked
        from fcntl import LOCK_EX, LOCK_NB, flock

        try:
            flock(opened, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            opened.close()
            raise
    return opened


def _read(file: Path) -> Iterator[Event]:
    """The events in a file. The last line of a killed run may be cut off."""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.endswith("}"):
            continue
        try:
            raw = json.loads(line)
            yield Event(**{**raw, "left": Left(**raw["left"]) if raw.get("left") else None})
        except (ValueError, TypeError):
            raise LogbookError(f"{file}:{number}: is no line of ours; remove the file, or the line") from None
