"""FTP: pyftpdlib's understanding of the protocol on top of the provider's tree.

It has a thread of its own. Bytes of transfers stay in it; whatever is asked of the mock crosses the bridge.
"""

from __future__ import annotations

import asyncio
import errno
import io
import logging
import os
import socket
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar, TypeVar

# It stands on modules that Python 3.12 dropped and 3.11 warns of; to later ones it brings them along.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS, FilesystemError
    from pyftpdlib.handlers import DTPHandler, FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

from mockserver.exchange import Exchange
from mockserver.node import Node
from mockserver.protocols.bridge import Bridge
from mockserver.protocols.door import Door, Session, Shut
from mockserver.refusals import Refused

T = TypeVar("T")

#: Sockets at one time, of commands and of data together; one more is told so and closed.
SOCKETS = 200
#: Seconds without a command after which a client is let go, and until it has to have signed in.
IDLE, LOGIN = 300, 60
#: Seconds until the thread looks whether it is to end.
TICK = 0.1

#: What is not served, for it has no meaning here or cannot be bounded.
_LEFT_OUT = {"SITE CHMOD", "STOU", "MFMT"}
#: pyftpdlib's own replies that stand in for the one that the contract names.
_STANDING_IN = {"530", "550"}


class Ftp:
    """What serves the door."""

    remark = ""

    def __init__(self, door: Door) -> None:
        self.door = door
        log = logging.getLogger("pyftpdlib")
        log.setLevel(logging.ERROR)
        # Without a handler it would configure logging, of everybody.
        log.addHandler(logging.NullHandler())

    async def serve(self, listener: socket.socket) -> None:
        """Until it is cancelled."""
        ending = threading.Event()
        handler = type("Handler", (_Handler,), {"door": self.door, "bridge": Bridge()})
        server = FTPServer(listener, handler, ioloop=IOLoop())
        server.max_cons = SOCKETS
        thread = threading.Thread(target=_run, args=(server, ending), name=f"ftp of {self.door.provider}", daemon=True)
        thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            # The thread may be waiting for this loop.
            while thread.is_alive():
                await asyncio.sleep(0.01)


def _run(server: FTPServer, ending: threading.Event) -> None:
    try:
        while not ending.is_set():
            server.ioloop.loop(TICK, blocking=False)
    finally:
        server.close_all()


class _Upload(io.BytesIO):
    """A file that is coming in; it is stored whole, when it has come whole."""

    def __init__(self, fs: _Files, path: str, content: bytes = b"") -> None:
        super().__init__(content)
        self.name = path
        self.fs = fs
        self.too_large = False

    def write(self, data: Any) -> int:
        self.too_large = self.tell() + len(data) > self.fs.door.max_body
        if self.too_large:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return super().write(data)


class _Download(io.BytesIO):
    def __init__(self, path: str, content: bytes) -> None:
        super().__init__(content)
        self.name = path


class _Data(DTPHandler):  # type: ignore[misc] # pyftpdlib has no types
    """A transfer."""

    timeout = IDLE

    def handle_close(self) -> None:
        if self._closed or not self.receive:
            super().handle_close()
            return
        try:
            self.file_obj.fs.commit(self.cmd, self.file_obj)
        except FilesystemError as refused:
            self._give_up(str(refused))
        else:
            super().handle_close()

    def handle_error(self) -> None:
        upload = self.file_obj
        if not isinstance(upload, _Upload) or not upload.too_large:
            super().handle_error()
            return
        try:
            upload.fs.too_large(self.cmd, upload.name)
        except FilesystemError as refused:
            self._give_up(str(refused))

    def _give_up(self, reason: str) -> None:
        self._resp = (f"550 {reason}.", logging.getLogger("pyftpdlib").debug)
        self.close()


