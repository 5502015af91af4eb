"""What the banner says of an open door: a command that works when pasted."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping

from mockserver.protocols.opening import Opened


def welcome(opened: Opened) -> Iterator[str]:
    """Where it is, with the first ready-made key that may sign in."""
    door = opened.door
    world, provider = door.world, door.world.contract.providers[door.provider]
    policy = door.policy
    fixture = next(item for item in world.ready_keys(provider.name) if item.situation == "full")
    key = world.keys.find(provider.name, "key", fixture.key, provider.keys.stored)
    login = policy.login.format(key=key.id if key else "ID")
    yield f"{provider.title} over {_TITLES[door.protocol]}  {door.origin}  user name {login}, password the key {opened.service.remark}".rstrip()
    yield f"  {_COMMANDS[door.protocol](door.origin, login, fixture.key)}"


def _webdav(origin: str, login: str, key: str) -> str:
    return f"curl -u {shlex.quote(f'{login}:{key}')} -X PROPFIND -H 'Depth: 1' {origin}"


def _ftp(origin: str, login: str, key: str) -> str:
    return f"curl -u {shlex.quote(f'{login}:{key}')} {origin}/"


def _sftp(origin: str, login: str, key: str) -> str:
    host, _, port = origin.removeprefix("sftp://").rpartition(":")
    return f"sftp -P {port} {shlex.quote(f'{login}@{host}')}"


_COMMANDS: Mapping[str, Callable[[str, str, str], str]] = {"webdav": _webdav, "ftp": _ftp, "sftp": _sftp}
_TITLES = {"webdav": "WebDAV", "ftp": "FTP", "sftp": "SFTP"}
