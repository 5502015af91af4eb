"""A provider's tree as asyncssh wants file systems, and open files."""

from __future__ import annotations

import asyncio
import posixpath
import stat
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import asyncssh
from asyncssh import SFTPAttrs, SFTPName

from mockserver.exchange import Exchange
from mockserver.node import Node
from mockserver.protocols.door import Door, Shut
from mockserver.protocols.tree import Tree
from mockserver.refusals import Refused

if TYPE_CHECKING:
    from mockserver.protocols.sftp import Client

T = TypeVar("T")

#: Open files of one session.
HANDLES = 64

_WRITING = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND


class Handle:
    """An open file: read from what it held, or stored whole when it is closed."""

    def __init__(self, path: str, content: bytes, flags: int) -> None:
        self.path = path
        self.content = bytearray(content)
        self.readable = bool(flags & asyncssh.FXF_READ)
        self.writable = bool(flags & _WRITING)
        self.appending = bool(flags & asyncssh.FXF_APPEND)
        self.moment: float | None = None


class Files(asyncssh.SFTPServer):
    """The tree, as the one who signed in sees it. No method of it touches the machine's file system."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        super().__init__(chan)
        client = cast("Client", self.connection.get_owner())
        assert client.session
        self.door: Door = client.service.door
        self.session = client.session
        self.handles: set[Handle] = set()

    def ask(self, command: str, path: str, action: Callable[[Exchange], T], **how: Any) -> T:
        """What the action answers. Raises SFTPError."""
        try:
            return self.session.do(command, path, action, **how)
        except Refused as refused:
            if self.session.ended:
                # After this has been told.
                asyncio.get_running_loop().call_soon(self.connection.close)
            code, reason = self.door.code(refused), refused.name.replace("_", " ").capitalize()
            raise asyncssh.SFTPError(code, reason) from None
        except Shut as shut:
            raise asyncssh.SFTPConnectionLost(str(shut)) from None

    def node(self, command: str, path: str) -> Node:
        tree = self.door.tree
        return self.ask(command, path, lambda call: tree.node(call, tree.find(call, path)), quiet=True)

    def check(self, command: str, handle: object) -> Handle:
        """The handle, whose session still goes on."""
        assert isinstance(handle, Handle)
        self.ask(command, handle.path, lambda call: None, quiet=True)
        return handle

    # Files.

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Handle:
        place = path_of(path)
        if len(self.handles) >= HANDLES:
            raise asyncssh.SFTPFailure(f"{HANDLES} files are open already")
        handle = self._open_for_writing(place, pflags) if pflags & _WRITING else self._open_for_reading(place, pflags)
        self.handles.add(handle)
        return handle

    def _open_for_reading(self, path: str, flags: int) -> Handle:
        tree = self.door.tree
        return Handle(path, self.ask("open", path, lambda call: tree.read(call, tree.find(call, path))), flags)

    def _open_for_writing(self, path: str, flags: int) -> Handle:
        tree = self.door.tree
        self.ask("open", path, lambda call: tree.check_write(call, path), quiet=True)
        there = self.session.do("open", path, lambda call: _is_there(tree, call, path), quiet=True)
        if there and flags & asyncssh.FXF_CREAT and flags & asyncssh.FXF_EXCL:
            raise asyncssh.SFTPFailure("The file is there already")
        if not there and flags & asyncssh.FXF_CREAT or there and flags & asyncssh.FXF_TRUNC:
            return Handle(path, b"", flags)
        content = self.ask("open", path, lambda call: tree.read(call, tree.find(call, path)), quiet=True)
        return Handle(path, content, flags)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        handle = self.check("read", file_obj)
        if not handle.readable:
            raise asyncssh.SFTPPermissionDenied("The file was not opened for reading")
        return bytes(handle.content[offset : offset + size])

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        handle = self.check("write", file_obj)
        if not handle.writable:
            raise asyncssh.SFTPPermissionDenied("The file was not opened for writing")
        offset = len(handle.content) if handle.appending else offset
        self._resize(handle, max(offset + len(data), len(handle.content)))
        handle.content[offset : offset + len(data)] = data
        return len(data)

    def _resize(self, handle: Handle, size: int) -> None:
        if size > self.door.max_body:
            handle.writable = False

            def refuse(call: Exchange) -> NoReturn:
                raise self.door.too_large()

            self.ask("write", handle.path, refuse)
        if size > len(handle.content):
            handle.content.extend(bytes(size - len(handle.content)))
        del handle.content[size:]

    def close(self, file_obj: object) -> None:
        assert isinstance(file_obj, Handle)
        handle, tree = file_obj, self.door.tree
        self.handles.discard(handle)
        # What was open when the session ended has not come whole: asyncssh closes it while it handles that end.
        if not handle.writable or sys.exc_info()[0] is not None:
            return
        content = bytes(handle.content)

        def store(call: Exchange) -> None:
            tree.write(call, handle.path, content)
            if handle.moment is not None:
                tree.touch(call, tree.find(call, handle.path), handle.moment)

        self.ask("close", handle.path, store, body=content)

    def fsync(self, file_obj: object) -> None:
        self.check("fsync", file_obj)

    def remove(self, path: bytes) -> None:
        self._delete("remove", path, folder=False)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._move("rename", oldpath, newpath, replace=False)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._move("rename", oldpath, newpath, replace=True)

    def _move(self, command: str, source: bytes, target: bytes, *, replace: bool) -> None:
        tree, place, path = self.door.tree, path_of(source), path_of(target)
        self.ask(command, place, lambda call: tree.move(call, tree.find(call, place), path, replace=replace))

    def _delete(self, command: str, path: bytes, *, folder: bool) -> None:
        tree, place = self.door.tree, path_of(path)
        if self.node(command, place).folder != folder:
            raise asyncssh.SFTPFailure("This is no folder" if folder else "This is a folder")
        self.ask(command, place, lambda call: tree.delete(call, tree.find(call, place)))

    # Folders.

    def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        tree, place = self.door.tree, path_of(path)

        def listed(call: Exchange) -> list[Node]:
            return [tree.node(call, row) for row in tree.children(call, tree.find(call, place))]

        nodes = self.ask("opendir", place, listed)

        async def names() -> AsyncIterator[SFTPName]:
            for node in nodes:
                yield SFTPName(node.name.encode("utf-8", "replace"), attrs=_attributes(node))

        return names()

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        place = path_of(path)
        self.ask("mkdir", place, lambda call: self.door.tree.make_folder(call, place) and None)

    def rmdir(self, path: bytes) -> None:
        self._delete("rmdir", path, folder=True)

    def realpath(self, path: bytes) -> bytes:
        return path_of(path).encode()

    # What is told of them, and changed.

    def stat(self, path: bytes) -> SFTPAttrs:
        return _attributes(self.node("stat", path_of(path)))

    lstat = stat

    def fstat(self, file_obj: object) -> SFTPAttrs:
        handle = self.check("fstat", file_obj)
        return SFTPAttrs(size=len(handle.content), permissions=stat.S_IFREG | 0o644)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        tree, place = self.door.tree, path_of(path)
        if attrs.size is not None:
            raise asyncssh.SFTPOpUnsupported("Open the file to change its size")
        if attrs.mtime is None:
            # Owners and modes are not kept; clients set them all the same.
            self.node("setstat", place)
            return
        moment = float(attrs.mtime)
        self.ask("setstat", place, lambda call: tree.touch(call, tree.find(call, place), moment))

    lsetstat = setstat

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        handle = self.check("fsetstat", file_obj)
        if attrs.size is not None:
            if not handle.writable:
                raise asyncssh.SFTPPermissionDenied("The file was not opened for writing")
            self._resize(handle, attrs.size)
        if attrs.mtime is not None:
            handle.moment = float(attrs.mtime)

    # What is not served.

    def map_path(self, path: bytes) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("There are no files of the machine here")

    reverse_map_path = map_path

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: SFTPAttrs) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("Open files as version 3 of the protocol does")

    def readlink(self, path: bytes) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("There are no links")

    def symlink(self, oldpath: bytes, newpath: bytes) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("There are no links")

    link = symlink

    def lock(self, file_obj: object, offset: int, length: int, flags: int) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("There are no locks")

    def unlock(self, file_obj: object, offset: int, length: int) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("There are no locks")

    def statvfs(self, path: bytes) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("There is no disk")

    def fstatvfs(self, file_obj: object) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("There is no disk")

    def format_user(self, uid: int | None) -> str:
        return "owner"

    def format_group(self, gid: int | None) -> str:
        return "group"


def _is_there(tree: Tree, call: Exchange, path: str) -> bool:
    try:
        tree.find(call, path)
    except Refused:
        return False
    return True


def path_of(path: bytes) -> str:
    """The path from the root, in its shortest form: there is nothing above the root. Raises SFTPError."""
    try:
        return posixpath.normpath(posixpath.join("/", path.decode())).replace("//", "/")
    except UnicodeDecodeError:
        raise asyncssh.SFTPFailure("The path is not UTF-8") from None


def _attributes(node: Node) -> SFTPAttrs:
    kind = stat.S_IFDIR | 0o755 if node.folder else stat.S_IFREG | 0o644
    changed = int(node.changed_at)
    return SFTPAttrs(size=node.size, uid=0, gid=0, permissions=kind, nlink=1, atime=changed, mtime=changed)
