"""Proofs of the rules of Files.com: keys that sign in to WebDAV, FTP and SFTP. Each is shown at every door that has the rule."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.agenda import rule_of
from contract_tests.doors import Door, Session
from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key

CONTENT = b"seen through every door\n"
CHALLENGE = r"(?:.*,\s*)?Basic\b.*"


@pytest.fixture
def door(request: pytest.FixtureRequest, lab: Lab) -> Door:
    """The door that the rule is about, which its theme names."""
    return lab.door(rule_of(request.node).split(".")[1])


def login(key: steps.Made) -> str:
    return f"@api-{key.id}"


def name_login(key: steps.Made) -> str:
    return f"@api-{key.answer.member('name')}"


def session(lab: Lab, door: Door, key: Key) -> Session:
    """A session of this key, by its id; what it takes for that is not judged."""
    return door.sign_in(f"@api-{id_of(lab, key)}", key.raw).given()


def id_of(lab: Lab, key: Key) -> int:
    return lab.once(f"id of {key.raw}", lambda: int(steps.current(lab, key).given(200).member("id")))


def is_served(signed_in: Session) -> None:
    """A session that is let in, and of use."""
    listed = signed_in.passes().list()
    check(listed.passed, "the root to be listed to who is signed in", listed)


# document 002, introduction


@rule("filescom.*.sign-in-id")
def test_sign_in_id(lab: Lab, door: Door) -> None:
    """A site-wide key and a user's each sign in as @api- and the id of the key."""
    user = steps.user_of(lab, lab.key("member"))
    with steps.new_key(lab) as site_wide, steps.new_key(lab, user_id=user) as owned:
        for key in (site_wide, owned):
            with door.sign_in(login(key), key.raw) as signed_in:
                is_served(signed_in)


@rule("filescom.*.sign-in-name")
def test_sign_in_name(lab: Lab, door: Door) -> None:
    """A site-wide key and a user's each sign in as @api- and the name of the key."""
    user = steps.user_of(lab, lab.key("member"))
    with steps.new_key(lab) as site_wide, steps.new_key(lab, user_id=user) as owned:
        for key in (site_wide, owned):
            with door.sign_in(name_login(key), key.raw) as signed_in:
                is_served(signed_in)


@rule("filescom.*.other-password")
def test_other_password(lab: Lab, door: Door) -> None:
    """By id and by name: neither a key that was never issued, nor another key of the site, nor nothing."""
    with steps.new_key(lab) as key, steps.new_key(lab) as other:
        for name in (login(key), name_login(key)):
            for password in (lab.forged(), other.raw, ""):
                with door.sign_in(name, password) as stranger:
                    stranger.refused()
        with door.sign_in(login(key), key.raw) as signed_in:
            is_served(signed_in)


@rule("filescom.*.deleted-key")
def test_deleted_key(lab: Lab, door: Door) -> None:
    """What a key opened by id and by name before it was deleted, it opens neither way afterwards."""
    key = steps.create(lab)
    for name in (login(key), name_login(key)):
        with door.sign_in(name, key.raw) as signed_in:
            signed_in.given()
    steps.delete(lab, key.id).given()
    for name in (login(key), name_login(key)):
        with door.sign_in(name, key.raw) as signed_in:
            signed_in.refused()


@rule("filescom.*.expired-key")
def test_expired_key(lab: Lab, door: Door) -> None:
    """A key that expires in 30 seconds signs in, signs in still after 25, and not after 31."""
    early, after = steps.outlived(lab, door.protocol)
    for signed_in in early:
        signed_in.passes()
    after.refused()


