"""SFTP: asyncssh's understanding of the protocol on top of the provider's tree, in the mock's own event loop."""

from __future__ import annotations

import asyncio
import logging
import socket

import asyncssh

from mockserver.protocols.door import Door, Session, Shut
from mockserver.protocols.sftp_files import Files
from mockserver.refusals import Refused

#: Connections at one time; one more is closed.
SESSIONS = 100
#: Seconds until a client has to have signed in, between signs of life from one that has, and wrong passwords it may try.
LOGIN, ALIVE, ATTEMPTS = 60, 60, 3


class Sftp:
    """What serves the door. Its host key is made at the start and gone with it."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.remark = f"host key ED25519 {self.key.get_fingerprint()}"
        self.clients: set[Client] = set()
        logging.getLogger("asyncssh").setLevel(logging.ERROR)

    async def serve(self, listener: socket.socket) -> None:
        """Until it is cancelled."""
        acceptor = await asyncssh.listen(
            sock=listener,
            server_factory=lambda: Client(self),
            server_host_keys=[self.key],
            sftp_factory=Files,
            login_timeout=LOGIN,
            keepalive_interval=ALIVE,
            public_key_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            # Nothing is forwarded, and nothing small grows large.
            agent_forwarding=False,
            x11_forwarding=False,
            allow_pty=False,
            compression_algs=None,
        )
        try:
            await asyncio.Event().wait()
        finally:
            acceptor.close()
            for client in list(self.clients):
                client.connection.abort()
            await acceptor.wait_closed()


class Client(asyncssh.SSHServer):
    """One connection, and who signed in on it."""

    connection: asyncssh.SSHServerConnection

    def __init__(self, service: Sftp) -> None:
        self.service = service
        self.session: Session | None = None
        self.attempts = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn
        self.service.clients.add(self)
        if len(self.service.clients) > SESSIONS:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.service.clients.discard(self)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        client = str(self.connection.get_extra_info("peername", ("unknown",))[0])
        self.attempts += 1
        try:
            self.session = self.service.door.enter(client, "password", username, password)
        except (Refused, Shut):
            if self.attempts >= ATTEMPTS:
                asyncio.get_running_loop().call_soon(self.connection.close)
            return False
        return True
