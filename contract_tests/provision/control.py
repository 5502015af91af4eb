"""The control plane of a mock: it makes every situation come about."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import httpx

from contract_tests.client import Unreachable
from contract_tests.outcome import NotVerifiable
from contract_tests.provision.protocol import Admin, Denied, Key
from contract_tests.target import Target, Tls, Way, trusted
from latchkey.records import Provider

#: Where a mock has its control plane.
PREFIX = "/_mock"


class Control:
    """A mock's control plane: every proof gets an account, an address and, through the clock, time of its own."""

    def __init__(self, url: str, *, token: str | None = None, tls: Tls = Tls()) -> None:  # noqa: B008 - it is frozen
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transport = Way(tls=tls).open()
        self._addresses = count(1)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The control plane's answer. Raises NotVerifiable where it refuses and Unreachable where there is none."""
        try:
            request = httpx.Request(method, self._url + path, headers=self._headers, json=body)
            response = self._transport.handle_request(request)
        except httpx.TransportError as problem:
            raise Unreachable(f"control plane {self._url}: {problem}") from None
        if response.is_error:
            kind = Denied if response.status_code in {400, 403} else NotVerifiable
            raise kind(f"the control plane answered {method} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def open(self, provider: Provider, *, neighbour: bool = False) -> Admin:
        return ControlAdmin(self, provider)

    def advance(self, seconds: float) -> None:
        self.call("PATCH", "/clock", {"advance": seconds})

    def now(self) -> float:
        return float(self.call("GET", "/clock")["now"])

    def address(self) -> Mapping[str, str]:
        number = next(self._addresses)
        # 198.18.0.0/15 is set aside for tests between networks (RFC 2544); a server trusts the header from loopback.
        return {"X-Forwarded-For": f"198.18.{number // 250 % 250}.{number % 250 + 1}"}

    def doors(self) -> Mapping[str, Mapping[str, str]]:
        """By provider, where other protocols reach its files."""
        served: Mapping[str, Mapping[str, str]] = self.call("GET", "/status").get("protocols", {})
        return served

    def close(self) -> None:
        self._transport.close()


class ControlAdmin:
    """Accounts opened for one proof: one for each set of account attributes that its situations ask for."""

    def __init__(self, control: Control, provider: Provider) -> None:
        self._control = control
        self._provider = provider
        self._accounts: dict[str, str] = {}

    def _account(self, attributes: Mapping[str, Any] | None = None) -> str:
        wanted = dict(attributes or {})
        name = repr(sorted(wanted.items()))
        if name not in self._accounts:
            body: dict[str, Any] = {"provider": self._provider.name}
            if "tier" in wanted:
                body["tier"] = wanted.pop("tier")
            opened = self._control.call("POST", "/accounts", {**body, "attributes": wanted})
            self._accounts[name] = opened["id"]
        return self._accounts[name]

    def key(self, situation: str = "full", **fields: Any) -> Key:
        account = self._account(self._provider.situations[situation].account)
        body = {"situation": situation, "name": fields.pop("name", situation), **fields}
        return self._made(self._control.call("POST", f"/accounts/{account}/keys", body))

    def _made(self, record: Mapping[str, Any]) -> Key:
        presents = {
            check.equals: record["attributes"][check.attribute.partition(".")[2]]
            for check in self._provider.entitlements
            if check.equals and check.attribute and check.attribute.partition(".")[2] in record["attributes"]
        }
        return Key(
            raw=record["key"],
            situation=record["situation"] or "full",
            presents=presents,
            id=record["id"],
            account=record["account"],
        )

    def revoke(self, key: Key) -> None:
        self._control.call("POST", f"/keys/{key.id}/revoke")

    def rotate(self, key: Key) -> Key:
        return self._made(self._control.call("POST", f"/keys/{key.id}/rotate"))

    def stored(self, key: Key) -> Mapping[str, Any]:
        record: Mapping[str, Any] = self._control.call("GET", f"/keys/{key.id}")
        return record

    def change_key(self, key: Key, **fields: Any) -> None:
        self._control.call("PATCH", f"/keys/{key.id}", fields)

    def change_account(self, **fields: Any) -> None:
        self._control.call("PATCH", f"/accounts/{self._account()}", fields)

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._control.call("GET", f"/accounts/{self._account()}/rows/{table}")
        return rows

    def change_row(self, table: str, id: Any, **members: Any) -> None:
        self._control.call("PATCH", f"/accounts/{self._account()}/rows/{table}/{id}", members)

    def journal(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._control.call("GET", f"/journal?account={self._account()}")
        return entries

    def close(self) -> None:
        for account in self._accounts.values():
            self._control.call("DELETE", f"/accounts/{account}")
        self._accounts.clear()


def find_control(target: Target) -> str | None:
    """The control plane that the target names, or of a mock on this machine that declares itself one.

    Raises Unreachable where a named control plane does not answer as one. No other host is ever asked.
    """
    bases = (
        [target.control]
        if target.control
        else sorted({f"{item.base_url}{PREFIX}" for item in target.endpoints.values()})
    )
    headers = {"Authorization": f"Bearer {target.control_token}"} if target.control_token else {}
    for base in bases:
        if not target.control and httpx.URL(base).host not in {"127.0.0.1", "localhost", "::1"}:
            continue
        try:
            status = httpx.get(
                f"{base}/status",
                headers=headers,
                trust_env=False,
                timeout=target.timeouts.read,
                verify=trusted(target.tls),
            )
            if status.status_code == 200 and status.json().get("mock"):
                return base
        except (httpx.HTTPError, ValueError, AttributeError):
            pass
    if target.control:
        raise Unreachable(f"{target.control} does not answer as the control plane of a mock")
    return None