@rule("filescom.*.site-files")
def test_site_files(lab: Lab, door: Door) -> None:
    """A site-wide key reads, writes and deletes in the folders of two users."""
    with session(lab, door, lab.key()) as signed_in:
        for situation in ("member", "second_member"):
            member = lab.key(situation)
            with steps.scratch(lab, steps.home(lab, member), member) as folder:
                steps.upload(lab, member, f"{folder}/theirs.txt", CONTENT).given()
                read, written = signed_in.read(f"{folder}/theirs.txt"), signed_in.write(f"{folder}/ours.txt", CONTENT)
                check(read.content == CONTENT, f"the file of {situation} to be read", read)
                check(written.passed, f"a file to be written into the folder of {situation}", written)
                removed = signed_in.remove(f"{folder}/theirs.txt")
                check(removed.passed, f"the file of {situation} to be deleted", removed)


@rule("filescom.*.user-files")
def test_user_files(lab: Lab, door: Door) -> None:
    """A member reads and writes in their own folder; another's they can neither list, read, write nor delete, nor see named."""
    key = lab.key("member")
    mine, theirs = steps.home(lab, key), steps.home(lab, lab.key("second_member"))
    with steps.scratch(lab, mine) as own, steps.scratch(lab, theirs) as other, session(lab, door, key) as member:
        path = f"{other}/secret.txt"
        steps.upload(lab, lab.key(), path, CONTENT).given()
        written = member.write(f"{own}/a.txt", CONTENT)
        check(written.passed, "a file to be written into the user's own folder", written)
        read = member.read(f"{own}/a.txt")
        check(read.content == CONTENT, "the user's own file to be read", read)
        for heard in (
            member.list(other),
            member.read(path),
            member.write(f"{other}/a.txt", CONTENT),
            member.make_folder(f"{other}/a"),
            member.remove(path),
        ):
            check(not heard.passed, f"the user to be refused what is in {other}", heard)
        _shows_nothing_of(member, theirs, beside=mine)
        steps.stat(lab, lab.key(), path).expect(200)


def _shows_nothing_of(member: Session, folder: str, *, beside: str) -> None:
    """No listing on the way down to the folder names it; what also leads to the other one may be named."""
    names = folder.split("/")
    for depth, name in enumerate(names):
        if not f"{beside}/".startswith(f"{'/'.join(names[: depth + 1])}/"):
            seen = member.list("/".join(names[:depth])).names
            check(name not in seen, f"{name} not to be listed", seen)


@rule("filescom.*.dots")
def test_dots(lab: Lab, door: Door) -> None:
    """From a member's own folder no dots lead into another's, and from the root none lead out of it."""
    key = lab.key("member")
    mine, theirs = steps.home(lab, key), steps.home(lab, lab.key("second_member"))
    with steps.scratch(lab, mine) as own, steps.scratch(lab, theirs) as other, session(lab, door, key) as member:
        path, up = f"{other}/secret.txt", "../" * (own.count("/") + 1)
        steps.upload(lab, lab.key(), path, CONTENT).given()
        for spelled in (f"{own}/{up}{path}", f"{own}/{up}../../{path}", f"../{path}", f"./{path}", f"{own}/..\\{path}"):
            read = member.read(spelled)
            check(CONTENT not in read.content, f"{spelled} not to lead to the file of another user", read)
        written = member.write(f"{own}/{up}{other}/secret.txt", b"overwritten")
        held = steps.stat(lab, lab.key(), path).given(200).json().get("size")
        check(held == len(CONTENT), "the file of another user to be as it was", f"{held} bytes, after {written}")
    with session(lab, door, lab.key()) as site_wide:
        for spelled in ("../../../../../../etc/passwd", "/etc/passwd", "..\\..\\..\\..\\etc\\passwd"):
            read = site_wide.read(spelled)
            check(b"root:" not in read.content, f"{spelled} not to lead to a file of the server", read)


@rule("filescom.*.log-user")
def test_log_user(lab: Lab, door: Door) -> None:
    """What two users' keys write stands in the log under its user, where the log has it."""
    for situation in ("member", "admin_user"):
        key = lab.key(situation)
        entry = _logged(lab, door, key)
        if entry is None:
            raise NotVerifiable(f"the log that the contract describes does not tell what is done by {door.protocol}")
        user = steps.user_of(lab, key)
        check(entry.get("user_id") == user, f"the entry to name user {user}", entry)


