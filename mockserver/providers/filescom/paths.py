"""Paths: how they are spelled and compared, and what a caller may do where."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from mockserver.exchange import Exchange

#: Every letter of access, in the order in which answers show them: list, read, write, delete.
ALL = "lrwd"


def clean(path: str) -> str:
    """The path without needless slashes, '.' and '..', in its own spelling."""
    return "/".join(name for name in re.split(r"[/\\]", path) if name not in {"", ".", ".."})


def fold(path: str) -> str:
    """What paths are compared by: without case and accents. The real service has a fixed map; this is close to it."""
    if path.isascii():  # as most are
        return clean(path).casefold()
    # A letter that is decomposed into a slash, as in ℅, parts no names.
    names = (unicodedata.normalize("NFKD", name).replace("/", "\u2215") for name in clean(path).split("/"))
    plain = "/".join(names)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def within(path: str, folder: str) -> bool:
    """Whether a folded path is this folded folder or below it. Everything is below the root, ''."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def parent(path: str) -> str:
    return path.rpartition("/")[0]


def ancestors(path: str) -> Iterator[str]:
    """The folders above a path, from the top; not the root."""
    names = path.split("/")
    return ("/".join(names[:depth]) for depth in range(1, len(names)))


def letters(call: Exchange, path: str) -> str:
    """What the caller may do at a folded path. On the way to a folder that they can access, they may list."""
    assert call.caller
    user = call.caller.user
    if user is None or call.caller.administrator:
        return ALL
    granted: set[str] = set()
    for permission in call.table("permissions").values():
        if permission.get("user_id") == user["id"]:
            folder = fold(str(permission.get("path", "")))
            if within(path, folder):
                granted.update(call.facts["letters"].get(permission.get("permission"), ""))
            elif within(folder, path):
                granted.add("l")
    return "".join(letter for letter in ALL if letter in granted)


def place(call: Exchange) -> str:
    """The request's path, cleaned. Refused where the key is confined to another folder."""
    return confined(call, call.parameters["path"])


def confined(call: Exchange, path: str) -> str:
    """The path, cleaned. Refused where the key is confined to another folder."""
    path = clean(path)
    assert call.caller
    folder = call.caller.key.attributes.get("path")
    if folder and not within(fold(path), fold(folder)):
        call.refuse("path_restricted", f"key {call.caller.key.name!r} is confined to {folder}")
    return path
