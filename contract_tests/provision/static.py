"""Keys given by hand, in a target file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from contract_tests.outcome import NotVerifiable
from contract_tests.provision.protocol import Admin, Key
from contract_tests.target import NEIGHBOUR, Endpoint, Target
from latchkey.records import Provider


class Static:
    """Keys given by hand; nothing can be changed, and time passes by waiting."""

    turns_clock = False

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
        raise NotVerifiable(
            "it needs requests from a second client address; to have them sent, write at the top: "
            'provisioner = "your_module:YourClass", and let it have address()'
        )

    def close(self) -> None: ...


class StaticAdmin:
    """No administrator at all: only the keys that the target file names."""

    def __init__(self, provider: Provider, endpoint: Endpoint, *, neighbour: bool) -> None:
        self._provider = provider
        self._endpoint = endpoint
        self._neighbour = neighbour

    def key(self, situation: str = "full", **fields: Any) -> Key:
        if fields:
            self._refuse("creates keys", "key")
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
        self._refuse("revokes keys", "revoke")

    def rotate(self, key: Key) -> Key:
        self._refuse("rotates keys", "rotate")

    def stored(self, key: Key) -> Mapping[str, Any]:
        self._refuse("shows how a key is stored", "stored")

    def change_key(self, key: Key, **fields: Any) -> None:
        self._refuse("changes keys", "change_key")

    def change_account(self, **fields: Any) -> None:
        self._refuse("changes the account", "change_account")

    def rows(self, table: str) -> list[dict[str, Any]]:
        self._refuse(f"shows the account's {table}", "rows")

    def change_row(self, table: str, id: Any, **members: Any) -> None:
        self._refuse(f"changes the account's {table}", "change_row")

    def journal(self) -> list[dict[str, Any]]:
        self._refuse("shows its log", "journal")

    def close(self) -> None:
        pass

    def _refuse(self, does: str, method: str) -> NoReturn:
        raise NotVerifiable(
            f"it needs an administrator who {does}; to give one, write at the top: "
            f'provisioner = "your_module:YourClass", and let its admin have {method}(…)'
        )