@rule("filescom.*.logged")
def test_logged(lab: Lab, door: Door) -> None:
    """A file that a user's key writes stands in the log of requests."""
    entry = _logged(lab, door, lab.key("member"))
    check(entry is not None, f"an entry of the log about what was written by {door.protocol}", "none")


def _logged(lab: Lab, door: Door, key: Key) -> dict[str, Any] | None:
    """The log's entry about a file that this key writes; None where there is none."""
    with steps.scratch(lab, steps.home(lab, lab.key("member"))) as folder, session(lab, door, key) as signed_in:
        path = f"{folder}/{lab.name('logged')}.txt"
        if not (written := signed_in.write(path, CONTENT)).passed:
            raise NotVerifiable(f"a step before it failed: {path} was not written: {written}")
        return steps.log_about(lab, path, id_of(lab, key))


# What other pages tell, and what nobody does


@rule("filescom.*.same-files")
def test_same_files(lab: Lab, door: Door) -> None:
    """What is written, made and deleted at the door is so for the API, and the reverse."""
    key = lab.key()
    with steps.scratch(lab) as folder, session(lab, door, key) as signed_in:
        for heard in (signed_in.write(f"{folder}/door.txt", CONTENT), signed_in.make_folder(f"{folder}/made")):
            check(heard.passed, "a file and a folder to be made", heard)
        found = steps.fetch(lab, steps.download(lab, key, f"{folder}/door.txt").expect(200))
        check(found.content == CONTENT, "the API to have the bytes that were written", found)
        steps.uploads(lab, key, f"{folder}/api.txt", CONTENT[::-1])
        read = signed_in.read(f"{folder}/api.txt")
        check(read.content == CONTENT[::-1], "the bytes that were uploaded through the API", read)
        listed, wanted = signed_in.list(folder), {"door.txt", "made", "api.txt"}
        check(set(listed.names) == wanted, f"{wanted} to be listed", listed.names)
        check(signed_in.remove(f"{folder}/api.txt").passed, "the file to be deleted", "refused")
        steps.stat(lab, key, f"{folder}/api.txt").expect(404)
        steps.remove(lab, key, f"{folder}/door.txt").given()
        gone = signed_in.read(f"{folder}/door.txt")
        check(not gone.passed, "a file that was deleted through the API to be gone", gone)


@rule("filescom.*.other-login")
def test_other_login(lab: Lab, door: Door) -> None:
    """With a good key as password: neither the id of no key, nor the name of none, nor an id without @api-."""
    with steps.new_key(lab) as key:
        for name in ("@api-999999999", f"@api-{lab.name('nobody')}", "@api-", str(key.id)):
            with door.sign_in(name, key.raw) as stranger:
                stranger.refused()


@rule("filescom.*.shared-name")
def test_shared_name(lab: Lab, door: Door) -> None:
    """A name that two keys have opens nothing with either; their ids do."""
    with steps.new_key(lab) as first:
        second = steps.create(lab, name=first.answer.member("name"))
        try:
            for key in (first, second):
                with door.sign_in(name_login(key), key.raw) as ambiguous:
                    ambiguous.refused()
                with door.sign_in(login(key), key.raw) as signed_in:
                    signed_in.passes()
        finally:
            steps.delete(lab, second.id)


@rule("filescom.*.permission-set")
def test_permission_set(lab: Lab, door: Door) -> None:
    """Keys with the sets full and files_only sign in, keys with other sets do not."""
    for permitted in ("full", "files_only", "none", "desktop_app"):
        with (
            steps.new_key(lab, permission_set=permitted) as key,
            door.sign_in(login(key), key.raw) as signed_in,
        ):
            signed_in.passes() if permitted in {"full", "files_only"} else signed_in.refused()


