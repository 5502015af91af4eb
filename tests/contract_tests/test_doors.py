"""The suite's clients of FTP, SFTP and WebDAV, on servers that answer as they are told."""

from __future__ import annotations

import asyncio
import re
import socketserver
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contract_tests.client import Client, Fault
from contract_tests.curl import lines
from contract_tests.doors import Door, Heard
from contract_tests.doors.sftp import is_loopback
from contract_tests.outcome import NotVerifiable
from contract_tests.target import Timeouts, Way
from contract_tests.trail import Spoken
from mockserver.server import running

KEY = "a1b2c3d4e5f6a7b8c9d0"


@contextmanager
def ftp(answers: Mapping[str, str]) -> Iterator[str]:
    """A control connection that answers each command with its line, 502 where there is none, and hangs up at an empty one."""

    class Control(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            for line in self.rfile:
                answer = answers.get(line.decode().split()[0].upper(), "502 unknown")
                if not answer:
                    return
                self.wfile.write(answer.encode() + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Control) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ftp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def sftp(folder: Path) -> Iterator[str]:
    """An SFTP server of this folder, which the key opens."""

    class Guard(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return password == KEY

    async def serve() -> None:
        listening = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Guard,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
        )
        ports.append(listening.get_port())
        loops.append(asyncio.get_running_loop())
        ready.set()
        await over.wait()
        listening.close()

    ports: list[int] = []
    loops: list[asyncio.AbstractEventLoop] = []
    ready, over = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    ready.wait(10)
    yield f"sftp://127.0.0.1:{ports[0]}"
    loops[0].call_soon_threadsafe(over.set)
    thread.join(10)


def door(url: str, client: Client | None = None) -> Door:
    """The door at this URL, reached by the client's way."""
    impatient = Client(way=Way(timeouts=Timeouts(connect=5, read=5)))
    return Door(url.partition(":")[0], url, client or impatient, lambda *_, **__: None, lambda: None)


LET_IN = {"USER": "331 and the password?", "PASS": "230 welcome"}


@pytest.mark.parametrize(
    ("answers", "passed", "words", "closed"),
    [
        ({"USER": "331 and?", "PASS": "530 No."}, False, "530 No.", False),
        ({"USER": "530 Not you."}, False, "530 Not you.", False),
        (LET_IN, True, "230 welcome", False),
        ({"USER": "230 anybody"}, True, "230 anybody", False),
        ({"USER": "331 and?", "PASS": "421 Too many."}, False, "421 Too many.", True),
        ({"USER": "331 and?", "PASS": ""}, False, "the connection was closed (EOFError)", True),
    ],
)
def test_an_ftp_sign_in_is_heard_as_it_was_answered(answers: dict[str, str], passed: bool, words: str, closed: bool):
    """Let in, refused in any words, or cut off."""
    with ftp(answers) as url, door(url).sign_in("@api-1", KEY) as session:
        assert session.signed_in == Heard(passed=passed, words=words, closed=closed)


def test_what_a_session_asks_after_its_end_is_heard_as_closed():
    """Whether the connection ends in the place of an answer or before the question."""
    with ftp({**LET_IN, "DELE": ""}) as url, door(url).sign_in("@api-1", KEY) as session:
        assert not session.ended
        assert session.remove("a.txt").closed
        assert session.remove("a.txt").closed
        assert session.ended


def test_sftp_lists_reads_and_writes(tmp_path: Path):
    """Files, folders and their absence, in one session."""
    with sftp(tmp_path) as url, door(url).sign_in("@api-1", KEY) as session:
        assert session.signed_in.passed
        assert session.make_folder("reports").passed
        assert session.write("reports/a.txt", b"one").passed
        assert session.list("reports").names == ["a.txt"]
        assert session.read("reports/a.txt").content == b"one"
        assert session.remove("reports/a.txt").passed
        missing = session.read("reports/a.txt")
        assert not missing.passed
        assert missing.words.startswith("SFTP status 2")


def test_a_wrong_password_for_sftp_is_a_failure_of_authentication(tmp_path: Path):
    """And no end of the connection."""
    with sftp(tmp_path) as url, door(url).sign_in("@api-1", "wrong") as session:
        assert not session.signed_in.passed
        assert not session.signed_in.closed
        assert session.signed_in.words.startswith("SSH authentication failure")


def test_an_unknown_host_is_not_told_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a server elsewhere the host key has to be known; the reason names the command that writes it down."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("contract_tests.doors.sftp.is_loopback", lambda host: False)

    with sftp(tmp_path) as url:
        port = url.rpartition(":")[2]
        scan = f"ssh-keyscan -p {port} 127.0.0.1 >> ~/.ssh/known_hosts"
        with pytest.raises(NotVerifiable, match=re.escape(f"compare it, and write it down: {scan}")):
            door(url).sign_in("@api-1", KEY)
    hosts = ("localhost", "127.0.0.1", "::1", "10.0.0.1", "sftp.example")
    assert [host for host in hosts if is_loopback(host)] == ["localhost", "127.0.0.1", "::1"]


def test_a_door_where_nobody_answers_is_a_fault():
    """The way failed, which says nothing about the target."""
    for scheme in ("ftp", "sftp"):
        with pytest.raises(Fault, match=f"{scheme}://127.0.0.1:1"):
            door(f"{scheme}://127.0.0.1:1").sign_in("@api-1", KEY)


def test_without_its_library_sftp_is_not_verifiable(monkeypatch: pytest.MonkeyPatch):
    """The reason names what to install."""
    monkeypatch.setitem(sys.modules, "asyncssh", None)

    with pytest.raises(NotVerifiable, match=r"pip install 'latchkey\[protocols\]'"):
        door("sftp://127.0.0.1:1").sign_in("@api-1", KEY)


LISTING = b"""<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">
<d:response><d:href>/dav/reports/</d:href></d:response>
<d:response><d:href>http://127.0.0.1/dav/reports/a%20b.txt</d:href></d:response>
<d:response><d:href>/dav/reports/old/</d:href></d:response></d:multistatus>"""


def test_webdav_says_with_every_request_who_asks_and_leaves_dots_to_the_server():
    """A listing names what is in the folder, however its addresses are written."""
    seen: list[tuple[str, str, str]] = []

    async def answer(request: Request) -> Response:
        raw = request.scope["raw_path"].decode()
        seen.append((request.method, raw, request.headers.get("authorization", "")[:6]))
        return Response(
            LISTING if request.method == "PROPFIND" else b"one", 207 if request.method == "PROPFIND" else 200
        )

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "PROPFIND"])])
    client = Client()

    def send(method: str, url: str, **words: object) -> object:
        response = client.send(client.prepare(method, url, **words))
        return type("Answered", (), {"status": response.status_code, "content": response.content})()

    with running(app) as served:
        dav = Door("webdav", f"{served.base_url}/dav/", client, send, lambda: None)
        with dav.sign_in("@api-1", KEY) as session:
            assert session.list("reports").names == ["a b.txt", "old"]
            assert session.read("reports/../../x").content == b"one"
    client.close()
    assert seen == [
        ("PROPFIND", "/dav/", "Basic "),
        ("PROPFIND", "/dav/reports/", "Basic "),
        ("GET", "/dav/reports/%2e%2e/%2e%2e/x", "Basic "),
    ]


