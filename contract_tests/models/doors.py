"""Doors beside the API: keys that are made, used and ended, and a file that comes and goes by any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract_tests.doors import Session
from contract_tests.lab import Lab
from contract_tests.models.machine import Exploration, Model, step, stopping
from contract_tests.outcome import check

#: More keys in one example show nothing new.
MOST = 3
#: The entrance that is none of the doors.
API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """A key: its value, and login names by what they are made of."""

    raw: str
    logins: Mapping[str, str]
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What is promised of keys that sign in by other protocols, and of the files that these show."""

    protocols: Sequence[str]
    #: A new key of this name, one of two that are given anew for each example.
    make: Callable[[Lab, str], Opener]
    end: Callable[[Lab, Opener], object]
    #: A folder for the example, and what removes it.
    folder: Callable[[Lab], str]
    clear: Callable[[Lab, str], object]
    #: By the API, a file at a path: its bytes, None where there is none; with these bytes; gone.
    read: Callable[[Lab, str], bytes | None]
    write: Callable[[Lab, str, bytes], object]
    remove: Callable[[Lab, str], object]


@dataclass(slots=True)
class _Key:
    opener: Opener
    name: str
    ended: bool = False


class DoorModel(Model):
    """Some keys of one account, a file of it, and every door that the target has."""

    vital = frozenset({"make", "sign_in"})

    def __init__(self, exploration: Exploration, promised: Doors) -> None:
        super().__init__(exploration, promised)
        self.promised: Doors = promised
        with stopping():
            named = [name for name in promised.protocols if self.lab.has_door(name)]
            self.doors = {name: self.lab.door(name) for name in named or promised.protocols}
        self.folder: str | None = None
        self.names = (self.lab.name("door"), self.lab.name("door"))
        self.keys: list[_Key] = []
        #: Of the one file that comes and goes; None while there is none.
        self.content: bytes | None = None
        self.written = 0

    def teardown(self) -> None:
        with stopping():
            # The account of a mock goes as a whole.
            if self.lab.target.control is None:
                for key in self.keys:
                    if not key.ended:
                        self.promised.end(self.lab, key.opener)
                if self.folder:
                    self.promised.clear(self.lab, self.folder)
        super().teardown()

    @step()
    def make(self, data: Any) -> None:
        name = self.pick(data, "name", self.names)
        if sum(not key.ended for key in self.keys) < MOST:
            self.keys.append(_Key(self.promised.make(self.lab, name), name))

    @step()
    def end(self, data: Any) -> None:
        """Ends it; perhaps another one then takes its name."""
        key, replaced = self.drawn(data), self.pick(data, "replaced", (False, True))
        if not key.ended:
            self.promised.end(self.lab, key.opener)
            key.ended = True
            if replaced:
                self.keys.append(_Key(self.promised.make(self.lab, key.name), key.name))

    @step(times=2)
    def sign_in(self, data: Any) -> None:
        """The newest keys, one after another, at one door."""
        door = self.doors[self.pick(data, "door", sorted(self.doors))]
        by = self.pick(data, "login", sorted(self.drawn(data).opener.logins))
        for key in self.keys[-MOST:]:
            shared = sum(other.name == key.name and not other.ended for other in self.keys) > 1
            with door.sign_in(key.opener.logins[by], key.opener.raw) as session:
                if key.ended:
                    session.refused()
                elif by == "id" or not shared:
                    session.passes()

    @step(times=2)
    def write(self, data: Any) -> None:
        entrance = self.entrance(data)
        self.written += 1
        content = f"{self.written}\n".encode()
        if entrance == API:
            self.promised.write(self.lab, self.path, content)
        else:
            with self.entered(entrance) as session:
                heard = session.write(self.path, content)
                check(heard.passed, f"{entrance}: {self.path} to be written", heard)
        self.content = content
        self.look()

    @property
    def path(self) -> str:
        """Of the file, in a folder that is made when it is first asked for."""
        self.folder = self.folder or self.promised.folder(self.lab)
        return f"{self.folder}/it.txt"

    def look(self) -> None:
        """By every door, and by the API."""
        for entrance in self.doors:
            with self.entered(entrance) as session:
                heard = session.read(self.path)
                self.found(entrance, heard.content if heard.passed else None)
        self.found(API, self.promised.read(self.lab, self.path))

    def found(self, entrance: str, content: bytes | None) -> None:
        check(content == self.content, f"{entrance}: {self.path} to be {self.content!r}", repr(content))

    @step()
    def remove(self, data: Any) -> None:
        entrance = self.entrance(data)
        if self.content is None:
            return
        if entrance == API:
            self.promised.remove(self.lab, self.path)
        else:
            with self.entered(entrance) as session:
                heard = session.remove(self.path)
                check(heard.passed, f"{entrance}: {self.path} to be deleted", heard)
        self.content = None
        self.look()

    def drawn(self, data: Any) -> _Key:
        """One of the keys, counted from the newest; made where there is none yet."""
        age = self.pick(data, "age", range(MOST))
        if not self.keys:
            self.keys.append(_Key(self.promised.make(self.lab, self.names[0]), self.names[0]))
        return self.keys[-1 - age % len(self.keys)]

    def entered(self, entrance: str) -> Session:
        """A session of a key that lives; made where there is none."""
        if all(key.ended for key in self.keys):
            self.keys.append(_Key(self.promised.make(self.lab, self.names[0]), self.names[0]))
        opener = next(key.opener for key in self.keys if not key.ended)
        return self.doors[entrance].sign_in(opener.logins["id"], opener.raw).given()

    def entrance(self, data: Any) -> str:
        return self.pick(data, "entrance", [*sorted(self.doors), API])
