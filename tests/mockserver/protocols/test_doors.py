"""All doors together: one file system behind them, when they open and how they close."""

from __future__ import annotations

import asyncio
import contextlib
import ftplib
import io
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import pytest

from latchkey import ContractError
from latchkey.rules import load_rules
from mockserver import create_app
from mockserver.curl import curl as curl_of
from mockserver.protocols import ftp as ftp_door
from mockserver.protocols import opening, sftp
from mockserver.protocols.door import Door
from mockserver.server import running
from tests.conftest import Started
from tests.mockserver.protocols.conftest import PROVIDER, Login, Site
from tests.mockserver.protocols.test_sftp import connect, read, visit, write

ALL = {"webdav": 0, "ftp": 0, "sftp": 0}


class Ways:
    """The same four actions, over each protocol and the API."""

    def __init__(self, site: Site, login: Login) -> None:
        self.site, self.login = site, login
        self.api = {"base_url": f"{site.base_url}/api/rest/v1", "headers": {"X-FilesAPI-Key": login.raw}}

    @contextlib.contextmanager
    def ftp(self) -> Iterator[ftplib.FTP]:
        with ftplib.FTP(timeout=20, encoding="utf-8") as client:
            client.connect("127.0.0.1", self.site.port("ftp"))
            client.login(*self.login.by_id)
            yield client

    def put(self, way: str, path: str, content: bytes) -> None:
        if way == "webdav":
            httpx.put(self.site.doors["webdav"] + path, auth=self.login.by_id, content=content).raise_for_status()
        elif way == "ftp":
            with self.ftp() as client:
                client.storbinary(f"STOR {path}", io.BytesIO(content))
        elif way == "sftp":
            visit(self.site, lambda client: write(client, path, content), self.login)
        else:
            with httpx.Client(**self.api) as client:
                (part,) = client.post(f"/file_actions/begin_upload/{path}", json={}).json()
                httpx.put(part["upload_uri"], content=content).raise_for_status()
                answer = client.post(f"/files/{path}", json={"action": "end", "ref": part["ref"]})
                answer.raise_for_status()

    def get(self, way: str, path: str) -> bytes:
        if way == "webdav":
            return httpx.get(self.site.doors["webdav"] + path, auth=self.login.by_id).raise_for_status().content
        if way == "ftp":
            whole = io.BytesIO()
            with self.ftp() as client:
                client.retrbinary(f"RETR {path}", whole.write)
            return whole.getvalue()
        if way == "sftp":
            return bytes(visit(self.site, lambda client: read(client, path), self.login))
        with httpx.Client(**self.api) as client:
            return httpx.get(client.get(f"/files/{path}").json()["download_uri"]).content

    def names(self, way: str, folder: str) -> set[str]:
        if way == "webdav":
            listing = httpx.request(
                "PROPFIND", self.site.doors["webdav"] + folder, auth=self.login.by_id, headers={"Depth": "1"}
            ).text
            return set(re.findall(r"displayname>([^<]+)<", listing)) - {folder.rpartition("/")[2]}
        if way == "ftp":
            with self.ftp() as client:
                return set(client.nlst(f"/{folder}"))
        if way == "sftp":
            return set(visit(self.site, lambda client: client.listdir(f"/{folder}"), self.login))
        with httpx.Client(**self.api) as client:
            return {item["display_name"] for item in client.get(f"/folders/{folder}").json()}


WAYS = ("webdav", "ftp", "sftp", "api")


@pytest.mark.parametrize("way", WAYS)
def test_one_file_system(site: Site, way: str):
    """What is uploaded by one way is seen and read by all the others, by the same user, with the same sums and ids."""
    login = site.login("member")
    ways = Ways(site, login)
    ways.put(way, "clients/globex/new.bin", bytes(range(256)))

    assert [ways.get(other, "clients/globex/new.bin") for other in WAYS] == [bytes(range(256))] * 4
    listed = [ways.names(other, "clients/globex") for other in WAYS]
    assert listed == [{"contract.txt", "Invoice-118.csv", "photos", "new.bin"}] * 4
    with httpx.Client(**ways.api) as client:
        told = client.get("/file_actions/metadata/clients/globex/new.bin").json()
    assert (told["size"], told["md5"]) == (256, "e2c865db4162bed963bfaa9ef6ac18f0")
    assert (told["created_by_id"], told["created_by_api_key_id"]) == (2, login.key.id)


