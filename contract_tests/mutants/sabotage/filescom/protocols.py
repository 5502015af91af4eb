"""WebDAV, FTP and SFTP of Files.com, broken: who is let in, and what they reach."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.filescom._parts import engine, engine_sabotages, sabotages, wrap
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from latchkey.records import Protocols
    from mockserver.exchange import Exchange
    from mockserver.keys import Key
    from mockserver.world import Row, Table


def _by_protocol(call: Exchange) -> bool:
    """Whether this was asked by another protocol than the API's."""
    return " " in call.method


# Who is let in. Each is put around the function that tells which key a login name means.


def _named(call: Exchange, login: str) -> Key | None:
    """The key of this id or name, whatever the password is."""
    name = login.removeprefix("@api-")
    keys = [key for account in call.world.accounts for key in call.world.keys.of(account)]
    return next((key for key in reversed(keys) if name in {str(key.id), key.name}), None)


def _any_password(meant: Any, call: Exchange, policy: Protocols, login: str, password: str) -> Key:
    key: Key = _named(call, login) or meant(call, policy, login, password)
    return key


def _any_key_as_password(meant: Any, call: Exchange, policy: Protocols, login: str, password: str) -> Key:
    assert call.provider
    known = call.world.keys.find(call.provider.name, "key", password, call.provider.keys.stored)
    key: Key = (_named(call, login) if known else None) or meant(call, policy, login, password)
    return key


def _no_password(meant: Any, call: Exchange, policy: Protocols, login: str, password: str) -> Key:
    key: Key = (None if password else _named(call, login)) or meant(call, policy, login, password)
    return key


def _any_login(meant: Any, call: Exchange, policy: Protocols, login: str, password: str) -> Key:
    assert call.provider
    known = call.world.keys.find(call.provider.name, "key", password, call.provider.keys.stored)
    # A key that somebody's id or name tells is another mistake.
    key: Key = (None if _named(call, login) else known) or meant(call, policy, login, password)
    return key


def _plain_id(meant: Any, call: Exchange, policy: Protocols, login: str, password: str) -> Key:
    key: Key = meant(call, policy, f"@api-{login}" if login.isdecimal() else login, password)
    return key


engine_sabotages(
    {
        "filescom-sign-in-any-password": ("protocols.sign_in:_meant", _any_password),
        "filescom-sign-in-any-key": ("protocols.sign_in:_meant", _any_key_as_password),
        "filescom-sign-in-no-password": ("protocols.sign_in:_meant", _no_password),
        "filescom-sign-in-any-login": ("protocols.sign_in:_meant", _any_login),
        "filescom-sign-in-plain-id": ("protocols.sign_in:_meant", _plain_id),
    }
)


def _admitted_without(*fields: str) -> Callable[..., Any]:
    """Around whatever admits a key: as if it had none of these."""

    def around(admit: Any, call: Exchange, key: Key, *words: Any, **named: Any) -> Any:
        held = {field: getattr(key, field) for field in fields}
        for field in fields:
            setattr(key, field, None)
        try:
            return admit(call, key, *words, **named)
        finally:
            for field, value in held.items():
                setattr(key, field, value)

    return around


def _day_late(admit: Any, call: Exchange, key: Key, *words: Any, **named: Any) -> Any:
    at, call.at = call.at, call.at - 86400
    try:
        return admit(call, key, *words, **named)
    finally:
        call.at = at


engine_sabotages(
    {
        "filescom-sign-in-deleted-key": ("protocols.sign_in:admit", _admitted_without("revoked_at")),
        "filescom-sign-in-expired-key": ("protocols.sign_in:admit", _admitted_without("expires_at")),
        "filescom-sign-in-expired-a-day-late": ("protocols.sign_in:admit", _day_late),
    }
)


# What they reach.


def _recognised_as(user: Callable[[Row | None], Row | None]) -> Callable[..., None]:
    """Around whatever recognises a key: its user is another one."""

    def around(recognise: Any, call: Exchange, *words: Any) -> None:
        recognise(call, *words)
        assert call.caller
        call.caller = replace(call.caller, user=user(call.caller.user))

    return around


def _everywhere(name: str, around: Callable[..., Any]) -> None:
    """Puts this around a function of the sign-in, wherever protocols know it by that name."""
    for module in ("sign_in", "door"):
        owner, attribute, original = engine(f"protocols.{module}:{name}")
        setattr(owner, attribute, lambda *words, original=original, **named: around(original, *words, **named))


