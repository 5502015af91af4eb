"""Files over FTP: who may sign in, what they see and do, and what is refused."""

from __future__ import annotations

import contextlib
import ftplib
import io
import socket
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.mockserver.protocols.conftest import SPELLINGS, Login, Site, Stranger

Connect = Callable[..., ftplib.FTP]


@pytest.fixture
def ftp(site: Site) -> Iterator[Connect]:
    """A client of a key, signed in with its id, or of a user name and password; with nothing of a new full key."""
    with contextlib.ExitStack() as stack:

        def connect(login: Login | tuple[str, str] | None = None) -> ftplib.FTP:
            client = stack.enter_context(ftplib.FTP(timeout=20, encoding="utf-8"))
            client.connect("127.0.0.1", site.port("ftp"))
            login = login or site.login()
            client.login(*(login.by_id if isinstance(login, Login) else login))
            return client

        yield connect


def read(client: ftplib.FTP, path: str) -> bytes:
    whole = io.BytesIO()
    client.retrbinary(f"RETR {path}", whole.write)
    return whole.getvalue()


def store(client: ftplib.FTP, path: str, content: bytes, command: str = "STOR", **how: int) -> str:
    return client.storbinary(f"{command} {path}", io.BytesIO(content), **how)


def refused(call: Callable[[], object]) -> str:
    """The reply code of a refusal."""
    with pytest.raises(ftplib.Error) as caught:
        call()
    return str(caught.value)[:3]


def test_sign_in_by_id_and_by_name(site: Site, ftp: Connect):
    """The login name is @api- and the id or the name of the key; the journal tells of each."""
    login = site.login()

    assert ftp(login.by_id).nlst() == ftp(login.by_name).nlst()
    assert [entry.key for entry in site.entries("FTP PASS")] == [login.key.name] * 2


def test_refused_sign_ins(site: Site, ftp: Connect, stranger: Stranger):
    """530, whatever is wrong; the journal says what."""
    login = stranger.signs_in_as(site, site.login())

    assert refused(lambda: ftp(login)) == "530"
    stranger.is_told(site, "FTP PASS")


def test_nothing_is_served_before_the_sign_in(site: Site):
    """Commands need a user; after three wrong passwords the connection ends."""
    with ftplib.FTP(timeout=20) as client:
        client.connect("127.0.0.1", site.port("ftp"))
        assert refused(client.nlst) == "530"
        for _ in range(3):
            assert refused(lambda: client.login("@api-1", "x")) == "530"
        with pytest.raises((EOFError, OSError)):
            client.voidcmd("NOOP")


def test_files_are_stored_read_listed_and_removed(site: Site, ftp: Connect):
    """What is read is what was written, in full, in part, appended and resumed."""
    client = ftp()

    store(client, "handbook/a b é.txt", b"one")
    assert read(client, "/handbook/a b é.txt") == b"one"
    assert client.size("/handbook/a b é.txt") == 3
    assert "a b é.txt" in client.nlst("/handbook")
    assert dict(client.mlsd("/handbook"))["a b é.txt"]["size"] == "3"
    lines: list[str] = []
    client.dir("/handbook", lines.append)
    assert any(line.endswith("a b é.txt") and line.startswith("-rw") for line in lines)
    store(client, "handbook/a b é.txt", b"two", "APPE")
    store(client, "handbook/a b é.txt", b"!", rest=2)
    assert read(client, "handbook/a b é.txt") == b"on!two"
    client.rename("handbook/a b é.txt", "payroll/b.txt")
    assert read(client, "payroll/b.txt") == b"on!two"
    client.delete("payroll/b.txt")
    assert refused(lambda: read(client, "payroll/b.txt")) == "550"


def test_folders_are_made_entered_and_removed(site: Site, ftp: Connect):
    """CWD, PWD and CDUP keep to folders that are there; only an empty folder is removed."""
    client = ftp()

    client.mkd("new")
    client.cwd("new")
    assert client.pwd() == "/new"
    store(client, "a.txt", b"a")
    client.voidcmd("CDUP")
    assert client.pwd() == "/"
    assert refused(lambda: client.rmd("new")) == "550"
    assert refused(lambda: client.delete("new")) == "550"
    assert refused(lambda: client.rmd("new/a.txt")) == "550"
    client.delete("new/a.txt")
    client.rmd("new")
    assert refused(lambda: client.cwd("new")) == "550"
    assert refused(lambda: client.cwd("README.txt")) == "550"
    assert refused(lambda: client.rmd("/")) == "550"
    assert refused(lambda: client.mkd("nowhere/new")) == "550"


def test_a_member_sees_and_does_what_their_permissions_say(site: Site, ftp: Connect):
    """What is not theirs is not there; what they may only read they cannot change."""
    client = ftp(site.login("member"))

    assert client.nlst("/") == ["clients", "handbook"]
    assert client.nlst("/clients") == ["globex"]
    assert refused(lambda: read(client, "/payroll/salaries.csv")) == "550"
    assert read(client, "/handbook/welcome.md").startswith(b"# Welcome")
    assert refused(lambda: store(client, "/handbook/welcome.md", b"")) == "550"
    assert (site.last.method, site.last.refusal) == ("FTP STOR", "write_permission_required")
    assert refused(lambda: client.delete("/handbook/welcome.md")) == "550"
    assert refused(lambda: client.rename("/handbook/welcome.md", "/clients/globex/w.md")) == "550"
    assert refused(lambda: client.mkd("/payroll/new")) == "550"
    store(client, "/clients/globex/new.txt", b"mine")
    row = site.account.table("files")["clients/globex/new.txt"]
    assert row["created_by_id"] == 2
    assert (site.last.method, site.last.user, site.last.status) == ("FTP STOR", 2, 200)


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_a_path_leads_out(site: Site, ftp: Connect, path: str):
    """What a member may not see they see by no spelling; nothing of the machine is ever seen."""
    client = ftp(site.login("member"))

    assert refused(lambda: read(client, path)) == "550"
    assert refused(lambda: store(client, path, b"")) == "550"
    assert refused(lambda: client.cwd(path)) == "550"


