"""Proofs of the rules of Files.com: which keys sign in to WebDAV, FTP and SFTP. Each is shown at every door that has the rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract_tests.doors import Door, Heard
from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.filescom import doors, steps

CHALLENGE = r"(?:.*,\s*)?Basic\b.*"


# document 002, introduction


@rule("filescom.*.sign-in-id")
def test_sign_in_id(lab: Lab, door: Door) -> None:
    """A site-wide key and a user's each sign in as @api- and the id of the key."""
    opened = [doors.by_id(lab, door, doors.key(lab, situation)).passes() for situation in ("member", "full")]
    for session in lab.some(opened, 1, "sessions of use"):
        doors.is_served(doors.root(lab, session))


@rule("filescom.*.sign-in-name")
def test_sign_in_name(lab: Lab, door: Door) -> None:
    """A site-wide key and a user's each sign in as @api- and the name of the key."""
    user, site_wide = steps.user_of(lab, doors.key(lab, "member")), doors.deleted(lab, door)
    with steps.new_key(lab, user_id=user) as owned:
        session = doors.signed_in(lab, door, doors.name_login(owned), owned.raw)
        for opened in (site_wide.before[1], session):
            opened.passes()
        listings: Sequence[Callable[[], Heard | None]] = (lambda: site_wide.listed, session.list)
        for listed in lab.some(listings, 1, "sessions of use"):
            doors.is_served(listed())


@rule("filescom.*.other-password")
def test_other_password(lab: Lab, door: Door) -> None:
    """By id and by name: neither a key that was never issued, nor another key of the site, nor nothing."""
    key = doors.told(lab, doors.key(lab))
    with steps.new_key(lab) as other:
        logins, passwords = (doors.login(key), doors.name_login(key)), (lab.forged(), other.raw, "")
        # The first three are all passwords, and both names.
        pairs = [(logins[(turn + wrong) % 2], passwords[wrong]) for turn in range(2) for wrong in range(3)]
        for login, password in lab.some(pairs, 3, "wrong passwords"):
            doors.signed_in(lab, door, login, password).refused()
    doors.by_id(lab, door, doors.key(lab)).passes()


@rule("filescom.*.deleted-key")
def test_deleted_key(lab: Lab, door: Door) -> None:
    """What a key opened by id and by name before it was deleted, it opens neither way afterwards."""
    key = doors.deleted(lab, door)
    for opened in key.before:
        opened.given()
    key.deletion.given()
    for closed in key.after:
        closed.refused()


@rule("filescom.*.expired-key")
def test_expired_key(lab: Lab, door: Door) -> None:
    """A key that expires in 30 seconds signs in, signs in still after 25, and not after 31."""
    early, after = steps.outlived(lab, door.protocol)
    for signed_in in early:
        signed_in.passes()
    after.refused()


# What nobody tells


@rule("filescom.*.other-login")
def test_other_login(lab: Lab, door: Door) -> None:
    """With a good key as password: neither the id of no key, nor the name of none, nor an id without @api-."""
    key, nobody = doors.told(lab, doors.key(lab)), lab.once("name of no key", lambda: lab.name("nobody"))
    for login in ("@api-999999999", f"@api-{nobody}", "@api-", str(key.id)):
        doors.signed_in(lab, door, login, key.raw).refused()


@rule("filescom.*.shared-name")
def test_shared_name(lab: Lab, door: Door) -> None:
    """A name that two keys have opens nothing with either; their ids do."""
    for key in doors.shared_name(lab):
        doors.signed_in(lab, door, doors.name_login(key), key.raw).refused()
        doors.signed_in(lab, door, doors.login(key), key.raw).passes()


@rule("filescom.*.permission-set")
def test_permission_set(lab: Lab, door: Door) -> None:
    """Keys with the sets full and files_only sign in, keys with other sets do not."""
    for permitted in ("full", "files_only", "none", "desktop_app"):
        # The set of a key that names none is full.
        named = {} if permitted == "full" else {"permission_set": permitted}
        with steps.new_key(lab, **named) as key:
            opened = doors.signed_in(lab, door, doors.login(key), key.raw)
            opened.passes() if permitted in {"full", "files_only"} else opened.refused()


@rule("filescom.*.open-session")
def test_open_session(lab: Lab, door: Door) -> None:
    """Of a session whose key is deleted, the next action is refused, and the connection ends."""
    key = doors.deleted(lab, door)
    key.before[1].given()
    key.deletion.given()
    if not (key.listed and key.listed.passed):
        raise NotVerifiable(f"a step before it failed: {key.listed}")
    refused, after = key.asked
    check(not refused.passed, "the next action in the session to be refused", refused)
    check(after.closed, "the connection to be closed", after)


# RFC 7617, RFC 959, RFC 4252


@rule("filescom.webdav.challenge")
def test_webdav_challenge(lab: Lab, door: Door) -> None:
    """Without a credential, with a wrong one, one of nobody, and that of a deleted key: 401 with WWW-Authenticate: Basic."""
    door.request().expect(401).header("WWW-Authenticate", CHALLENGE)
    key = doors.told(lab, doors.key(lab))
    for login, password in (
        (doors.login(key), lab.forged()),
        ("@api-999999999", key.raw),
        ("somebody", "something"),
    ):
        _is_challenged(doors.signed_in(lab, door, login, password).signed_in)
    _is_challenged(doors.deleted(lab, door).after[0].signed_in)


@rule("filescom.webdav.refused-alike")
def test_webdav_refused_alike(lab: Lab, door: Door) -> None:
    """A shared name, a permission set, an expired key: each 401 with WWW-Authenticate: Basic, too."""
    first, _ = doors.shared_name(lab)
    _is_challenged(doors.signed_in(lab, door, doors.name_login(first), first.raw).signed_in)
    with steps.new_key(lab, permission_set="none") as powerless:
        _is_challenged(doors.signed_in(lab, door, doors.login(powerless), powerless.raw).signed_in)
    _, expired = steps.outlived(lab, door.protocol)
    _is_challenged(expired.signed_in)


def _is_challenged(refused: Heard) -> None:
    answer = refused.answer
    if answer is None:
        raise NotVerifiable(f"it takes an answer of HTTP: {refused}")
    answer.expect(401).header("WWW-Authenticate", CHALLENGE)


@rule("filescom.ftp.not-logged-in")
def test_ftp_not_logged_in(lab: Lab, door: Door) -> None:
    """A wrong password is answered 530, and so is a listing that nobody signed in for."""
    with door.sign_in(doors.login(doors.told(lab, doors.key(lab))), lab.forged()) as stranger:
        check(str(stranger.signed_in).startswith("530"), "530 to a wrong password", stranger.signed_in)
        listed = stranger.list()
        check(str(listed).startswith("530"), "530 to who is not signed in", listed)


@rule("filescom.sftp.authentication-failure")
def test_sftp_authentication_failure(lab: Lab, door: Door) -> None:
    """A wrong password fails as authentication does, rather than ending the connection."""
    stranger = doors.signed_in(lab, door, doors.login(doors.told(lab, doors.key(lab))), lab.forged())
    check(not stranger.signed_in.closed, "a failure of authentication", stranger.signed_in)
