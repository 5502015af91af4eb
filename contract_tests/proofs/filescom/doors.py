"""Steps that proofs of the other doors of Files.com share: sign-ins, sessions, and files reached through them.

What is made by `lab.once` serves all proofs of all doors where requests are dear.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from contract_tests.answer import Answer
from contract_tests.client import Fault
from contract_tests.doors import Door, Heard, Session
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key
from contract_tests.trail import Step

CONTENT = b"seen through every door\n"
#: After so many seconds in which nothing was asked a session counts as ended: servers close such.
IDLE = 30.0
#: Doors whose sessions are connections.
CONNECTED = ("ftp", "sftp")


def login(key: steps.Made) -> str:
    return f"@api-{key.id}"


def name_login(key: steps.Made) -> str:
    return f"@api-{key.answer.member('name')}"


# Sessions.


@dataclass
class Kept:
    """A sign-in that further proofs look at, and a session that they use."""

    session: Session | None = None
    used: float = 0.0
    steps: Sequence[Step] = ()  #: The sign-in, to be told by the findings of further proofs.

    def at(self, now: float, sign_in: Callable[[], Session]) -> Session:
        """What became of the sign-in, which is repeated where the session ended since."""
        passed = self.session is not None and self.session.signed_in.passed
        if self.session is None or (passed and (self.session.ended or now - self.used > IDLE)):
            self.close()
            self.session = sign_in()
        self.used = now
        return self.session

    def close(self) -> None:
        if self.session:
            self.session.close()


def signed_in(lab: Lab, door: Door, login: str, password: str) -> Session:
    """Whoever signs in so, or is refused."""
    kept = lab.once(f"{door.protocol} of {login} with {password}", Kept)
    before = lab.client.sent
    session = kept.at(lab.now(), lambda: door.sign_in(login, password))
    kept.steps = lab.client.sent_since(before) or kept.steps
    lab.client.recall(kept.steps)
    return session


def session(lab: Lab, door: Door, key: Key) -> Session:
    """A session of this key, by its id; what it takes for that is not judged."""
    return by_id(lab, door, key).given()


def by_id(lab: Lab, door: Door, key: Key) -> Session:
    return signed_in(lab, door, login(told(lab, key)), key.raw)


def told(lab: Lab, key: Key) -> steps.Made:
    """What the API tells of a key that was given: its id and its name."""

    def ask() -> steps.Made:
        answer = steps.current(lab, key).given(200)
        return steps.Made(int(answer.member("id")), key.raw, answer)

    return lab.once(f"what is told of {key.raw}", ask)


def key(lab: Lab, situation: str = "full") -> Key:
    """The key in this situation that is used at the doors, always the same."""
    return lab.once(f"{situation} key at the doors", lambda: lab.key(situation))


def root(lab: Lab, session: Session) -> Heard:
    """The listing of the root in this session."""
    return lab.once(f"root, {session.about}", session.list)


def is_served(listed: Heard | None) -> None:
    """A session that was let in is of use: it was answered this to a listing of the root."""
    check(listed is not None and listed.passed, "the root to be listed to who is signed in", listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """How a key signed in `before` and `after` its deletion, each time by id and by name, and what its session by name was
    answered to a listing of the root: `listed` before and, where a session is a connection, twice `asked` after. Nothing where
    it was not let in.
    """

    deletion: Answer
    before: Sequence[Session]
    listed: Heard | None
    asked: Sequence[Heard]
    after: Sequence[Session]


def deleted(lab: Lab, door: Door) -> Deleted:
    """A key that is deleted; where requests are dear, the same one at all doors. Raises NotVerifiable and Fault."""
    known = lab.provider.protocols
    names = [name for name in known.doors if lab.has_door(name)] if known and lab.shared else [door.protocol]
    found = lab.once("deleted at the doors", lambda: _deleted(lab, [lab.door(name) for name in names]))[door.protocol]
    if isinstance(found, Deleted):
        return found
    raise found


def _deleted(lab: Lab, doors: Sequence[Door]) -> Mapping[str, Deleted | NotVerifiable | Fault]:
    key = steps.create(lab)
    lives = {door.protocol: _life(door, key) for door in doors}
    begun = {name: _going_on(life, None) for name, life in lives.items()}
    deletion = steps.delete(lab, key.id)
    ended = {name: _going_on(life, deletion) for name, life in lives.items() if begun[name] is None}
    return {name: found for name, found in (begun | ended).items() if found}


#: One door's part in the life of a key: it takes the answer to the deletion, and yields what was seen then.
_Life = Generator[Deleted | None, Answer | None, None]


def _life(door: Door, key: steps.Made) -> _Life:
    names = (login(key), name_login(key))
    with door.sign_in(names[0], key.raw) as by_id, door.sign_in(names[1], key.raw) as by_name:
        let_in = by_name.signed_in.passed
        listed = by_name.list() if let_in else None
        deletion = yield None
        asked = [by_name.list(), by_name.list()] if let_in and door.protocol in CONNECTED else []
    after = []
    for name in names:
        with door.sign_in(name, key.raw) as refused:
            after.append(refused)
    assert deletion
    yield Deleted(deletion=deletion, before=(by_id, by_name), listed=listed, asked=asked, after=after)


def _going_on(life: _Life, deletion: Answer | None) -> Deleted | NotVerifiable | Fault | None:
    try:
        return life.send(deletion)
    except (NotVerifiable, Fault) as problem:
        return problem


def shared_name(lab: Lab) -> tuple[steps.Made, steps.Made]:
    """Two keys with one name."""

    def pair() -> tuple[steps.Made, steps.Made]:
        first = steps.create(lab)
        return first, steps.create(lab, name=first.answer.member("name"))

    return lab.once("keys of one name", pair)


# Files.


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A file that a user's key wrote at a door into a folder of that user, and read there."""

    path: str
    written: Heard
    read: Heard

    def given(self) -> Own:
        """The file that a proof builds on. Raises NotVerifiable."""
        if not self.written.passed:
            raise NotVerifiable(f"a step before it failed: {self.path} was not written: {self.written}")
        return self


