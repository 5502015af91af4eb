"""The administrator of our staging, for contract-tests: keep what you can do there, delete the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.provision import Key, NotVerifiable, Provider


class Staging:
    """Made once per run, with the members of [provisioner_options] as keyword arguments."""

    def __init__(self, **options: str) -> None:
        self.options = options

    def open(self, provider: Provider, *, neighbour: bool = False) -> StagingAdmin:
        """The administrator of one account for one proof; of another account where `neighbour` is true."""
        if neighbour:
            raise NotVerifiable("there is one account on this staging")
        return StagingAdmin(provider)

    def advance(self, seconds: float) -> None:
        """Lets time pass. Delete it where nobody can turn the clock: the suite then waits, as far as permitted."""
        raise NotVerifiable("nobody can turn the clock of this staging")

    def now(self) -> float:
        """The target's time, Unix seconds. Delete it where it is the time of this machine."""
        raise NotVerifiable("nobody can read the clock of this staging")

    def address(self) -> Mapping[str, str]:
        """Headers that make a request come from a client address not used before."""
        raise NotVerifiable("requests cannot come from another address")

    def close(self) -> None:
        """After the run: end what connections there are."""


class StagingAdmin:
    """What a proof may ask for. What is missing here, or raises NotVerifiable, leaves the rules that need it unverified."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def key(self, situation: str = "full", **fields: Any) -> Key:
        """A key in this situation; the target file's is used where this raises NotVerifiable. With `fields` (name, scopes,
        attributes …) a new key that has them. Return Key(raw="…", situation=situation, presents={…}).
        """
        raise NotVerifiable(f"no key can be made that is {situation}")

    def revoke(self, key: Key) -> None:
        raise NotVerifiable("no key can be revoked")

    def rotate(self, key: Key) -> Key:
        raise NotVerifiable("no key can be rotated")

    def stored(self, key: Key) -> Mapping[str, Any]:
        """The key's record as it is kept: key_prefix, digest, …"""
        raise NotVerifiable("nobody sees how a key is stored")

    def change_key(self, key: Key, **fields: Any) -> None:
        raise NotVerifiable("no key can be changed")

    def change_account(self, **fields: Any) -> None:
        """Sets the account's tier or attributes."""
        raise NotVerifiable("the account cannot be changed")

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What the account owns of a kind that no operation lists."""
        raise NotVerifiable(f"nobody sees the account's {table}")

    def change_row(self, table: str, id: Any, **members: Any) -> None:
        raise NotVerifiable(f"the account's {table} cannot be changed")

    def journal(self) -> list[dict[str, Any]]:
        """The account's last requests as the target logged them."""
        raise NotVerifiable("nobody sees the log")

    def close(self) -> None:
        """After each proof: remove what was made in the account. Without this method the suite does that, by the API."""
