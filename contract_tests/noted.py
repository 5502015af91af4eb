"""An administrator whose doings stand between the curl lines of a finding, so that the finding can be followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.client import Client
from contract_tests.provision import Admin, Key


class NotedAdmin:
    """Does what the administrator of the target does, and notes each change. Values are not written down: some are secrets."""

    def __init__(self, admin: Admin, client: Client) -> None:
        self._admin = admin
        self._client = client
        #: Whether what a proof made goes with the account.
        self.takes_all = bool(getattr(admin, "takes_all", False))

    def key(self, situation: str = "full", **fields: Any) -> Key:
        key = self._admin.key(situation, **fields)
        self._client.note("key", key=key.raw, situation=situation, fields=fields, presents=key.presents)
        return key

    def revoke(self, key: Key) -> None:
        self._admin.revoke(key)
        self._client.note("revoke", f"an administrator revokes {key.raw}", key=key.raw)

    def rotate(self, key: Key) -> Key:
        new = self._admin.rotate(key)
        self._client.note("rotate", f"an administrator rotates {key.raw}", key=key.raw, new=new.raw)
        return new

    def stored(self, key: Key) -> Mapping[str, Any]:
        return self._admin.stored(key)

    def change_key(self, key: Key, **fields: Any) -> None:
        self._admin.change_key(key, **fields)
        says = f"an administrator changes {_names(fields)} of {key.raw}"
        self._client.note("change_key", says, key=key.raw, fields=fields)

    def change_account(self, **fields: Any) -> None:
        self._admin.change_account(**fields)
        self._client.note("change_account", f"an administrator changes {_names(fields)} of the account", fields=fields)

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows = self._admin.rows(table)
        self._client.note("rows", table=table, rows=rows)
        return rows

    def change_row(self, table: str, id: Any, **members: Any) -> None:
        self._admin.change_row(table, id, **members)
        says = f"an administrator changes {_names(members)} of {id} in {table}"
        self._client.note("change_row", says, table=table, id=id, fields=members)

    def journal(self) -> list[dict[str, Any]]:
        return self._admin.journal()

    def close(self) -> None:
        self._admin.close()


def _names(fields: Mapping[str, Any]) -> str:
    """The fields' names, with what they hold where that is a name of the contract (a tier) or a switch."""
    each = {**fields, **fields.get("attributes", {})}
    each.pop("attributes", None)
    return ", ".join(
        f"{name} to {value}" if name == "tier" or isinstance(value, bool) else name for name, value in each.items()
    )
