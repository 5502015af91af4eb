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
