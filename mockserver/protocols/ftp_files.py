"""A provider's tree as pyftpdlib wants file systems, and files on their way in and out."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pyftpdlib.filesystems import AbstractedFS, FilesystemError

from mockserver.exchange import Exchange
from mockserver.node import Node

if TYPE_CHECKING:
    from mockserver.protocols.ftp import Handler

T = TypeVar("T")


class Upload(io.BytesIO):
    """A file that is coming in; it is stored whole, when it has come whole."""

    def __init__(self, fs: Files, path: str, content: bytes = b"") -> None:
        super().__init__(content)
        self.name = path
        self.fs = fs
        self.too_large = False

    def write(self, data: Any) -> int:
        self.too_large = self.tell() + len(data) > self.fs.door.max_body
        if self.too_large:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return super().write(data)


class Download(io.BytesIO):
    def __init__(self, path: str, content: bytes) -> None:
        super().__init__(content)
        self.name = path


class Files(AbstractedFS):  # type: ignore[misc]
    """The tree, as the one who signed in sees it. No method of it touches the machine's file system."""

    def __init__(self, root: str, cmd_channel: Handler) -> None:
        super().__init__(root, cmd_channel)
        self.door = cmd_channel.door
        self.handler = cmd_channel
        self.session = cmd_channel.session
        self.listed: dict[str, Node] = {}

    def ask(self, path: str, action: Callable[[Exchange], T], *, command: str = "", **how: Any) -> T:
        """What the action answers. Raises FilesystemError, which pyftpdlib tells."""
        assert self.session
        session, command = self.session, command or self.handler.command
        return self.handler.told(lambda: session.do(command, path, action, **how))

    def node(self, path: str) -> Node:
        tree = self.door.tree
        return self.ask(path, lambda call: tree.node(call, tree.find(call, path)), quiet=True)

    # What a path is.

    def ftp2fs(self, ftppath: str) -> str:
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        return fspath

    def realpath(self, path: str) -> str:
        return path

    def validpath(self, path: str) -> bool:
        # A normal path cannot leave the root, which is all there is.
        return True

    def stat(self, path: str) -> os.stat_result:
        node = self.listed.get(path) or self.node(path)
        kind = stat.S_IFDIR | 0o755 if node.folder else stat.S_IFREG | 0o644
        inode = int(node.digest[:12] or "0", 16)
        changed = int(node.changed_at)
        return os.stat_result((kind, inode, 0, 1, 0, 0, node.size, changed, changed, int(node.created_at)))

    lstat = stat

    def isfile(self, path: str) -> bool:
        return self._is(path, folder=False)

    def isdir(self, path: str) -> bool:
        return self._is(path, folder=True)

    def _is(self, path: str, *, folder: bool) -> bool:
        try:
            return self.node(path).folder == folder
        except FilesystemError:
            return False

    def islink(self, path: str) -> bool:
        return False

    def readlink(self, path: str) -> str:
        raise FilesystemError("There are no links")

    def lexists(self, path: str) -> bool:
        return self.isfile(path) or self.isdir(path)

    def getsize(self, path: str) -> int:
        return self.node(path).size

    def getmtime(self, path: str) -> float:
        return self.node(path).changed_at

    def get_user_by_uid(self, uid: int) -> str:
        return "owner"

    def get_group_by_gid(self, gid: int) -> str:
        return "group"

    # Folders.

    def chdir(self, path: str) -> None:
        tree = self.door.tree
        folder = self.ask(path, lambda call: tree.node(call, tree.find(call, path)).folder)
        if not folder:
            raise FilesystemError("Not a directory")
        self.cwd = path

    def listdir(self, path: str) -> list[str]:
        tree = self.door.tree

        def nodes(call: Exchange) -> list[Node]:
            return [tree.node(call, row) for row in tree.children(call, tree.find(call, path))]

        # A name that does not fit into a line is shown with what fits.
        self.listed = {os.path.join(path, one_line(node.name)): node for node in self.ask(path, nodes)}  # noqa: PTH118
        return [one_line(node.name) for node in self.listed.values()]

    listdirinfo = listdir

    def format_list(self, basedir: str, listing: list[str], ignore_err: bool = True) -> Iterator[bytes]:
        # At once, while it is known what was listed.
        return iter(list(super().format_list(basedir, listing, ignore_err)))

    def format_mlsx(
        self, basedir: str, listing: list[str], perms: str, facts: list[str], ignore_err: bool = True
    ) -> Iterator[bytes]:
        return iter(list(super().format_mlsx(basedir, listing, perms, facts, ignore_err)))

    def mkdir(self, path: str) -> None:
        self.ask(path, lambda call: self.door.tree.make_folder(call, path))

    def rmdir(self, path: str) -> None:
        if not self.node(path).folder:
            raise FilesystemError("Not a directory")
        self._delete(path)

    # Files.

    def remove(self, path: str) -> None:
        if self.node(path).folder:
            raise FilesystemError("Is a directory")
        self._delete(path)

    def _delete(self, path: str) -> None:
        tree = self.door.tree
        self.ask(path, lambda call: tree.delete(call, tree.find(call, path)))

    def rename(self, src: str, dst: str) -> None:
        tree = self.door.tree
        self.ask(src, lambda call: tree.move(call, tree.find(call, src), dst))

    def utime(self, path: str, timeval: float) -> None:
        raise FilesystemError("Times are not kept")

    def chmod(self, path: str, mode: int) -> None:
        raise FilesystemError("Modes are not kept")

    def mkstemp(self, suffix: str = "", prefix: str = "", dir: str | None = None, mode: str = "wb") -> Any:
        raise FilesystemError("There are no unique names")

    def open(self, filename: str, mode: str) -> Upload | Download:
        tree = self.door.tree

        def read(call: Exchange) -> bytes:
            return tree.read(call, tree.find(call, filename))

        if mode == "rb":
            return Download(filename, self.ask(filename, read))
        self.ask(filename, lambda call: tree.check_write(call, filename), quiet=True)
        if mode == "wb":
            return Upload(self, filename)
        upload = Upload(self, filename, self.ask(filename, read, quiet=True) if self.lexists(filename) else b"")
        upload.seek(0, io.SEEK_END)
        return upload

    def commit(self, command: str, upload: Upload) -> None:
        """Stores what has come. Raises FilesystemError."""
        content = upload.getvalue()
        self.ask(
            upload.name,
            lambda call: self.door.tree.write(call, upload.name, content) and None,
            command=command,
            body=content,
        )

    def too_large(self, command: str, path: str) -> None:
        """Raises FilesystemError."""

        def refuse(call: Exchange) -> None:
            raise self.door.too_large()

        self.ask(path, refuse, command=command)


def one_line(text: str) -> str:
    """The text without what would end a line of the protocol, or of a terminal."""
    return "".join(char if char.isprintable() or char == " " else "?" for char in text)