def test_revoking_ends_an_open_session(site: Site, ftp: Connect):
    """The next command is told 530, and the connection closed."""
    login = site.login()
    client = ftp(login)
    client.nlst()
    site.world.revoke(login.key)

    assert refused(client.pwd) == "530"
    assert (site.last.method, site.last.refusal) == ("FTP PWD", "revoked_login")
    with pytest.raises((EOFError, OSError)):
        client.voidcmd("NOOP")


def test_revoking_in_the_middle_of_an_upload_stores_nothing(site: Site, ftp: Connect):
    """A file that has come whole only after its key was deleted is refused."""
    login = site.login()
    client = ftp(login)
    client.voidcmd("TYPE I")
    with client.transfercmd("STOR handbook/late.txt") as data:
        data.sendall(b"late")
        site.world.revoke(login.key)

    assert refused(client.voidresp) == "530"
    assert "handbook/late.txt" not in site.account.table("files")


def test_an_upload_that_is_aborted_leaves_nothing(site: Site, ftp: Connect):
    """ABOR, or a connection that is gone, stores no part of a file."""
    client = ftp()
    client.voidcmd("TYPE I")
    with client.transfercmd("STOR handbook/half.txt") as data:
        data.sendall(b"half")
        client.sock.sendall(b"ABOR\r\n")
        assert client.getmultiline()[:3] in {"225", "226", "426"}

    assert "half.txt" not in ftp().nlst("handbook")


def test_sizes_are_bounded(site: Site, ftp: Connect):
    """A file larger than --max-body is refused with 552, and nothing of it is kept."""
    client = ftp()

    assert refused(lambda: store(client, "big", b"x" * 200_001)) == "552"
    assert site.last.refusal == "request_body_too_large"
    assert "big" not in client.nlst()
    store(client, "big", b"x" * 200_000)
    assert client.size("big") == 200_000


def test_no_connection_is_made_to_others(site: Site, ftp: Connect):
    """PORT and EPRT name the client's own address and no privileged port, or are refused."""
    client = ftp()

    assert refused(lambda: client.sendport("10.0.0.1", 2000)) == "501"
    assert refused(lambda: client.sendeprt("10.0.0.1", 2000)) == "501"
    assert refused(lambda: client.sendport("127.0.0.1", 22)) == "501"
    client.set_pasv(False)
    assert "README.txt" in client.nlst()


def test_passive_ports_are_on_the_address_of_the_connection(site: Site, ftp: Connect):
    """Loopback, where the client came over loopback."""
    assert ftp().sendcmd("PASV").partition("(")[2].startswith("127,0,0,1,")


@pytest.mark.parametrize("command", ["SITE CHMOD 777 README.txt", "STOU", "SITE EXEC ls", "SMNT /", "XYZZY", "P@SW"])
def test_what_is_not_supported_is_told(site: Site, ftp: Connect, command: str):
    """500, and the connection goes on."""
    client = ftp()

    assert refused(lambda: client.sendcmd(command)) == "500"
    client.voidcmd("NOOP")


def test_names_do_not_end_lines(site: Site, ftp: Connect):
    """A control character in a name is shown as a question mark, in listings and in replies."""
    httpx.post(
        f"{site.base_url}/api/rest/v1/folders/a%0D%0A226%20b", headers={"X-FilesAPI-Key": site.login().raw}
    ).raise_for_status()

    assert "a??226 b" in ftp().nlst("/")


def test_many_clients_at_once(site: Site, ftp: Connect):
    """Ten clients write and read side by side."""
    login, problems = site.login(), []

    def work(number: int) -> None:
        try:
            with ftplib.FTP(timeout=20) as client:
                client.connect("127.0.0.1", site.port("ftp"))
                client.login(*login.by_id)
                store(client, f"file {number}", bytes([number]) * 10_000)
                assert read(client, f"file {number}") == bytes([number]) * 10_000
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert problems == []


def test_garbage_on_the_control_connection(site: Site):
    """Bytes that are no commands are answered, and others are served on."""
    with socket.create_connection(("127.0.0.1", site.port("ftp")), timeout=20) as client:
        client.sendall(b"\xff\xf4\xff\xf2" + bytes(range(256)) + b"\r\n" + b"A" * 5000 + b"\r\n")
        assert client.recv(4096)
    with ftplib.FTP(timeout=20) as other:
        other.connect("127.0.0.1", site.port("ftp"))


def test_curl_reads_and_writes(site: Site, curl: Callable[..., object]):
    """curl lists, uploads and downloads."""
    login, url = ":".join(site.login().by_id), site.doors["ftp"]

    assert "README.txt" in curl("-u", login, f"{url}/").stdout
    assert curl("-u", login, f"{url}/README.txt").stdout.startswith("Ask Olga")
    assert curl("-u", "@api-1:wrong", f"{url}/").returncode == 67