class _Files(AbstractedFS):  # type: ignore[misc]
    """The tree, as the one who signed in sees it. No method of it touches the machine's file system."""

    def __init__(self, root: str, cmd_channel: _Handler) -> None:
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
        self.listed = {os.path.join(path, _line(node.name)): node for node in self.ask(path, nodes)}  # noqa: PTH118
        return [_line(node.name) for node in self.listed.values()]

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

    def open(self, filename: str, mode: str) -> _Upload | _Download:
        tree = self.door.tree

        def read(call: Exchange) -> bytes:
            return tree.read(call, tree.find(call, filename))

        if mode == "rb":
            return _Download(filename, self.ask(filename, read))
        self.ask(filename, lambda call: tree.check_write(call, filename), quiet=True)
        if mode == "wb":
            return _Upload(self, filename)
        upload = _Upload(self, filename, self.ask(filename, read, quiet=True) if self.lexists(filename) else b"")
        upload.seek(0, io.SEEK_END)
        return upload

    def commit(self, command: str, upload: _Upload) -> None:
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


class _Authorizer(DummyAuthorizer):  # type: ignore[misc]
    """Who may sign in, the mock knows; what they may do there, the tree."""

    def validate_authentication(self, username: str, password: str, handler: _Handler) -> None:
        door, client = handler.door, handler.remote_ip
        try:
            handler.session = handler.told(lambda: door.enter(client, "PASS", username, password))
        except FilesystemError:
            raise AuthenticationFailed from None

    def get_home_dir(self, username: str) -> str:
        return "/"

    def impersonate_user(self, username: str, password: str) -> None:
        pass

    def terminate_impersonation(self, username: str) -> None:
        pass

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        return True

    def get_perms(self, username: str) -> str:
        return "elradfmw"

    def get_msg_login(self, username: str) -> str:
        return "Login successful."

    def get_msg_quit(self, username: str) -> str:
        return "Goodbye."


class _Handler(FTPHandler):  # type: ignore[misc]
    """One connection."""

    door: ClassVar[Door]
    bridge: ClassVar[Bridge]

    authorizer = _Authorizer()
    abstracted_fs = _Files
    dtp_handler = _Data
    proto_cmds: ClassVar[dict[str, Any]] = {
        name: about for name, about in FTPHandler.proto_cmds.items() if name not in _LEFT_OUT
    }
    banner = "Ready."
    timeout = IDLE
    auth_failed_timeout = 0
    use_sendfile = False

    def __init__(self, *words: Any, **named: Any) -> None:
        self.session: Session | None = None
        self.fs: _Files | None = None
        self.command = ""
        self._code: int | None = None
        super().__init__(*words, **named)

    def on_connect(self) -> None:
        self.ioloop.call_later(LOGIN, self._check_login)

    def _check_login(self) -> None:
        if not self.authenticated and self.connected:
            self.respond("421 Nobody signed in.")
            self.close_when_done()

    def told(self, work: Callable[[], T]) -> T:
        """What the work answers in the mock's loop. Raises FilesystemError where it is refused; the code is kept."""
        try:
            return self.bridge.call(work)
        except Refused as refused:
            self._code = self.bridge.call(partial(self.door.code, refused))
            if self.session is not None and self.session.ended:
                self.ioloop.call_later(0, self._end)
            raise FilesystemError(refused.name.replace("_", " ").capitalize()) from None
        except (Shut, RuntimeError, TimeoutError):
            self.ioloop.call_later(0, self._end)
            raise FilesystemError("Service not available") from None

    def _end(self) -> None:
        if self.connected:
            self.close_when_done()

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        self.command, self._code = cmd, None
        if self.fs is not None:
            self.fs.listed = {}
        if self.authenticated and self.proto_cmds[cmd]["auth"] and not self._goes_on(args):
            return
        super().process_command(cmd, *args, **kwargs)

    def _goes_on(self, args: tuple[Any, ...]) -> bool:
        """Whether the key still opens this session; where it does not, that is told and the session ends."""
        assert self.fs
        try:
            self.fs.ask(str(args[0]) if args and args[0] else self.fs.cwd, lambda call: None, quiet=True)
        except FilesystemError as refused:
            self.respond(f"530 {refused}.")
            return False
        return True

    def respond(self, resp: str, **named: Any) -> None:
        if self._code is not None and resp[:3] in _STANDING_IN:
            resp, self._code = f"{self._code}{resp[3:]}", None
        super().respond(_line(resp), **named)

    def flush_account(self) -> None:
        super().flush_account()
        self.session = self.fs = None


def _line(text: str) -> str:
    """The text without what would end a line of the protocol, or of a terminal."""
    return "".join(char if char.isprintable() or char == " " else "?" for char in text)