def test_an_administrator_sees_all_and_a_member_their_own(site: Site):
    """Over every protocol as over the API."""
    everything = {"clients", "handbook", "incoming", "payroll", "README.txt"}
    for situation, seen in (("full", everything), ("admin_user", everything), ("member", {"clients", "handbook"})):
        ways = Ways(site, site.login(situation))
        assert [ways.names(way, "") for way in WAYS] == [seen] * 4


def test_a_file_changed_by_another_key_tells_it(site: Site):
    """The last change is that of the key and user that made it."""
    first, second = site.login("member"), site.login("member")
    Ways(site, first).put("ftp", "clients/globex/a.txt", b"1")
    Ways(site, second).put("sftp", "clients/globex/a.txt", b"2")

    row = site.account.table("files")["clients/globex/a.txt"]
    assert (row["created_by_api_key_id"], row["last_modified_by_api_key_id"]) == (first.key.id, second.key.id)


def test_the_log_tells_what_came_over_which_protocol(site: Site):
    """Each action stands there with its interface, under the user of its key."""
    ways = Ways(site, site.login("member"))
    for way in ("webdav", "ftp", "sftp"):
        ways.get(way, "handbook/welcome.md")

    with httpx.Client(**Ways(site, site.login()).api) as client:
        logs = client.get("/api_request_logs").json()
    told = {(entry["interface"], entry["request_method"]): entry["username"] for entry in logs}
    assert told["dav", "GET"] == told["ftp", "RETR"] == told["sftp", "open"] == "maya"


def test_time_is_the_mocks(site: Site):
    """A key that expires by the mock's clock signs in nowhere from then on, and ends where it had signed in."""
    login = site.login(expires_at=site.world.clock.now() + 3600)
    ways = Ways(site, login)
    with ways.ftp() as client:
        client.nlst()
        site.world.clock.advance(3601)
        with pytest.raises(ftplib.error_perm, match="^530"):
            client.nlst()

    assert httpx.get(site.doors["webdav"], auth=login.by_id).status_code == 401
    assert site.last.refusal == "expired_login"


def test_a_key_of_a_closed_account_ends_its_sessions(site: Site):
    """Nothing of the account is left to be seen."""
    with Ways(site, site.login()).ftp() as client:
        site.world.close_account(site.account)
        with pytest.raises(ftplib.error_perm, match="^530"):
            client.nlst()


def test_no_secret_is_journaled_and_nothing_is_sent_again(site: Site):
    """What opens a door is not kept; a replay is refused, WebDAV has a curl line with a variable, others none."""
    login = site.login()
    ways = Ways(site, login)
    for way in ("webdav", "ftp", "sftp"):
        ways.put(way, "handbook/a.txt", b"a")

    journal = httpx.get(f"{site.base_url}/_mock/journal", params={"limit": 1000}).text
    assert login.raw not in journal
    assert login.raw not in repr([(entry, entry.transcript) for entry in site.world.journal])
    provider = site.world.contract.providers[PROVIDER]
    lines = {entry.method: curl_of(entry, provider) for entry in site.world.journal}
    assert lines["WEBDAV PUT"].startswith("curl -X PUT -u ")
    assert f'"@api-{login.key.id}:${{FILESCOM_KEY}}"' in lines["WEBDAV PUT"]
    assert lines["FTP STOR"] == lines["SFTP close"] == ""
    answer = httpx.post(f"{site.base_url}/_mock/journal/{site.entries('FTP STOR')[0].id}/replay")
    assert answer.status_code == 409


def test_the_dashboard_shows_them(site: Site):
    """Each stands in the traffic, and opens."""
    Ways(site, site.login()).get("ftp", "README.txt")

    entry = site.entries("FTP RETR")[0]
    page = httpx.get(f"{site.base_url}/_mock/", params={"open": entry.id}).text
    assert "FTP RETR" in page and "README.txt" in page and "Replay" not in page


def test_the_dashboard_tells_how_a_key_signs_in(site: Site):
    """Its user name stands beside each key, and where it is asked for."""
    login = site.login()
    page = httpx.get(f"{site.base_url}/_mock/dashboard/keys", params={"account": site.account.id}).text

    assert login.by_id[0] in page
    assert all(url in page for url in site.doors.values())


# Opening.


@pytest.mark.parametrize("auth", ["presence", "off"])
def test_where_keys_are_not_looked_up_anybody_enters(auth: str):
    """Whoever signs in is taken for the full key's account."""
    with running(create_app(PROVIDER, protocols={"webdav": 0}, auth=auth)) as served:
        url = served.app.world.doors[PROVIDER]["webdav"]
        assert httpx.get(f"{url}README.txt", auth=("whoever", "anything")).status_code == 200
        assert httpx.get(f"{url}README.txt").status_code == (200 if auth == "off" else 401)


