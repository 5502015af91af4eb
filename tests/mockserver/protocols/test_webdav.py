"""Files over WebDAV: who may sign in, what they see and do, and what is refused."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import httpx
import pytest

from tests.mockserver.protocols.conftest import Login, Site, Stranger

NAMESPACE = {"D": "DAV:"}


class Dav(httpx.Client):
    """A WebDAV client of one who signs in."""

    def __init__(self, site: Site, auth: tuple[str, str] | None) -> None:
        super().__init__(base_url=site.doors["webdav"], auth=auth, trust_env=False)

    def names(self, path: str) -> list[str]:
        """What stands in the listing of a folder, its own entry first."""
        answer = self.request("PROPFIND", path, headers={"Depth": "1"})
        assert answer.status_code == 207, answer.text
        return [item.text for item in ElementTree.fromstring(answer.content).findall(".//D:href", NAMESPACE)]

    def moved(self, method: str, path: str, to: str, **headers: str) -> httpx.Response:
        return self.request(method, path, headers={"Destination": str(self.base_url.join(to)), **headers})


@pytest.fixture
def dav(site: Site) -> Iterator[Callable[..., Dav]]:
    """A client of a key, signing in with its id, or of a user name and password; with nothing of a new full key."""
    with contextlib.ExitStack() as stack:

        def client(login: Login | tuple[str, str] | None = None) -> Dav:
            login = login or site.login()
            return stack.enter_context(Dav(site, login.by_id if isinstance(login, Login) else login))

        yield client


def test_sign_in_by_id_and_by_name(site: Site, dav: Callable[..., Dav]):
    """The login name is @api- and the id or the name of the key."""
    login = site.login()

    assert dav(login.by_id).names("/") == dav(login.by_name).names("/")


def test_names_are_the_same_in_each_form_of_unicode(site: Site, dav: Callable[..., Dav]):
    """A name that a client writes in another normal form is the same name."""
    login = site.login()
    login.key.name = "Tomás at night"

    assert dav(("@api-Tomás at night", login.raw)).names("/")


def test_refused_sign_ins(site: Site, dav: Callable[..., Dav], stranger: Stranger):
    """401 with a Basic challenge, whatever is wrong; the journal says what."""
    answer = dav(stranger.signs_in_as(site, site.login())).get("/README.txt")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Basic realm="Files.com"')
    stranger.is_told(site, "WEBDAV GET")


def test_an_id_is_of_any_length(site: Site, dav: Callable[..., Dav]):
    """One that no number can be made of is that of no key."""
    assert dav((f"@api-{'9' * 5000}", site.login().raw)).get("/README.txt").status_code == 401
    assert site.last.refusal == "unknown_login"


def test_keys_of_file_operations_sign_in(site: Site, dav: Callable[..., Dav]):
    """A key that is for file operations only, and one that names no set."""
    assert dav(site.login("files_only")).names("/")
    assert dav(site.login(permission_set=None)).names("/")


def test_a_name_that_two_keys_share_is_refused_and_their_ids_are_not(site: Site, dav: Callable[..., Dav]):
    """A name must tell one key; a deleted key does not share any more."""
    first, second = site.login(), site.login()
    second.key.name = first.key.name

    assert dav(first.by_name).get("/README.txt").status_code == 401
    assert site.last.refusal == "ambiguous_login"
    assert dav(first.by_id).get("/README.txt").status_code == 200
    site.world.revoke(second.key)
    assert dav(first.by_name).get("/README.txt").status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer abc", "Basic", "Basic %%%", "Basic /w==", "Digest username=x", "basic Og=="]
)
def test_without_a_user_name_and_password_nobody_enters(site: Site, dav: Callable[..., Dav], header: str):
    """401 and the challenge, whatever else is sent."""
    with httpx.Client(base_url=site.doors["webdav"], trust_env=False) as client:
        answer = client.get("/README.txt", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_revoking_takes_effect_on_the_next_request(site: Site, dav: Callable[..., Dav]):
    """The same connection is refused as soon as the key is deleted."""
    login = site.login()
    client = dav(login)
    assert client.get("/README.txt").status_code == 200
    site.world.revoke(login.key)

    assert client.get("/README.txt").status_code == 401


def test_a_file_is_put_read_and_removed(site: Site, dav: Callable[..., Dav]):
    """201 for a new file, 204 for new content, and what is read is what was written."""
    client = dav()

    assert client.put("/handbook/a%20b.txt", content=b"one").status_code == 201
    assert client.put("/handbook/a%20b.txt", content=b"two!").status_code == 204
    answer = client.get("/handbook/a%20b.txt")
    assert (answer.content, answer.headers["content-type"]) == (b"two!", "text/plain")
    assert client.head("/handbook/a%20b.txt").headers["content-length"] == "4"
    assert client.get("/handbook/a%20b.txt", headers={"Range": "bytes=1-2"}).content == b"wo"
    assert client.get("/handbook/a%20b.txt", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert client.delete("/handbook/a%20b.txt").status_code == 204
    assert client.get("/handbook/a%20b.txt").status_code == 404


def test_folders_are_made_listed_and_removed(site: Site, dav: Callable[..., Dav]):
    """MKCOL needs a parent and a free name; PROPFIND lists one level; DELETE takes what is inside."""
    client = dav()

    assert client.request("MKCOL", "/new").status_code == 201
    assert client.request("MKCOL", "/new").status_code == 405
    assert client.request("MKCOL", "/nowhere/new").status_code == 409
    assert client.put("/nowhere/a.txt", content=b"").status_code == 409
    assert client.request("MKCOL", "/new/deep").status_code == 201
    client.put("/new/deep/a.txt", content=b"a")
    assert client.names("/new") == ["/new/", "/new/deep/"]
    assert client.delete("/new").status_code == 204
    assert client.request("PROPFIND", "/new/deep", headers={"Depth": "0"}).status_code == 404


def test_move_and_copy(site: Site, dav: Callable[..., Dav]):
    """With what is inside; in place of another only with Overwrite: T; never into itself."""
    client = dav()
    client.request("MKCOL", "/a")
    client.put("/a/x.txt", content=b"x")

    assert client.moved("COPY", "/a", "/b").status_code == 201
    assert client.moved("MOVE", "/a", "/c").status_code == 201
    assert client.get("/a/x.txt").status_code == 404
    assert client.get("/b/x.txt").content == client.get("/c/x.txt").content == b"x"
    assert client.moved("MOVE", "/b", "/c", Overwrite="F").status_code == 412
    assert client.moved("MOVE", "/b/x.txt", "/c/x.txt").status_code == 204
    assert client.moved("MOVE", "/c", "/c/d").status_code == 403
    assert client.moved("MOVE", "/c/x.txt", "/nowhere/x.txt").status_code == 409
    assert client.moved("COPY", "/c", "/d", Depth="0").status_code == 201
    assert client.names("/d") == ["/d/"]
    assert client.moved("MOVE", "/c/x.txt", "/c/X.txt").status_code in {201, 204}
    assert client.names("/c") == ["/c/", "/c/X.txt"]


def test_a_member_sees_and_does_what_their_permissions_say(site: Site, dav: Callable[..., Dav]):
    """What is not theirs is not there; what they may only read they cannot change."""
    client = dav(site.login("member"))

    assert client.names("/") == ["/", "/clients/", "/handbook/"]
    assert client.names("/clients") == ["/clients/", "/clients/globex/"]
    assert client.get("/payroll/salaries.csv").status_code == 404
    assert client.put("/payroll/a.txt", content=b"").status_code == 409
    assert client.get("/handbook/welcome.md").status_code == 200
    assert client.put("/handbook/welcome.md", content=b"").status_code == 403
    assert site.last.refusal == "write_permission_required"
    assert client.delete("/handbook/welcome.md").status_code == 403
    assert client.moved("MOVE", "/handbook/welcome.md", "/clients/globex/w.md").status_code == 403
    assert client.moved("COPY", "/handbook/welcome.md", "/clients/globex/w.md").status_code == 201
    assert client.put("/clients/globex/new.txt", content=b"mine").status_code == 201
    row = site.account.table("files")["clients/globex/new.txt"]
    assert row["created_by_id"] == 2


@pytest.mark.parametrize(
    "path",
    [
        "/../payroll/salaries.csv",
        "/handbook/../payroll/salaries.csv",
        "/%2e%2e/payroll/salaries.csv",
        "/handbook/%2e%2e%2fpayroll%2fsalaries.csv",
        "/handbook/..%5cpayroll%5csalaries.csv",
        "/handbook/%ef%bc%8e%ef%bc%8e/payroll/salaries.csv",
        "//payroll/salaries.csv",
        "/%2fpayroll/salaries.csv",
        "/PAYROLL/salaries.csv",
        "/p%C3%A1yroll/salaries.csv",
        "/../../../../etc/passwd",
        "/etc/passwd%00.txt",
        "/%ff%fe",
    ],
)
def test_no_spelling_of_a_path_leads_out(site: Site, curl: Callable[..., object], path: str):
    """What a member may not see they see by no spelling; nothing of the machine is ever seen."""
    login = ":".join(site.login("member").by_id)
    told = curl("--path-as-is", "-u", login, "-o", "/dev/null", "-w", "%{http_code}", site.doors["webdav"] + path[1:])

    assert told.stdout in {"400", "403", "404"}


def test_what_is_not_supported_is_told(site: Site, dav: Callable[..., Dav]):
    """Whole trees at once are not listed, locks and properties are not kept, other methods are not there."""
    client = dav()

    assert client.request("PROPFIND", "/").status_code == 403
    assert "propfind-finite-depth" in site.last.transcript.answer.decode()
    assert client.request("LOCK", "/README.txt").status_code == 405
    assert "PROPFIND" in client.post("/README.txt").headers["allow"]
    patch = '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:a>1</D:a></D:prop></D:set></D:propertyupdate>'
    assert "403 Forbidden" in client.request("PROPPATCH", "/README.txt", content=patch).text
    assert client.get("/handbook").status_code == 403
    assert client.options("/").headers["dav"] == "1"


def test_sizes_are_bounded(site: Site, dav: Callable[..., Dav]):
    """A file larger than --max-body is refused, declared or not, and nothing of it is kept."""
    assert dav().put("/big", content=b"x" * 200_001).status_code == 413
    assert dav().put("/big", content=iter([b"x" * 150_000] * 2)).status_code == 413
    assert dav().get("/big").status_code == 404
    assert dav().put("/big", content=b"x" * 200_000).status_code == 201


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Destination": "/new"}, 403),
        ("/README.txt", {"Destination": "http://[::1"}, 400),
        ("/README.txt", {"Destination": "/../../x"}, 400),
        ("/README.txt", {"Destination": "http://elsewhere.example/x"}, 502),
        ("/README.txt", {"Destination": "/handbook", "Overwrite": "X"}, 400),
        ("/README.txt", {"Destination": "/README.txt"}, 403),
        ("/README.txt", {}, 400),
    ],
)
def test_odd_destinations_are_the_clients_mistake(
    site: Site, dav: Callable[..., Dav], path: str, headers: dict[str, str], status: int
):
    """Never one of the server; nothing is moved, and the journal says why."""
    answer = dav().request("MOVE", path, headers=headers)

    assert answer.status_code == status
    assert site.last.reason
    assert "readme.txt" in site.account.table("files")


@pytest.mark.parametrize("body", ["<a", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "\0", "<a/>"])
def test_broken_and_hostile_xml_is_a_400(site: Site, dav: Callable[..., Dav], body: str):
    """An answer of the client's fault, not of the server's."""
    assert dav().request("PROPFIND", "/", headers={"Depth": "0"}, content=body).status_code == 400


def test_the_journal_tells_each_request_and_no_secret(site: Site, dav: Callable[..., Dav]):
    """Method, path, key, user and rule; the password is kept nowhere."""
    login = site.login("member")
    dav(login).put("/clients/globex/a.txt", content=b"a")

    told = httpx.get(f"{site.base_url}/_mock/journal", params={"limit": 1}).json()[0]
    assert (told["method"], told["path"], told["status"]) == ("WEBDAV PUT", "/clients/globex/a.txt", 201)
    assert (told["key"], told["user"], told["account"]) == (login.key.name, 2, site.account.id)
    assert told["stages"] == ["identify", "authorize", "handler"]
    assert login.raw not in json.dumps(told)
    assert login.raw not in repr(site.last.transcript)


def test_the_log_of_the_site_has_it_under_its_user(site: Site, dav: Callable[..., Dav]):
    """Actions are recorded as those of the key's user, with the interface that they came over."""
    login = site.login("member")
    dav(login).get("/handbook/welcome.md")

    logs = httpx.get(
        f"{site.base_url}/api/rest/v1/api_request_logs", headers={"X-FilesAPI-Key": site.login().raw}
    ).json()
    assert (logs[0]["user_id"], logs[0]["username"], logs[0]["api_key_id"]) == (2, "maya", login.key.id)
    assert (logs[0]["interface"], logs[0]["success"]) == ("dav", True)


def test_status_tells_the_doors(site: Site, dav: Callable[..., Dav]):
    """The control plane says where each protocol is."""
    told = httpx.get(f"{site.base_url}/_mock/status").json()["protocols"]

    assert told["filescom"]["webdav"].startswith("http://127.0.0.1:")
