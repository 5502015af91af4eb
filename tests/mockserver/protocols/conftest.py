"""A mock that serves files over all protocols, a fresh account of it, and who signs in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mockserver import Mock, create_app
from mockserver.keys import Key
from mockserver.server import running
from mockserver.world import Account

PROVIDER = "filescom"


@dataclass(frozen=True)
class Login:
    """A key as someone signs in with it."""

    key: Key
    raw: str

    @property
    def by_id(self) -> tuple[str, str]:
        return f"@api-{self.key.id}", self.raw

    @property
    def by_name(self) -> tuple[str, str]:
        return f"@api-{self.key.name}", self.raw


class Site:
    """A fresh account of a mock whose doors are open."""

    def __init__(self, mock: Mock, base_url: str) -> None:
        self.mock, self.world, self.base_url = mock, mock.world, base_url
        self.account: Account = self.world.open_account(self.world.contract.providers[PROVIDER])
        self.doors = self.world.doors[PROVIDER]

    def login(self, situation: str = "full", **fields: Any) -> Login:
        """A new key in this situation."""
        provider = self.world.contract.providers[PROVIDER]
        key, raw = self.world.create_key_for(self.account, provider.situations[situation])
        key.name = f"{situation} {key.id}"
        for name, value in fields.items():
            setattr(key, name, value)
        return Login(key, raw)

    def port(self, protocol: str) -> int:
        return int(self.doors[protocol].rstrip("/").rpartition(":")[2])

    @property
    def last(self) -> Any:
        """The newest entry of the journal."""
        return next(reversed(self.world.journal))

    def entries(self, method: str) -> list[Any]:
        return [entry for entry in self.world.journal if entry.method == method]


@dataclass(frozen=True)
class Stranger:
    """Somebody whom every door refuses: how, by which rule of the door, and a part of the reason that the journal has."""

    signs_in_as: Callable[[Site, Login], tuple[str, str]]
    refusal: str
    rule: str
    reason: str = ""
    identified: bool = False  #: The journal knows whose key it is.

    def is_told(self, site: Site, method: str) -> None:
        """The journal's newest entry is about this refusal, at the door that the method names."""
        entry = site.last
        rule = f"{PROVIDER}.{method.partition(' ')[0].lower()}.{self.rule}"
        account = site.account.id if self.identified else None
        assert (entry.method, entry.refusal, entry.rule, entry.account) == (method, self.refusal, rule, account)
        assert entry.reason
        assert self.reason in entry.reason


def _revoked(site: Site, login: Login) -> tuple[str, str]:
    site.world.revoke(login.key)
    return login.by_id


def _orphaned(site: Site, login: Login) -> tuple[str, str]:
    orphan = site.login("member")
    del site.account.table("users")[orphan.key.user]
    return orphan.by_id


STRANGERS = {
    "no @api-": Stranger(
        lambda site, login: (login.key.name, login.raw), "unknown_login", "other-login", "not of the form"
    ),
    "no id": Stranger(lambda site, login: ("@api-", login.raw), "unknown_login", "other-login", "not of the form"),
    "unknown id": Stranger(
        lambda site, login: ("@api-99999", login.raw), "unknown_login", "other-login", "is not called '99999'"
    ),
    "unknown name": Stranger(
        lambda site, login: ("@api-nobody", login.raw), "unknown_login", "other-login", "is not called 'nobody'"
    ),
    "anonymous": Stranger(
        lambda site, login: ("anonymous", "me@example.org"), "unknown_login", "other-login", "not of the form"
    ),
    "wrong key": Stranger(
        lambda site, login: (login.by_id[0], "x" * 64), "wrong_password", "other-password", "not the content of key"
    ),
    "another's key": Stranger(
        lambda site, login: (login.by_id[0], site.login().raw), "wrong_password", "other-password", "not the content"
    ),
    "wrong key by name": Stranger(
        lambda site, login: (login.by_name[0], "x" * 64), "wrong_password", "other-password", "no key that was issued"
    ),
    "no password": Stranger(
        lambda site, login: (login.by_id[0], ""), "wrong_password", "other-password", "not the content"
    ),
    "shared name": Stranger(
        lambda site, login: (f"@api-{site.login(name=login.key.name).key.name}", login.raw),
        "ambiguous_login",
        "shared-name",
    ),
    "revoked": Stranger(_revoked, "revoked_login", "deleted-key"),
    "user gone": Stranger(_orphaned, "revoked_login", "deleted-key"),
    "expired": Stranger(lambda site, login: site.login("expired").by_id, "expired_login", "expired-key"),
    "no set": Stranger(
        lambda site, login: site.login("none_set").by_id, "forbidden_login", "permission-set", identified=True
    ),
    "another set": Stranger(
        lambda site, login: site.login("desktop_app").by_id, "forbidden_login", "permission-set", identified=True
    ),
}


#: Spellings of a file of the site that members do not see, and of files of the machine.
SPELLINGS = [
    "../payroll/salaries.csv",
    "/../../payroll/salaries.csv",
    "handbook/../payroll/salaries.csv",
    "handbook/..\\payroll\\salaries.csv",
    "..\\payroll\\salaries.csv",
    "/PAYROLL/salaries.csv",
    "/páyroll/salaries.csv",
    "/handbook/．．/payroll/salaries.csv",
    "/payroll／salaries.csv",
    "/etc/passwd",
    "//etc/passwd",
    "/proc/self/environ",
]


@pytest.fixture(params=STRANGERS)
def stranger(request: pytest.FixtureRequest) -> Stranger:
    return STRANGERS[request.param]


@pytest.fixture(scope="session")
def opened() -> Iterator[tuple[Mock, str]]:
    mock = create_app(PROVIDER, protocols={"webdav": 0, "ftp": 0, "sftp": 0}, max_body=200_000)
    with running(mock) as served:
        yield mock, served.base_url


@pytest.fixture
def site(opened: tuple[Mock, str]) -> Site:
    mock, base_url = opened
    mock.world.reset()
    return Site(mock, base_url)


@pytest.fixture
def curl() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs curl; fails where it takes long."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=30, check=False)

    return run