@rule("filescom.*.key-path")
def test_key_path(lab: Lab, door: Door) -> None:
    """A key with a path reads and writes in its folder and not beside it, though its name begins alike."""
    with steps.scratch(lab) as folder:
        inside, beside = f"{folder}/in", f"{folder}/in-between"
        for path in (f"{inside}/a.txt", f"{beside}/a.txt"):
            steps.upload(lab, lab.key(), path, CONTENT).given()
        with steps.new_key(lab, path=inside) as key, door.sign_in(login(key), key.raw).given() as signed_in:
            read, written = signed_in.read(f"{inside}/a.txt"), signed_in.write(f"{inside}/b.txt", CONTENT)
            check(read.content == CONTENT, "the file in the key's folder to be read", read)
            check(written.passed, "a file to be written into the key's folder", written)
            for heard in (
                signed_in.list(beside),
                signed_in.read(f"{beside}/a.txt"),
                signed_in.write(f"{beside}/b.txt", CONTENT),
                signed_in.remove(f"{beside}/a.txt"),
            ):
                check(not heard.passed, f"the key to be refused what is in {beside}", heard)


@rule("filescom.*.open-session")
def test_open_session(lab: Lab, door: Door) -> None:
    """Of a session whose key is deleted, the next action is refused, and the connection ends."""
    key = steps.create(lab)
    with door.sign_in(login(key), key.raw).given() as signed_in:
        if not (listed := signed_in.list()).passed:
            raise NotVerifiable(f"a step before it failed: {listed}")
        steps.delete(lab, key.id).given()
        refused = signed_in.list()
        check(not refused.passed, "the next action in the session to be refused", refused)
        after = signed_in.list()
        check(after.closed, "the connection to be closed", after)


# RFC 7617, RFC 959, RFC 4252


@rule("filescom.webdav.challenge")
def test_webdav_challenge(lab: Lab, door: Door) -> None:
    """Without a credential, with a wrong one, one of nobody, and that of a deleted key: 401 with WWW-Authenticate: Basic."""
    deleted = steps.create(lab)
    steps.delete(lab, deleted.id).given()
    with steps.new_key(lab) as key:
        for answer in (
            door.request(),
            door.request(login(key), lab.forged()),
            door.request(f"@api-{lab.name('nobody')}", key.raw),
            door.request("somebody", "something"),
            door.request(login(deleted), deleted.raw),
        ):
            answer.expect(401).header("WWW-Authenticate", CHALLENGE)


@rule("filescom.webdav.refused-alike")
def test_webdav_refused_alike(lab: Lab, door: Door) -> None:
    """A shared name, a permission set, an expired key: each 401 with WWW-Authenticate: Basic, too."""
    with (
        steps.new_key(lab) as first,
        steps.new_key(lab, permission_set="none") as powerless,
        steps.new_key(lab, expires_at=steps.moment(lab.now() + 30)) as expiring,
    ):
        second = steps.create(lab, name=first.answer.member("name"))
        refused = [door.request(name_login(first), first.raw), door.request(login(powerless), powerless.raw)]
        steps.delete(lab, second.id)
        lab.advance(31)
        for answer in (*refused, door.request(login(expiring), expiring.raw)):
            answer.expect(401).header("WWW-Authenticate", CHALLENGE)


@rule("filescom.ftp.not-logged-in")
def test_ftp_not_logged_in(lab: Lab, door: Door) -> None:
    """A wrong password is answered 530, and so is a listing that nobody signed in for."""
    with steps.new_key(lab) as key, door.sign_in(login(key), lab.forged()) as stranger:
        check(str(stranger.signed_in).startswith("530"), "530 to a wrong password", stranger.signed_in)
        listed = stranger.list()
        check(str(listed).startswith("530"), "530 to who is not signed in", listed)


@rule("filescom.sftp.authentication-failure")
def test_sftp_authentication_failure(lab: Lab, door: Door) -> None:
    """A wrong password fails as authentication does, rather than ending the connection."""
    with steps.new_key(lab) as key, door.sign_in(login(key), lab.forged()) as stranger:
        check(not stranger.signed_in.closed, "a failure of authentication", stranger.signed_in)
