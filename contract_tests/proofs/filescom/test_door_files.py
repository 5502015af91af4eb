"""Proofs of the rules of Files.com: what keys reach over WebDAV, FTP and SFTP. Each is shown at every door that has the rule."""

from __future__ import annotations

from typing import Any

from contract_tests.doors import Door, Session
from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.filescom import doors, files, steps, users
from contract_tests.proofs.filescom.doors import CONTENT

# document 002, introduction


@rule("filescom.*.site-files")
def test_site_files(lab: Lab, door: Door) -> None:
    """A site-wide key reads, writes and deletes in the folders of two users."""
    for situation in lab.some(("member", "second_member"), 1, "users"):
        handled = doors.handled(lab, door, situation)
        check(handled.read.content == CONTENT, f"the file of {situation} to be read", handled.read)
        check(handled.written.passed, f"a file to be written into the folder of {situation}", handled.written)
        check(handled.removed.passed, f"the file of {situation} to be deleted", handled.removed)


@rule("filescom.*.user-files")
def test_user_files(lab: Lab, door: Door) -> None:
    """A member reads and writes in their own folder; another's they can neither list, read, write nor delete, nor see named."""
    own, secret = doors.own(lab, door, "member"), doors.secret(lab)
    member, path = doors.session(lab, door, doors.key(lab, "member")), secret.path
    other = path.rpartition("/")[0]
    tried = (
        member.list(other),
        member.read(path),
        member.write(f"{other}/a.txt", CONTENT),
        member.make_folder(f"{other}/a"),
        member.remove(path),
    )
    kept = doors.is_kept(lab, secret)
    check(own.written.passed, "a file to be written into the user's own folder", own.written)
    check(own.read.content == CONTENT, "the user's own file to be read", own.read)
    for heard in tried:
        check(not heard.passed, f"the user to be refused what is in {other}", heard)
    check(kept, f"{path} to be as it was", "no such file, or another size")
    _shows_nothing_of_the_other(lab, member)


def _shows_nothing_of_the_other(lab: Lab, member: Session) -> None:
    """No listing on the way down to the other's folder names it; what also leads to the member's own may be named."""
    mine, theirs = (steps.home(lab, doors.key(lab, situation)) for situation in ("member", "second_member"))
    names = theirs.split("/")
    for depth, name in enumerate(names):
        if not f"{mine}/".startswith(f"{'/'.join(names[: depth + 1])}/"):
            seen = (member.list("/".join(names[:depth])) if depth else doors.root(lab, member)).names
            check(name not in seen, f"{name} not to be listed", seen)


@rule("filescom.*.dots")
def test_dots(lab: Lab, door: Door) -> None:
    """From a member's own folder no dots lead into another's, and from the root none lead out of it."""
    secret, own = doors.secret(lab), doors.folder(lab, "member")
    path, up = secret.path, "../" * (own.count("/") + 1)
    member, site_wide = (doors.session(lab, door, key) for key in (doors.key(lab, "member"), doors.key(lab)))
    spellings = (f"{own}/{up}{path}", f"{own}/..\\{path}", f"../{path}", f"{own}/{up}../../{path}", f"./{path}")
    for spelled in lab.some(spellings, 2, "paths to another's file"):
        read = member.read(spelled)
        check(CONTENT not in read.content, f"{spelled} not to lead to the file of another user", read)
    written = member.write(f"{own}/{up}{path}", b"overwritten")
    check(doors.is_kept(lab, secret), "the file of another user to be as it was", f"another, after {written}")
    outside = ("../../../../../../etc/passwd", "..\\..\\..\\..\\etc\\passwd", "/etc/passwd")
    for spelled in lab.some(outside, 1, "paths out of the root"):
        read = site_wide.read(spelled)
        check(b"root:" not in read.content, f"{spelled} not to lead to a file of the server", read)


@rule("filescom.*.log-user")
def test_log_user(lab: Lab, door: Door) -> None:
    """What two users' keys write stands in the log under its user, where the log has it."""
    for situation in lab.some(("member", "admin_user"), 1, "users"):
        entry = _logged(lab, door, situation)
        if entry is None:
            raise NotVerifiable(f"the log that the contract describes does not tell what is done by {door.protocol}")
        user = steps.user_of(lab, doors.key(lab, situation))
        check(entry.get("user_id") == user, f"the entry to name user {user}", entry)


@rule("filescom.*.logged")
def test_logged(lab: Lab, door: Door) -> None:
    """A file that a user's key writes stands in the log of requests."""
    entry = _logged(lab, door, "member")
    check(entry is not None, f"an entry of the log about what was written by {door.protocol}", "none")


def _logged(lab: Lab, door: Door, situation: str) -> dict[str, Any] | None:
    """The log's entry about a file that the key of this situation writes; None where there is none."""
    own = doors.own(lab, door, situation).given()
    id = doors.told(lab, doors.key(lab, situation)).id
    return lab.once(f"log of {own.path}", lambda: users.log_about(lab, own.path, id))


# What other pages tell, and what nobody does


@rule("filescom.*.same-files")
def test_same_files(lab: Lab, door: Door) -> None:
    """What is written, made and deleted at the door is so for the API, and the reverse."""
    handled, picture = doors.handled(lab, door, doors.somebody(lab)), files.path(lab, files.PICTURE)
    signed_in, folder = doors.session(lab, door, doors.key(lab)), picture.rpartition("/")[0]
    made = signed_in.make_folder(path := f"{folder}/{lab.name('made')}")
    for heard in (handled.written, handled.removed, made):
        check(heard.passed, "files and a folder to be made and deleted", heard)
    lab.afresh()
    found = steps.fetch(lab, steps.download(lab, lab.key(), handled.ours).expect(200))
    check(found.content == CONTENT, "the API to have the bytes that were written", found)
    steps.stat(lab, lab.key(), handled.theirs).expect(404)
    read = signed_in.read(picture)
    check(read.content == steps.PIXEL, "the bytes that were uploaded through the API", read)
    steps.remove(lab, lab.key(), path).passes()
    listed = [f"{folder}/{name}" for name in signed_in.list(folder).names]
    check(picture in listed, f"{picture} to be listed, which was uploaded through the API", listed)
    check(path not in listed, f"{path} not to be listed, which was deleted through the API", listed)


@rule("filescom.*.key-path")
def test_key_path(lab: Lab, door: Door) -> None:
    """A key with a path reads and writes in its folder and not beside it, though its name begins alike."""
    inside, beside = doors.halves(lab)
    with steps.new_key(lab, path=inside) as key:
        signed_in = doors.signed_in(lab, door, doors.login(key), key.raw).given()
        path = f"{inside}/{lab.name('own')}.txt"
        written, read = signed_in.write(path, CONTENT), signed_in.read(path)
        check(written.passed, "a file to be written into the key's folder", written)
        check(read.content == CONTENT, "the file in the key's folder to be read", read)
        for heard in (
            signed_in.list(beside),
            signed_in.read(f"{beside}/a.txt"),
            signed_in.write(f"{beside}/b.txt", CONTENT),
            signed_in.remove(f"{beside}/a.txt"),
        ):
            check(not heard.passed, f"the key to be refused what is in {beside}", heard)