_NOBODY = {"id": 0, "site_admin": False}
sabotage("filescom-sign-in-site-wide-as-nobody")(
    lambda: _everywhere("recognise", _recognised_as(lambda user: user or _NOBODY))
)
sabotage("filescom-sign-in-user-forgotten")(lambda: _everywhere("recognise", _recognised_as(lambda user: None)))


def _always(letter: str) -> Callable[..., str]:
    """Around the letters of access: by protocols this one is granted everywhere."""

    def around(letters: Any, call: Exchange, path: str) -> str:
        granted: str = letters(call, path)
        return granted if letter in granted or not _by_protocol(call) else granted + letter

    return around


def _server_file(find: Any, call: Exchange, path: str) -> Row:
    file = Path("/") / path.replace("\\", "/").replace("../", "").strip("/")
    if _by_protocol(call) and file.is_file():
        return {"id": str(file), "type": "file", "content": file.read_text("utf-8", "replace")}
    row: Row = find(call, path)
    return row


def _path_ignored(confined: Any, call: Exchange, path: str) -> str:
    assert call.caller
    attributes = call.caller.key.attributes
    folder = attributes.pop("path", None) if _by_protocol(call) else attributes.get("path")
    try:
        cleaned: str = confined(call, path)
    finally:
        attributes["path"] = folder
    return cleaned


sabotages(
    {
        **{f"filescom-protocols-grant-{letter}": ("paths.letters", _always(letter)) for letter in "lrwd"},
        "filescom-protocols-read-server": ("tree.find", _server_file),
        "filescom-protocols-path-ignored": ("paths.confined", _path_ignored),
    }
)


@sabotage("filescom-protocols-dots-unchecked")
def _() -> None:
    dotted: list[bool] = [False]

    def unchecked(letters: Any, call: Exchange, path: str) -> str:
        granted: str = letters(call, path)
        return "lrwd" if _by_protocol(call) and (".." in call.path or dotted[0]) else granted

    wrap("paths.letters", unchecked)
    # Here dots are resolved before anything is asked.
    for address, dots in (("protocols.ftp_files:Files.ftp2fs", ".."), ("protocols.sftp_files:path_of", b"..")):
        owner, name, resolve = engine(address)

        def noting(*words: Any, resolve: Any = resolve, dots: Any = dots) -> str:
            dotted[0] = dots in words[-1]
            resolved: str = resolve(*words)
            return resolved

        setattr(owner, name, noting)


@sabotage("filescom-protocols-own-files")
def _() -> None:
    owner, name, table = engine("exchange:Exchange.table")

    def own(call: Exchange, wanted: str) -> Table:
        rows: Table = table(call, wanted)
        if wanted != "files" or not _by_protocol(call):
            return rows
        return call.account.rows.setdefault("files by protocol", deepcopy(rows))

    setattr(owner, name, own)


@sabotage("filescom-protocols-unlogged")
def _() -> None:
    for module in ("door", "webdav"):
        owner, name, publish = engine(f"protocols.{module}:publish")
        setattr(owner, name, lambda *words: None)
        assert publish


# What shows only after a while.


def _taken_for_good(check: Any, call: Exchange, policy: Protocols, key: Key) -> None:
    from mockserver.refusals import Refused

    if sum(other.name == key.name for other in call.world.keys.of(key.account)) > 1:
        raise Refused(policy.refusals["ambiguous"], "another key had this name once")
    check(call, policy, key)


engine_sabotages({"filescom-sign-in-name-taken-for-good": ("protocols.sign_in:_check_unique", _taken_for_good)})


def _first_content() -> Callable[..., bytes]:
    """Around whatever reads a file by a protocol: what it held when it was first read."""
    known: dict[tuple[str, str], bytes] = {}

    def around(read: Any, call: Exchange, row: Row) -> bytes:
        content: bytes = read(call, row)
        return known.setdefault((call.account.id, row["id"]), content) if _by_protocol(call) else content

    return around


sabotages({"filescom-protocols-read-once": ("tree.read", _first_content())})


# How it is told.


@sabotage("filescom-session-stays-open")
def _() -> None:
    from mockserver.protocols.door import Session

    setattr(Session, "ended", property(lambda session: False, lambda session, value: None))  # noqa: B010 - for mypy


@sabotage("filescom-sftp-hangs-up")
def _() -> None:
    owner, name, validate = engine("protocols.sftp:Client.validate_password")

    def cut(client: Any, *words: str) -> bool:
        known: bool = validate(client, *words)
        if not known:
            client.connection.abort()
        return known

    setattr(owner, name, cut)