def test_explain_says_why_over_webdav_too():
    """In the header of every refusal, those of the protocol itself among them; not in other answers."""
    with running(create_app(PROVIDER, protocols={"webdav": 0}, explain=True)) as served:
        url = served.app.world.doors[PROVIDER]["webdav"]
        key = served.app.world.ready_keys(PROVIDER)[0].key
        refused = httpx.get(url, auth=("@api-1", "wrong"))
        assert "not the content of key 1" in refused.headers["x-mock-explain"]
        assert httpx.post(url, auth=("@api-1", key)).headers["x-mock-explain"].startswith("webdav: ")
        assert "x-mock-explain" not in httpx.options(url, auth=("@api-1", key)).headers


def test_a_key_that_is_confined_to_a_folder_is_so_everywhere(site: Site):
    """Its own path holds over each protocol, whatever its user may do elsewhere."""
    ways = Ways(site, site.login(attributes={"path": "handbook"}))

    assert [ways.get(way, "handbook/welcome.md")[:9] for way in WAYS] == [b"# Welcome"] * 4
    for way in WAYS:
        with pytest.raises((httpx.HTTPError, ftplib.Error, asyncssh.SFTPError, KeyError)):
            ways.get(way, "README.txt")


def test_status_names_the_doors_that_are_open(site: Site):
    """Provider to protocol to URL."""
    told = httpx.get(f"{site.base_url}/_mock/status").json()["protocols"]

    assert list(told) == [PROVIDER]
    assert {name: url.partition(":")[0] for name, url in told[PROVIDER].items()} == {
        "webdav": "http",
        "ftp": "ftp",
        "sftp": "sftp",
    }


def test_a_mock_without_doors_has_none():
    """Nothing is told, nothing is loaded."""
    script = (
        "import sys; from mockserver import create_app; from mockserver.server import running\n"
        "with running(create_app()): pass\n"
        "print(sorted({'wsgidav', 'pyftpdlib', 'asyncssh', 'mockserver.protocols'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_provider_without_the_policy_has_no_doors(tmp_path: Path):
    """The command says so, and what is served."""
    with pytest.raises(opening.Missing, match="fileforge"), running(create_app("fileforge", protocols={"ftp": 0})):
        pass
    overlay = tmp_path / "no-ftp.yaml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n"
        f"actions: [{{target: $.x-providers.{PROVIDER}.protocols.doors.ftp, remove: true}}]\n"
    )
    with pytest.raises(opening.Missing, match="ftp"), running(create_app(overlays=[overlay], protocols={"ftp": 0})):
        pass


def test_a_reload_can_close_a_door(tmp_path: Path):
    """What is signed in by a contract that has no such door any more ends; a new request is told."""
    mock = create_app(PROVIDER, protocols=ALL)
    overlay = tmp_path / "closed.yaml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n"
        f"actions: [{{target: $.x-providers.{PROVIDER}.protocols, remove: true}}]\n"
    )
    closed = create_app(PROVIDER, overlays=[overlay]).world
    with running(mock) as served:
        site = Site(mock, served.base_url)
        with Ways(site, site.login()).ftp() as client:
            mock.reload(closed.contract, mock.world._fixtures)
            with pytest.raises((ftplib.Error, EOFError)):
                client.nlst()
        assert httpx.get(site.doors["webdav"]).status_code == 404


def refused_start(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "--port", "0", *options],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    return done.stderr


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    """With the command that installs it."""
    for protocol, package in (("webdav", "wsgidav"), ("ftp", "pyftpdlib"), ("sftp", "asyncssh")):
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.delitem(sys.modules, f"mockserver.protocols.{protocol}", raising=False)
        with (
            pytest.raises(opening.Missing, match=re.escape("pip install 'latchkey[protocols]'")),
            running(create_app(PROVIDER, protocols={protocol: 0})),
        ):
            pass


