"""One account of a running mock, as a test wants it: its keys, its plan, its time and its requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import httpx

from latchkey.records import Provider
from mockserver.app import Mock
from mockserver.control import PREFIX
from mockserver.server import Running


class ControlRefused(Exception):
    """The control plane would not do it: the message says why, and what there is instead."""


class Tenant:
    """A fresh account. Use it in a `with` block; what it changed beside itself is undone at the end."""

    def __init__(self, mock: Running[Mock], provider: Provider) -> None:
        self.base_url = mock.base_url
        #: Protocol to the URL of files over it, where the mock was started with such.
        self.doors: Mapping[str, str] = mock.app.world.doors.get(provider.name, {})
        self.provider = provider
        self._control = httpx.Client(base_url=mock.base_url + PREFIX, trust_env=False)
        self._ids: dict[str, int] = {}
        self._faults: list[int] = []
        self.account: str = self._call("POST", "/accounts", {"provider": provider.name})["id"]

    @classmethod
    def of(cls, mock: Running[Mock], provider: str) -> Self:
        """An account of the provider with this name."""
        return cls(mock, mock.app.world.contract.providers[provider])

    def __enter__(self) -> Self:
        # What an earlier test took from a limit for each address is not this one's.
        shared = [limit.window for limit in self.provider.limits.values() if limit.partition == "address"]
        if shared:
            self.advance(seconds=max(shared))
        return self

    def __exit__(self, *problem: object) -> None:
        for fault in self._faults:
            self._control.delete(f"/faults/{fault}")
        self._call("DELETE", f"/accounts/{self.account}")
        self._call("PATCH", "/clock", {"frozen": False})
        self._control.close()

    # Keys.

    def key(self, situation: str = "full", **fields: Any) -> str:
        """A new raw key. `fields` are those of the control plane: scopes, expires_in, permission_set, user, attributes …"""
        made = self._call("POST", f"/accounts/{self.account}/keys", {"situation": situation, **fields})
        self._ids[made["key"]] = made["id"]
        return str(made["key"])

    def headers(self, key: str | None = None) -> dict[str, str]:
        """The header that carries a key, of this account's newest where none is given; made where there is none."""
        first, raw = self.provider.credentials[0], key or self._newest()
        return {first.header: f"{first.scheme} {raw}" if first.scheme else raw}

    def login(self, key: str | None = None) -> tuple[str, str]:
        """The user name and the password with which a key, or the newest, signs in to other protocols than the API."""
        if self.provider.protocols is None:
            raise ControlRefused(f"the keys of {self.provider.title} sign in nowhere but at the API")
        raw = key or self._newest()
        return self.provider.protocols.login.format(key=self._id(raw)), raw

    def revoke(self, key: str | None = None) -> None:
        """From now on the key, or the newest, opens nothing."""
        self._call("POST", f"/keys/{self._id(key)}/revoke")

    def rotate(self, key: str | None = None) -> str:
        """The raw key that takes its place."""
        made = self._call("POST", f"/keys/{self._id(key)}/rotate")
        self._ids[made["key"]] = made["id"]
        return str(made["key"])

    def change_key(self, key: str | None = None, **fields: Any) -> None:
        """E.g. `attributes={"active": False}`."""
        self._call("PATCH", f"/keys/{self._id(key)}", fields)

    # Plan, time, trouble.

    def downgrade(self, tier: str | None = None) -> None:
        """To this tier, or to the contract's lowest."""
        self._move_to(tier, 0)

    def upgrade(self, tier: str | None = None) -> None:
        """To this tier, or to the contract's highest."""
        self._move_to(tier, -1)

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Moves the mock's clock forward. It never goes back: later tests begin at the later time."""
        step = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        self._call("PATCH", "/clock", {"advance": step})

    def freeze(self) -> None:
        """Lets the clock stand until the end of the test, so that only `advance` moves it."""
        self._call("PATCH", "/clock", {"frozen": True})

    def fault(self, operation: str | None = None, **what: Any) -> None:
        """Trouble for this account's calls of an operation, or of all: refusal=…, delay=…, drop=True or truncate=…;
        `times` or `share` say how often.
        """
        where = {"operation": f"{self.provider.name}.{operation}"} if operation else {"provider": self.provider.name}
        self._faults.append(self._call("POST", "/faults", {**where, "account": self.account, **what})["id"])

    # What happened.

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """The journal's entries of this account's keys, oldest first."""
        entries: list[Mapping[str, Any]] = self._call("GET", f"/journal?account={self.account}&limit=1000")
        return entries

    def _newest(self) -> str:
        return next(reversed(self._ids), None) or self.key()

    def _id(self, key: str | None) -> int:
        raw = key or self._newest()
        if raw not in self._ids:
            raise ControlRefused("this is no key of this account; pass one that key() or rotate() answered")
        return self._ids[raw]

    def _move_to(self, tier: str | None, place: int) -> None:
        if not self.provider.tiers:
            raise ControlRefused(f"{self.provider.title} has no tiers")
        self._call("PATCH", f"/accounts/{self.account}", {"tier": tier or list(self.provider.tiers)[place]})

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._control.request(method, path, json=body)
        if answer.is_error:
            raise ControlRefused(answer.json().get("detail") or answer.text)
        return answer.json() if answer.content else None
