"""FTP: pyftpdlib's understanding of the protocol on top of the provider's tree.

It has a thread of its own. Bytes of transfers stay in it; whatever is asked of the mock crosses the bridge.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeVar

# It stands on modules that Python 3.12 dropped and 3.11 warns of; to later ones it brings them along.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
    from pyftpdlib.filesystems import FilesystemError
    from pyftpdlib.handlers import DTPHandler, FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

from mockserver.protocols.bridge import Bridge
from mockserver.protocols.door import Door, Session, Shut
from mockserver.protocols.ftp_files import Files, Upload, one_line
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
        if not log.handlers:
            log.addHandler(logging.NullHandler())

    async def serve(self, listener: socket.socket) -> None:
        """Until it is cancelled."""
        ending = threading.Event()
        handler = type("Bound", (Handler,), {"door": self.door, "bridge": Bridge()})
        server = FTPServer(listener, handler, ioloop=IOLoop())
        server.max_cons = SOCKETS
        thread = threading.Thread(target=_run, args=(server, ending), name=f"ftp of {self.door.provider}", daemon=True)
        thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            # It may be waiting for this loop, which therefore goes on.
            await asyncio.to_thread(thread.join)


def _run(server: FTPServer, ending: threading.Event) -> None:
    try:
        while not ending.is_set():
            server.ioloop.loop(TICK, blocking=False)
    finally:
        server.close_all()


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
        if not isinstance(upload, Upload) or not upload.too_large:
            super().handle_error()
            return
        try:
            upload.fs.too_large(self.cmd, upload.name)
        except FilesystemError as refused:
            self._give_up(str(refused))

    def _give_up(self, reason: str) -> None:
        self._resp = (f"550 {reason}.", logging.getLogger("pyftpdlib").debug)
        self.close()


class _Authorizer(DummyAuthorizer):  # type: ignore[misc]
    """Who may sign in, the mock knows; what they may do there, the tree."""

    def validate_authentication(self, username: str, password: str, handler: Handler) -> None:
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


class Handler(FTPHandler):  # type: ignore[misc]
    """One connection."""

    door: ClassVar[Door]
    bridge: ClassVar[Bridge]

    authorizer = _Authorizer()
    abstracted_fs = Files
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
        self.fs: Files | None = None
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
        super().respond(one_line(resp), **named)

    def flush_account(self) -> None:
        super().flush_account()
        self.session = self.fs = None
