"""TLS as a target file names it: whom to trust, and what to show."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from contract_tests.client import Client, Fault, Unreachable
from contract_tests.target import Timeouts, Tls, Way

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with an authority, a client's certificate and its key; and a server's of the same authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name, whose in (("server", "127.0.0.1"), ("client", "tester@staging.example")):
        issued = authority.issue_cert(whose)
        issued.cert_chain_pems[0].write_to_path(str(tmp_path / f"{name}.pem"))
        issued.private_key_pem.write_to_path(str(tmp_path / f"{name}-key.pem"))
    return tmp_path


@pytest.fixture
def strict(files: Path) -> Iterator[str]:
    """A server that answers only who shows a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(files / "ca.pem"))
    context.load_cert_chain(files / "server.pem", files / "server-key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                with suppress(OSError), line, context.wrap_socket(line, server_side=True) as secure:
                    secure.recv(65_536)
                    secure.sendall(ANSWER)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    # A listener that is only closed would go on waiting.
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def asked(url: str, tls: Tls) -> str:
    client = Client(way=Way(tls=tls, timeouts=Timeouts(read=5)))
    try:
        return client.send(client.prepare("GET", url)).text
    finally:
        client.close()


def test_a_client_s_certificate_is_shown(strict: str, files: Path):
    """With it the server answers, without it nobody gets through: the network's matter, not a rule's."""
    ca, cert, key = (str(files / name) for name in ("ca.pem", "client.pem", "client-key.pem"))

    assert asked(strict, Tls(ca=ca, cert=cert, key=key)) == "ok"
    with pytest.raises(Fault):
        asked(strict, Tls(ca=ca))


def test_whom_to_trust_is_named_or_given_up(strict: str, files: Path):
    """An authority that nobody named is refused; `verify = false` trusts anybody."""
    cert, key = str(files / "client.pem"), str(files / "client-key.pem")

    with pytest.raises(Unreachable, match="certificate verify failed"):
        asked(strict, Tls(cert=cert, key=key))
    assert asked(strict, Tls(cert=cert, key=key, verify=False)) == "ok"
