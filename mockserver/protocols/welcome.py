"""What the banner says of an open door: a command that works when pasted."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mockserver.protocols.opening import Opened

_TITLES = {"webdav": "WebDAV", "ftp": "FTP", "sftp": "SFTP"}


def welcome(opened: Opened, ca: Path | None = None) -> Iterator[str]:
    """Where it is, and how the first full key comes in. `ca` is a file that clients of HTTPS have to trust."""
    door, remark = opened.door, opened.service.remark
    world, provider = door.world, door.world.contract.providers[door.provider]
    fixture = next(item for item in world.ready_keys(provider.name) if item.situation == "full")
    key = world.keys.find(provider.name, "key", fixture.key, provider.keys.stored)
    assert key
    login = door.policy.login.format(key=key.id)
    trusting = f"--cacert {shlex.quote(str(ca))} " if ca else ""
    yield f"{provider.title} over {_TITLES[door.protocol]}  {door.origin}" + (f"  {remark}" if remark else "")
    yield f"  {_COMMANDS[door.protocol](door.origin, login, fixture.key, trusting)}"


def _webdav(origin: str, login: str, key: str, trusting: str) -> str:
    return f"curl {trusting}-u {shlex.quote(f'{login}:{key}')} -X PROPFIND -H 'Depth: 1' {origin}"


def _ftp(origin: str, login: str, key: str, trusting: str) -> str:
    return f"curl -u {shlex.quote(f'{login}:{key}')} {origin}/"


def _sftp(origin: str, login: str, key: str, trusting: str) -> str:
    host, _, port = origin.removeprefix("sftp://").rpartition(":")
    return f"sftp -P {port} {shlex.quote(f'{login}@{host}')}   # password: {key}"


_COMMANDS: Mapping[str, Callable[[str, str, str, str], str]] = {"webdav": _webdav, "ftp": _ftp, "sftp": _sftp}