def own(lab: Lab, door: Door, situation: str) -> Own:
    return lab.once(f"file of {situation} by {door.protocol}", lambda: _own(lab, door, situation))


def _own(lab: Lab, door: Door, situation: str) -> Own:
    path, member = f"{folder(lab, situation)}/{lab.name('own')}.txt", session(lab, door, key(lab, situation))
    return Own(path=path, written=member.write(path, CONTENT), read=member.read(path))


def folder(lab: Lab, situation: str) -> str:
    """A folder for proofs in that of the user of this situation."""
    return steps.shared_scratch(lab, steps.home(lab, key(lab, situation)))


@dataclass
class Secret:
    """A file in the folder of another user than the member."""

    path: str = ""


def secret(lab: Lab) -> Secret:
    found = lab.once("secret of second_member", Secret)
    if not found.path:
        path = f"{folder(lab, 'second_member')}/{lab.name('secret')}.txt"
        steps.upload(lab, lab.key(), path, CONTENT).given()
        found.path = path
    return found


def is_kept(lab: Lab, secret: Secret) -> bool:
    """Whether the file is there as it was; if not, the next that needs it gets another one."""
    lab.afresh()
    answer = steps.stat(lab, lab.key(), secret.path)
    kept = answer.passed and answer.json().get("size") == len(CONTENT)
    if not kept:
        secret.path = ""
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What a site-wide key did at a door in the folder of a user: it read and removed a file of `theirs`, and wrote `ours`."""

    theirs: str
    ours: str
    read: Heard
    written: Heard
    removed: Heard


def handled(lab: Lab, door: Door, situation: str) -> Handled:
    return lab.once(f"files of {situation} handled by {door.protocol}", lambda: _handled(lab, door, situation))


def _handled(lab: Lab, door: Door, situation: str) -> Handled:
    theirs, everywhere = own(lab, door, situation).given().path, session(lab, door, key(lab))
    ours = f"{folder(lab, situation)}/{lab.name('ours')}.txt"
    return Handled(
        theirs=theirs,
        ours=ours,
        read=everywhere.read(theirs),
        written=everywhere.write(ours, CONTENT),
        removed=everywhere.remove(theirs),
    )


def somebody(lab: Lab) -> str:
    """The situation of a user's key where the target has one, else of a site-wide key."""
    try:
        return key(lab, "member").situation
    except NotVerifiable:
        return "full"


def halves(lab: Lab) -> tuple[str, str]:
    """The paths of two folders whose names begin alike, of which the second has a file a.txt."""
    return lab.once("folders that begin alike", lambda: _halves(lab))


def _halves(lab: Lab) -> tuple[str, str]:
    inside = f"{steps.shared_scratch(lab)}/{lab.name('in')}"
    lab.call("create_folder", key=lab.key(), path={"path": inside}, json={}).given()
    steps.upload(lab, lab.key(), f"{inside}-between/a.txt", CONTENT).given()
    return inside, f"{inside}-between"
