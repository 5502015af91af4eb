"""What a target's administrator can do for a proof: keys in situations, changes to them, time, addresses.

`Provisioner` and `Admin` are the interface to write against for a target of your own; docs/provisioners.md says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from contract_tests.outcome import NotVerifiable
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


def turns_clock(provisioner: Provisioner) -> bool:
    """Whether time passes at once there, by a clock that is turned, rather than by waiting."""
    return bool(getattr(provisioner, "turns_clock", True))


class Denied(NotVerifiable):
    """An administrator may not do this. Not verifiable for a proof that needs it, the point of one that forbids it."""
