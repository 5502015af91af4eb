"""Files over SFTP: who may sign in, what they see and do, and what is refused."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from mockserver.protocols import sftp_files as door
from tests.mockserver.protocols.conftest import SPELLINGS, Login, Site, Stranger

Client = asyncssh.SFTPClient


def connect(site: Site, login: tuple[str, str]) -> Any:
    return asyncssh.connect(
        "127.0.0.1",
        site.port("sftp"),
        username=login[0],
        password=login[1],
        known_hosts=None,
        client_keys=None,
        config=None,
        agent_path=None,
        login_timeout=20,
    )


def visit(site: Site, work: Callable[[Client], Awaitable[Any]], login: Login | tuple[str, str] | None = None) -> Any:
    """What the work answers, done by a client of this key, or of a new full one."""
    login = login or site.login()

    async def run() -> Any:
        name = login.by_id if isinstance(login, Login) else login
        async with connect(site, name) as connection, connection.start_sftp_client() as client:
            return await work(client)

    return asyncio.run(run())


async def read(client: Client, path: str) -> bytes:
    async with client.open(path, "rb") as file:
        return await file.read()


async def write(client: Client, path: str, content: bytes, mode: str = "wb") -> None:
    async with client.open(path, mode) as file:
        await file.write(content)


async def refused(work: Awaitable[object]) -> type[asyncssh.SFTPError]:
    """The kind of a refusal."""
    with pytest.raises(asyncssh.SFTPError) as caught:
        await work
    return caught.type


def test_sign_in_by_id_and_by_name(site: Site):
    """The login name is @api- and the id or the name of the key; the journal tells of each."""
    login = site.login()

    async def names(client: Client) -> list[str]:
        return sorted(await client.listdir("/"))

    assert visit(site, names, login.by_id) == visit(site, names, login.by_name)
    assert [entry.key for entry in site.entries("SFTP password")] == [login.key.name] * 2


def test_refused_sign_ins(site: Site, stranger: Stranger):
    """Authentication fails, whatever is wrong; the journal says what."""
    login = stranger.signs_in_as(site, site.login())

    with pytest.raises(asyncssh.PermissionDenied):
        visit(site, lambda client: client.listdir("/"), login)
    stranger.is_told(site, "SFTP password")


def test_files_are_written_read_moved_and_removed(site: Site):
    """What is read is what was written, in whole, in part and appended."""

    async def work(client: Client) -> None:
        path = "/handbook/a b é.txt"
        await write(client, path, b"one")
        assert await read(client, path) == b"one"
        await write(client, path, b"two", "ab")
        async with client.open(path, "r+b") as file:
            await file.seek(2)
            await file.write(b"!")
            await file.seek(1)
            assert await file.read(3) == b"n!t"
        assert await read(client, path) == b"on!two"
        assert (await client.stat(path)).size == 6
        assert [name.filename for name in await client.readdir("/handbook")] == ["a b é.txt", "welcome.md"]
        await client.utime(path, (1_700_000_000, 1_700_000_000))
        assert (await client.stat(path)).mtime == 1_700_000_000
        await client.chmod(path, 0o600)
        await client.rename(path, "/payroll/b.txt")
        assert await refused(client.rename("/payroll/b.txt", "/README.txt")) is asyncssh.SFTPFailure
        await client.posix_rename("/payroll/b.txt", "/README.txt")
        assert await read(client, "readme.TXT") == b"on!two"
        await client.remove("/README.txt")
        assert await refused(read(client, "/README.txt")) is asyncssh.SFTPNoSuchFile
        assert await refused(client.open("/handbook/welcome.md", "xb")) is asyncssh.SFTPFailure

    visit(site, work)


def test_folders_are_made_listed_and_removed(site: Site):
    """Only an empty folder is removed, and only by what removes folders."""

    async def work(client: Client) -> None:
        await client.mkdir("new")
        await write(client, "new/a.txt", b"a")
        assert await refused(client.mkdir("new")) is asyncssh.SFTPFailure
        assert await refused(client.rmdir("new")) is asyncssh.SFTPFailure
        assert await refused(client.remove("new")) is asyncssh.SFTPFailure
        assert await refused(client.rmdir("new/a.txt")) is asyncssh.SFTPFailure
        await client.remove("new/a.txt")
        await client.rmdir("new")
        assert not await client.exists("new")
        assert await refused(client.listdir("new")) is asyncssh.SFTPNoSuchFile
        assert await refused(client.listdir("README.txt")) is asyncssh.SFTPFailure
        assert await refused(client.rmdir("/")) is asyncssh.SFTPFailure
        assert await refused(write(client, "nowhere/a.txt", b"")) is asyncssh.SFTPFailure

    visit(site, work)


def test_a_member_sees_and_does_what_their_permissions_say(site: Site):
    """What is not theirs is not there; what they may only read they cannot change."""

    async def work(client: Client) -> None:
        assert sorted(await client.listdir("/")) == ["clients", "handbook"]
        assert await client.listdir("/clients") == ["globex"]
        assert await refused(read(client, "/payroll/salaries.csv")) is asyncssh.SFTPNoSuchFile
        assert (await read(client, "/handbook/welcome.md")).startswith(b"# Welcome")
        for forbidden in (
            write(client, "/handbook/welcome.md", b""),
            client.remove("/handbook/welcome.md"),
            client.rename("/handbook/welcome.md", "/clients/globex/w.md"),
            client.mkdir("/payroll/new"),
            client.utime("/handbook/welcome.md", (1, 1)),
        ):
            assert await refused(forbidden) is asyncssh.SFTPPermissionDenied
        await write(client, "/clients/globex/new.txt", b"mine")

    visit(site, work, site.login("member"))
    assert site.account.table("files")["clients/globex/new.txt"]["created_by_id"] == 2
    assert (site.last.method, site.last.user, site.last.status) == ("SFTP close", 2, 200)


@pytest.mark.parametrize("path", [*SPELLINGS, b"/\xff/\xfe", "/a\0b"])
def test_no_spelling_of_a_path_leads_out(site: Site, path: str | bytes):
    """What a member may not see they see by no spelling; nothing of the machine is ever seen."""

    async def work(client: Client) -> None:
        for work in (read(client, path), write(client, path, b""), client.listdir(path), client.remove(path)):
            assert await refused(work) in {
                asyncssh.SFTPNoSuchFile,
                asyncssh.SFTPPermissionDenied,
                asyncssh.SFTPFailure,
            }

    visit(site, work, site.login("member"))


def test_there_are_no_links(site: Site):
    """Symbolic and hard links are neither made nor read."""

    async def work(client: Client) -> None:
        assert await refused(client.symlink("/etc/passwd", "/handbook/link")) is asyncssh.SFTPOpUnsupported
        assert await refused(client.link("/README.txt", "/handbook/link")) is asyncssh.SFTPOpUnsupported
        assert await refused(client.readlink("/README.txt")) is asyncssh.SFTPOpUnsupported
        assert await client.realpath("/handbook/../../..") == "/"

    visit(site, work)


def test_no_method_of_the_machines_file_system_is_left():
    """Whatever asyncssh would do on a disk is done on the tree here, or refused."""
    harmless = {"exit", "format_longname", "convert_attrs", "channel", "connection", "env", "logger"}
    theirs = {name for name, _ in inspect.getmembers(asyncssh.SFTPServer) if not name.startswith("_")}

    assert theirs - harmless - set(vars(door.Files)) == set()


def test_revoking_ends_an_open_session(site: Site):
    """The next action is refused, with what was open before, and the connection closed."""
    login = site.login()

    async def work(client: Client) -> None:
        await write(client, "/handbook/early.txt", b"early")
        late = await client.open("/handbook/late.txt", "wb")
        await late.write(b"la")
        site.world.revoke(login.key)
        with pytest.raises((asyncssh.SFTPPermissionDenied, asyncssh.SFTPConnectionLost)):
            await late.write(b"te")
        with pytest.raises((asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)):
            for _ in range(100):
                with pytest.raises(asyncssh.SFTPPermissionDenied):
                    await client.stat("/")

    visit(site, work, login)
    assert site.last.refusal == "revoked_login"
    assert "handbook/late.txt" not in site.account.table("files")
    assert "handbook/early.txt" in site.account.table("files")


def test_an_upload_that_is_cut_off_leaves_nothing(site: Site):
    """A connection that ends before its file was closed stores no part of it, and keeps what was there."""
    login = site.login()

    async def run() -> None:
        connection = await connect(site, login.by_id)
        client = await connection.start_sftp_client()
        for path in ("/handbook/half.txt", "/README.txt"):
            file = await client.open(path, "wb")
            await file.write(b"half")
        connection.abort()
        await connection.wait_closed()

    async def look(client: Client) -> tuple[list[str], bytes]:
        return await client.listdir("/handbook"), await read(client, "/README.txt")

    asyncio.run(run())
    names, content = visit(site, look)
    assert "half.txt" not in names
    assert content.startswith(b"Ask Olga")


def test_a_session_that_exits_with_open_files_leaves_nothing_of_them(site: Site):
    """Ending SFTP alone is no close of its files."""

    async def run() -> None:
        async with connect(site, site.login().by_id) as connection:
            client = await connection.start_sftp_client()
            file = await client.open("/handbook/half.txt", "wb")
            await file.write(b"half")
            client.exit()
            await client.wait_closed()

    asyncio.run(run())
    assert "handbook/half.txt" not in site.account.table("files")


def test_sizes_are_bounded(site: Site):
    """No file grows larger than --max-body, by no way; nothing of it is kept."""

    async def work(client: Client) -> None:
        assert await refused(write(client, "/big", b"x" * 200_001)) is asyncssh.SFTPFailure
        assert site.entries("SFTP write")[-1].refusal == "request_body_too_large"
        async with client.open("/hole", "wb") as file:
            assert await refused(file.write(b"x", 10**15)) is asyncssh.SFTPFailure
        async with client.open("/long", "wb") as file:
            assert await refused(file.truncate(10**15)) is asyncssh.SFTPFailure
        assert not set(await client.listdir("/")) & {"big", "hole", "long"}
        await write(client, "/big", b"x" * 200_000)
        assert (await client.stat("/big")).size == 200_000

    visit(site, work)


def test_open_files_are_bounded(site: Site):
    """One session holds so many and no more."""

    async def work(client: Client) -> None:
        files = [await client.open("/README.txt", "rb") for _ in range(door.HANDLES)]
        assert await refused(client.open("/README.txt", "rb")) is asyncssh.SFTPFailure
        await files[0].close()
        await client.open("/README.txt", "rb")

    visit(site, work)


def test_sftp_is_all_that_there_is(site: Site):
    """No shell, no command, no forwarding."""

    async def run() -> None:
        async with connect(site, site.login().by_id) as connection:
            for command in ("id", None):
                with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ProcessError)):
                    await connection.run(command, check=True, timeout=20)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", site.port("webdav"))
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1)

    asyncio.run(run())


def test_garbage_instead_of_ssh(site: Site):
    """It is answered or closed, and others are served on."""
    with socket.create_connection(("127.0.0.1", site.port("sftp")), timeout=20) as client:
        client.sendall(bytes(range(256)) * 300)
        while client.recv(4096):
            pass

    async def nothing(client: Client) -> None: ...

    visit(site, nothing)


# OpenSSH, where it is installed.


@pytest.fixture
def openssh(site: Site, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a batch of the command sftp, which asks a program for the password."""
    if not shutil.which("sftp"):
        pytest.skip("no OpenSSH here; Debian's package is `openssh-client`")

    def run(login: tuple[str, str], *commands: str) -> subprocess.CompletedProcess[str]:
        told = tmp_path / "askpass"
        told.write_text('#!/bin/sh\necho "$PASSWORD"\n')
        told.chmod(0o700)
        options = [f"-o{option}" for option in (
            "StrictHostKeyChecking=no",
            f"UserKnownHostsFile={tmp_path / 'known_hosts'}",
            "NumberOfPasswordPrompts=1",
            "LogLevel=ERROR",
            "BatchMode=no",
        )]  # fmt: skip
        command = ["sftp", "-F", "none", *options, "-P", str(site.port("sftp")), "-b", "-", f"{login[0]}@127.0.0.1"]
        # -b sets BatchMode, which asks for no password; the first value that is given counts.
        environment = {**os.environ, "SSH_ASKPASS": str(told), "SSH_ASKPASS_REQUIRE": "force", "PASSWORD": login[1]}
        return subprocess.run(
            command, input="\n".join(commands), env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_openssh_reads_and_writes(site: Site, openssh: Callable[..., Any], tmp_path: Path):
    """ls, put, get, rename, mkdir, rm and rmdir of the command sftp."""
    (tmp_path / "up.txt").write_text("from OpenSSH\n")
    done = openssh(
        site.login().by_id,
        "ls -l",
        f"put -p {tmp_path / 'up.txt'} /handbook/up.txt",
        "mkdir deep",
        "rename handbook/up.txt deep/over.txt",
        f"get deep/over.txt {tmp_path / 'down.txt'}",
        "rm deep/over.txt",
        "rmdir deep",
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "README.txt" in done.stdout
    assert (tmp_path / "down.txt").read_text() == "from OpenSSH\n"


def test_openssh_is_refused(site: Site, openssh: Callable[..., Any]):
    """A wrong password, and a path that is not there."""
    login = site.login()

    assert "Permission denied" in openssh((login.by_id[0], "wrong"), "ls").stderr
    assert openssh(login.by_id, "get /nowhere").returncode != 0


def test_the_host_key_is_the_one_that_the_banner_tells(site: Site, tmp_path: Path):
    """ssh-keyscan sees an ED25519 key."""
    if not shutil.which("ssh-keyscan"):
        pytest.skip("no OpenSSH here; Debian's package is `openssh-client`")
    seen = subprocess.run(
        ["ssh-keyscan", "-t", "ed25519", "-p", str(site.port("sftp")), "127.0.0.1"],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip

    assert "ssh-ed25519" in seen.stdout
