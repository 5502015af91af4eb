"""How situations come about on a target: from keys given by hand, or through a mock's control plane."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NoReturn, Protocol

import httpx

from contract_tests.client import Unreachable
from contract_tests.outcome import NotVerifiable
from contract_tests.target import NEIGHBOUR, Endpoint, Target, Tls, trusted
from latchkey.records import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A credential to call with. `presents` are values that go with it; `id` and `account` are the provisioner's."""

    raw: str
    situation: str
    presents: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None
    account: str | None = None


class Admin(Protocol):
    """What an administrator of the target can do with one account. Every method may raise NotVerifiable."""

    def key(self, situation: str = "full", **fields: Any) -> Key:
        """A credential in this situation. `fields` (name, scopes, attributes, …) ask for a new key with them."""

    def revoke(self, key: Key) -> None: ...

    def rotate(self, key: Key) -> Key: ...

    def stored(self, key: Key) -> Mapping[str, Any]:
        """The key's record as the target keeps it."""

    def change_key(self, key: Key, **fields: Any) -> None: ...

    def change_account(self, **fields: Any) -> None:
        """Its tier or attributes."""

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What the account owns of a kind that no operation lists."""

    def change_row(self, table: str, id: Any, **members: Any) -> None: ...

    def journal(self) -> list[dict[str, Any]]:
        """The last requests of this account as the target logged them."""

    def close(self) -> None:
        """Removes what was provisioned."""


class Provisioner(Protocol):
    """The target's side of every proof."""

    def open(self, provider: Provider, *, neighbour: bool = False) -> Admin:
        """An account of its own where the target can give one, else the given one; `neighbour`: another account."""

    def advance(self, seconds: float) -> None:
        """Lets time pass on the target."""

    def now(self) -> float:
        """The target's time, Unix seconds."""

    def address(self) -> Mapping[str, str]:
        """Headers that make requests come from a client address of their own. May raise NotVerifiable."""

    def close(self) -> None:
        """Ends what connections there are."""


class Static:
    """Keys given by hand; nothing can be changed, and time passes by waiting."""

    def __init__(
        self, target: Target, *, sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.time
    ) -> None:
        self._target = target
        self._sleep = sleep
        self._now = now

    def open(self, provider: Provider, *, neighbour: bool = False) -> Admin:
        return StaticAdmin(provider, self._target.endpoints[provider.name], neighbour=neighbour)

    def advance(self, seconds: float) -> None:
        if seconds > self._target.permit.wait_up_to:
            raise NotVerifiable(
                f"it would have to wait {seconds:.0f} s; to permit it, write under [permit]: wait_up_to = {seconds:.0f}"
            )
        self._sleep(seconds)

    def now(self) -> float:
        return self._now()

    def address(self) -> Mapping[str, str]:
        raise NotVerifiable("it needs requests from a second client address, which this target cannot be sent")

    def close(self) -> None: ...


class StaticAdmin:
    """No administrator at all: only the keys that the target file names."""

    def __init__(self, provider: Provider, endpoint: Endpoint, *, neighbour: bool) -> None:
        self._provider = provider
        self._endpoint = endpoint
        self._neighbour = neighbour

    def key(self, situation: str = "full", **fields: Any) -> Key:
        if fields:
            self._refuse("creates keys")
        wanted = NEIGHBOUR if self._neighbour and situation == "full" else situation
        known = self._endpoint.keys
        if wanted not in known or (self._neighbour and wanted != NEIGHBOUR):
            says = "a full key of another account" if self._neighbour else self._provider.situations[situation].says
            raise NotVerifiable(
                f"it needs {says}; to give one, write under [providers.{self._provider.name}.keys]: "
                f'{wanted} = "${{{self._provider.name.upper()}_{wanted.upper()}}}"'
            )
        given = known[wanted][0]
        return Key(raw=given.key, situation=wanted, presents=given.presents)

    def revoke(self, key: Key) -> None:
        self._refuse("revokes keys")

    def rotate(self, key: Key) -> Key:
        self._refuse("rotates keys")

    def stored(self, key: Key) -> Mapping[str, Any]:
        self._refuse("shows how a key is stored")

    def change_key(self, key: Key, **fields: Any) -> None:
        self._refuse("changes keys")

    def change_account(self, **fields: Any) -> None:
        self._refuse("changes the account")

    def rows(self, table: str) -> list[dict[str, Any]]:
        self._refuse(f"shows the account's {table}")

    def change_row(self, table: str, id: Any, **members: Any) -> None:
        self._refuse(f"changes the account's {table}")

    def journal(self) -> list[dict[str, Any]]:
        self._refuse("shows its log")

    def close(self) -> None:
        pass

    def _refuse(self, does: str) -> NoReturn:
        raise NotVerifiable(
            f"it needs an administrator who {does}, and this target names none (a mock's control plane)"
        )


class Denied(NotVerifiable):
    """An administrator may not do this. Not verifiable for a proof that needs it, the point of one that forbids it."""


class Control:
    """A mock's control plane: every proof gets an account, an address and, through the clock, time of its own."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, trust_env=False, verify=trusted(Tls()))
        self._addresses = count(1)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The control plane's answer. Raises NotVerifiable where it refuses and Unreachable where there is none."""
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as problem:
            raise Unreachable(f"control plane {self._http.base_url}: {problem}") from None
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

    def close(self) -> None:
        self._http.close()


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
        [target.control] if target.control else sorted({f"{item.base_url}/_mock" for item in target.endpoints.values()})
    )
    headers = {"Authorization": f"Bearer {target.control_token}"} if target.control_token else {}
    for base in bases:
        if not target.control and httpx.URL(base).host not in {"127.0.0.1", "localhost", "::1"}:
            continue
        try:
            status = httpx.get(f"{base}/status", headers=headers, trust_env=False, timeout=5, verify=trusted(Tls()))
            if status.status_code == 200 and status.json().get("mock"):
                return base
        except (httpx.HTTPError, ValueError, AttributeError):
            pass
    if target.control:
        raise Unreachable(f"{target.control} does not answer as the control plane of a mock")
    return None