def test_what_was_asked_is_told_as_lines_without_the_key():
    """Each is a curl line that signs in by itself; the answer stands below, for it stands nowhere else."""
    client = Client()
    client.hide(KEY, "FULL_KEY")
    said = {"url": "ftp://127.0.0.1:2121", "login": "@api-7", "password": KEY, "words": "226 done"}
    for act, path in (("sign in", ""), ("list", "/a b"), ("write", "/a b/c.txt"), ("remove", "/a b/c.txt")):
        client.speak(Spoken(act=act, path=path, content=b"one" if act == "write" else b"", **said))
    client.speak(Spoken(act="read", path="/a/../b", **said))
    sftp = {**said, "url": "sftp://127.0.0.1:2222", "words": None}
    client.speak(Spoken(act="make folder", path="/new", **sftp))

    assert client.total == 6
    assert lines(client.take_sent(), client.redact) == [
        'curl -u "@api-7:$FULL_KEY" ftp://127.0.0.1:2121/',
        "# answered: 226 done",
        'curl -u "@api-7:$FULL_KEY" ftp://127.0.0.1:2121/a%20b/',
        "# answered, in the session above: 226 done",
        'printf %s one | curl -u "@api-7:$FULL_KEY" -T - ftp://127.0.0.1:2121/a%20b/c.txt',
        "# answered, in the session above: 226 done",
        "curl -u \"@api-7:$FULL_KEY\" -Q 'DELE /a b/c.txt' ftp://127.0.0.1:2121/",
        "# answered, in the session above: 226 done",
        'curl --path-as-is -u "@api-7:$FULL_KEY" ftp://127.0.0.1:2121/a/../b',
        "# answered, in the session above: 226 done",
        "curl -k -u \"@api-7:$FULL_KEY\" -Q 'mkdir /new' sftp://127.0.0.1:2222/",
        "# answered, in the session above: nothing",
    ]
    client.close()


def test_a_request_with_a_password_is_told_as_such():
    """Of HTTP's basic authentication the line has name and password, not their base64; the record has neither."""
    client = Client()
    client.hide(KEY, "FULL_KEY")
    basic = b64encode(f"@api-7:{KEY}".encode()).decode()
    request = client.prepare("PROPFIND", "http://127.0.0.1:1/", headers={"Authorization": f"Basic {basic}"})
    with pytest.raises(Fault):
        client.send(request)

    (line,) = lines(client.take_sent(), client.redact)
    assert line == 'curl -i -X PROPFIND -u "@api-7:$FULL_KEY" http://127.0.0.1:1/'
    client.close()