def test_a_port_that_is_taken_is_told():
    """And that another can be given."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = refused_start("--ftp", str(taken.getsockname()[1]))

    assert "cannot listen" in told and "another port" in told


def test_no_door_where_no_provider_has_one():
    """The command says which providers are served."""
    assert "none of the providers" in refused_start("--provider", "dezerx", "--sftp")


# Closing.


def test_printed_commands_work_and_ctrl_c_ends_open_sessions(started: Started):
    """Each curl line is answered as it is; then, with a session open at each door, the mock ends at once and silently."""
    process, printed = started("--provider", PROVIDER, "--webdav", "--ftp", "--sftp")
    lines = [line.strip() for line in printed.splitlines() if re.match(r"\s+curl .*-u ", line)]
    assert len(lines) == 2
    for line in lines:
        assert "README.txt" in subprocess.run([*shlex.split(line), "-sS"], capture_output=True, text=True).stdout
    login, host, password = re.search(r"sftp -P \d+ (\S+)@(\S+)   # password: (\S+)", printed).groups()
    assert re.search(r"host key ED25519 SHA256:\S+", printed)
    ports = {scheme: int(re.search(rf"{scheme}://127\.0\.0\.1:(\d+)", printed)[1]) for scheme in ("ftp", "sftp")}

    async def hold() -> None:
        async with (
            asyncssh.connect(
                host, ports["sftp"], username=login, password=password, known_hosts=None, config=None, client_keys=None
            ) as connection,
            connection.start_sftp_client() as client,
        ):
            file = await client.open("/half.txt", "wb")
            await file.write(b"half")
            process.send_signal(signal.SIGINT)
            await connection.wait_closed()

    with ftplib.FTP(timeout=20) as client:
        client.connect("127.0.0.1", ports["ftp"])
        client.login(login, password)
        client.voidcmd("TYPE I")
        with client.transfercmd("STOR half.txt") as data:
            data.sendall(b"half")
            asyncio.run(hold())
    rest, _ = process.communicate(timeout=20)

    assert (process.returncode, rest) == (0, "")


def test_webdav_is_served_by_the_same_certificate(started: Started):
    """The printed line trusts it."""
    _, printed = started("--provider", PROVIDER, "--webdav", "--tls")
    line = next(line for line in printed.splitlines() if "PROPFIND" in line)

    assert "https://" in line
    assert "README.txt" in subprocess.run([*shlex.split(line), "-sS"], capture_output=True, text=True).stdout


def test_nothing_is_left_when_a_mock_ends():
    """No thread, no socket that listens; a second mock takes the same ports."""
    before = threading.active_count()
    ports: dict[str, int] = dict.fromkeys(ALL, 0)
    for _ in range(2):
        mock = create_app(PROVIDER, protocols=ports)
        with running(mock) as served:
            site = Site(mock, served.base_url)
            ways = Ways(site, site.login())
            assert [ways.get(way, "README.txt") for way in ALL] == [b"Ask Olga before deleting anything.\n"] * 3
            ports = {name: site.port(name) for name in ALL}
        assert mock.world.doors == {}
        assert mock.beside == []

    assert threading.active_count() == before
    for port in ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_who_does_not_sign_in_is_let_go(monkeypatch: pytest.MonkeyPatch):
    """A connection on which nobody signs in ends by itself."""
    monkeypatch.setattr(ftp_door, "LOGIN", 0.2)
    monkeypatch.setattr(sftp, "LOGIN", 0.2)
    mock = create_app(PROVIDER, protocols={"ftp": 0, "sftp": 0})
    with running(mock) as served:
        site = Site(mock, served.base_url)
        for protocol in ("ftp", "sftp"):
            with socket.create_connection(("127.0.0.1", site.port(protocol)), timeout=20) as client:
                # Until it is closed, or the test's patience is over.
                while client.recv(4096):
                    pass


def test_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """One more than there may be is closed, and what is open goes on."""
    monkeypatch.setattr(ftp_door, "SOCKETS", 2)
    monkeypatch.setattr(sftp, "SESSIONS", 1)
    mock = create_app(PROVIDER, protocols={"ftp": 0, "sftp": 0})
    with running(mock) as served:
        site = Site(mock, served.base_url)

        async def held() -> None:
            async with connect(site, site.login().by_id) as first, first.start_sftp_client() as client:
                with pytest.raises((asyncssh.Error, OSError)):
                    async with connect(site, site.login().by_id):
                        pass
                assert await client.exists("/README.txt")

        asyncio.run(held())
        with ftplib.FTP(timeout=20) as one, ftplib.FTP(timeout=20) as two:
            one.connect("127.0.0.1", site.port("ftp"))
            with pytest.raises((ftplib.error_temp, EOFError)):
                two.connect("127.0.0.1", site.port("ftp"))
            one.voidcmd("NOOP")


def test_a_mistake_of_the_mock_is_told_as_one(site: Site, monkeypatch: pytest.MonkeyPatch, caplog: Any):
    """What nobody expected is a refusal like any other, and stands in the journal."""

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError

    monkeypatch.setattr(Door, "tree", Broken())
    login = site.login()

    assert httpx.get(f"{site.doors['webdav']}README.txt", auth=login.by_id).status_code == 500
    assert site.last.refusal == "internal"
    with Ways(site, login).ftp() as client, pytest.raises(ftplib.error_perm):
        client.cwd("handbook")


def test_each_refused_sign_in_names_the_rule_of_its_door(site: Site):
    """One that the catalogue has, so that the dashboard can tell it."""
    rules, seen = load_rules(site.world.contract), set()
    login = site.login("expired")
    httpx.get(site.doors["webdav"], auth=login.by_id)
    seen.add(site.last.rule)
    with pytest.raises(ftplib.error_perm), Ways(site, login).ftp():
        pass
    seen.add(site.last.rule)
    with pytest.raises(asyncssh.PermissionDenied):
        visit(site, lambda client: client.listdir("/"), login)
    seen.add(site.last.rule)

    assert len(seen) == 3
    assert seen <= set(rules)


# The policy.


def served_as(tmp_path: Path, where: str, **action: Any) -> Any:
    """A mock whose policy was edited."""
    overlay = tmp_path / "edit.json"
    target = f"$.x-providers.{PROVIDER}.protocols{where}"
    overlay.write_text(
        json.dumps(
            {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": [{"target": target, **action}]}
        )
    )
    return running(create_app(PROVIDER, overlays=[overlay], protocols=ALL))


def test_a_session_goes_on_where_keys_are_not_looked_up_again(tmp_path: Path):
    """`rechecked` false."""
    with served_as(tmp_path, "", update={"rechecked": False}) as served:
        site = Site(served.app, served.base_url)
        login = site.login()
        with Ways(site, login).ftp() as client:
            site.world.revoke(login.key)
            assert "README.txt" in client.nlst()


def test_the_password_tells_which_key_is_meant_where_names_may_be_shared(tmp_path: Path):
    """No refusal `ambiguous`."""
    with served_as(tmp_path, ".refusals.ambiguous", remove=True) as served:
        site = Site(served.app, served.base_url)
        one, other = site.login(), site.login()
        one.key.name = other.key.name
        assert [httpx.options(site.doors["webdav"], auth=key.by_name).status_code for key in (one, other)] == [200, 200]


def test_every_set_signs_in_where_none_is_named(tmp_path: Path):
    """No `permission_sets`."""
    with served_as(tmp_path, ".permission_sets", remove=True) as served:
        site = Site(served.app, served.base_url)
        assert httpx.options(site.doors["webdav"], auth=site.login("desktop_app").by_id).status_code == 200


@pytest.mark.parametrize(("names", "statuses"), [(["id"], [200, 401]), (["name"], [401, 200])])
def test_a_login_is_an_id_or_a_name_as_the_policy_says(tmp_path: Path, names: list[str], statuses: list[int]):
    """`names`, and the form of `login`."""
    # An array is replaced, not added to.
    with served_as(tmp_path, "", update={"login": "key:{key}"}) as served:
        policy = served.app.world.contract.providers[PROVIDER].protocols
        changed = replace(policy, names=tuple(names), login="key+{key}")
        contract = served.app.world.contract
        provider = replace(contract.providers[PROVIDER], protocols=changed)
        served.app.world.contract = replace(contract, providers={**contract.providers, PROVIDER: provider})
        site = Site(served.app, served.base_url)
        login = site.login()
        tried = [(f"key+{login.key.id}", login.raw), (f"key+{login.key.name}", login.raw)]
        assert [httpx.options(site.doors["webdav"], auth=auth).status_code for auth in tried] == statuses


@pytest.mark.parametrize(
    ("where", "action"),
    [
        (".refusals.revoked", {"update": "nobody"}),
        ("", {"update": {"login": "no placeholder"}}),
        (".refusals.login", {"remove": True}),
        (".doors.ftp.default", {"remove": True}),
        ("", {"update": {"doors": {"gopher": {}}}}),
        ("", {"update": {"permission_sets": ["none_such"]}}),
    ],
)
def test_mistakes_in_the_policy_are_refused_at_load(tmp_path: Path, where: str, action: dict[str, Any]):
    """With their place."""
    with pytest.raises(ContractError, match="protocols"), served_as(tmp_path, where, **action):
        pass
