"""The state of the mock: accounts with their rows and objects, keys, windows, tokens and the journal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

from latchkey import Contract
from latchkey.records import Provider, Situation
from mockserver.clock import SEEDED_START, Clock
from mockserver.events import Events
from mockserver.faults import Faults
from mockserver.fixtures import Fixtures, KeyFixture
from mockserver.index import Index
from mockserver.journal import Journal
from mockserver.keys import Key, KeyRing
from mockserver.limiter import Limiter
from mockserver.mint import Source
from mockserver.snapshots import Snapshots
from mockserver.tokens import Vault

#: Whether keys are looked up, need only be there, or not even that.
Auth = Literal["strict", "presence", "off"]
Row = dict[str, Any]
Evict = Callable[["Account", Mapping[str, Any], float], None]
Table = dict[Any, Row]


@dataclass(slots=True, kw_only=True)
class Account:
    """One customer of one provider: a universe of its own. `rows` is table to id to row; times are Unix seconds."""

    id: str
    provider: str
    name: str
    tier: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Table] = field(default_factory=dict)
    #: Storage key to the bytes that were uploaded. They go with the account.
    objects: dict[str, bytes] = field(default_factory=dict, repr=False)

    def table(self, name: str) -> Table:
        return self.rows.setdefault(name, {})

    def attribute(self, name: str) -> Any:
        return self.tier if name == "tier" else self.attributes.get(name)


class World:
    """Everything the mock remembers. With a seed, ids, keys and timestamps repeat and the clock starts frozen."""

    def __init__(
        self,
        contract: Contract,
        fixtures: Mapping[str, Fixtures],
        *,
        seed: int | None = None,
        clock: Clock | None = None,
        auth: Auth = "strict",
    ) -> None:
        self.contract = contract
        self.clock = clock or (Clock() if seed is None else Clock.frozen_at(SEEDED_START))
        self.journal = Journal()
        self.events = Events()
        self.snapshots = Snapshots()
        self.auth = auth
        #: Where else than over HTTP files are served: provider to protocol to URL.
        self.doors: dict[str, dict[str, str]] = {}
        #: By provider, what drops the rows of an account that are kept no longer.
        self.evictors: dict[str, Evict] = {}
        self._fixtures = fixtures
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Back to the fixtures. The clock goes on, snapshots stay; everything else begins anew."""
        self.source = Source(self._seed)
        self.accounts: dict[str, Account] = {}
        self.indexes: dict[tuple[str, str, tuple[str, ...]], Index] = {}
        self.shared: dict[str, dict[str, Table]] = {}
        self.keys = KeyRing(self.source)
        self.limiter = Limiter()
        self.tokens = Vault(self.source)
        self.faults = Faults(self._seed)
        self.sequence = 1000
        self.journal.clear()
        for name in self._fixtures:
            self._furnish(name)

    def reload(self, contract: Contract, fixtures: Mapping[str, Fixtures]) -> None:
        """Goes on with another contract and other rows.

        Accounts and keys that were made by hand stay, windows and tokens too. Where a provider's fixtures changed, its
        ready-made accounts and keys are made anew; where a provider is gone, its accounts go.
        """
        changed = [name for name in fixtures if fixtures[name] != self._fixtures.get(name)]
        gone = [account for account in self.accounts.values() if account.provider not in contract.providers]
        for name in changed:
            gone += self._strip(name, keep={item.id for item in fixtures[name].accounts})
        for account in gone:
            self.close_account(account)
        self.contract, self._fixtures = contract, fixtures
        # They know accounts and keys of the old ones.
        self.snapshots.clear()
        for name in changed:
            self._furnish(name)

    def _furnish(self, name: str) -> None:
        """Shared rows, accounts and keys of a provider's fixtures; an account that is there has its rows replaced."""
        fixtures, now = self._fixtures[name], self.clock.now()
        self.shared[name] = fixtures.tables(fixtures.shared, now)
        for item in fixtures.accounts:
            account = self.accounts.setdefault(item.id, Account(id=item.id, provider=name, name=item.name))
            account.name, account.tier, account.attributes = item.name, item.tier, dict(item.attributes)
            account.rows, account.objects = fixtures.tables(item.rows, now), {}
            self.note(account)
            for key in item.keys:
                self._add_fixture_key(account, key, now)

    def _strip(self, name: str, keep: set[str]) -> list[Account]:
        """Takes the ready-made keys from a provider's ready-made accounts; answers those accounts that are not kept."""
        if name not in self._fixtures:
            return []
        stored = self.contract.providers[name].keys.stored
        for item in self._fixtures[name].accounts:
            for fixture in item.keys:
                key = self.keys.find(name, "key", fixture.key, stored)
                if key:
                    self.keys.remove(key)
        return [
            self.accounts[item.id]
            for item in self._fixtures[name].accounts
            if item.id not in keep and item.id in self.accounts
        ]

    def _add_fixture_key(self, account: Account, item: KeyFixture, now: float) -> None:
        provider = self.contract.providers[account.provider]
        self.keys.add(
            item.key,
            provider.keys.stored,
            provider=account.provider,
            account=account.id,
            name=item.name,
            scopes=tuple(provider.keys.default_scopes if item.scopes is None else item.scopes),
            permission_set=item.permission_set,
            user=item.user,
            created_at=now + item.created_in,
            expires_at=None if item.expires_in is None else now + item.expires_in,
            revoked_at=now if item.revoked else None,
            attributes={**provider.keys.attributes, **item.attributes},
            situation=item.situation,
        )

    def ready_keys(self, provider: str) -> list[KeyFixture]:
        """The fixtures' keys with their raw values, the first of each situation, for the start-up banner."""
        first: dict[str, KeyFixture] = {}
        for account in self._fixtures[provider].accounts:
            for key in account.keys:
                first.setdefault(key.situation, key)
        return list(first.values())

    def stand_in(self, provider: Provider) -> tuple[Key, str]:
        """The first ready-made full key, which stands in for keys that are not looked up."""
        raw = next(item.key for item in self.ready_keys(provider.name) if item.situation == "full")
        key = self.keys.find(provider.name, "key", raw, provider.keys.stored)
        assert key
        return key, raw

    def next_id(self) -> int:
        """A number that no other row of this world has."""
        self.sequence += 1
        return self.sequence

    def open_account(
        self,
        provider: Provider,
        *,
        name: str | None = None,
        tier: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Account:
        """A fresh account with a copy of the main fixture account's rows, its UUIDs and long ids made anew."""
        template = self._fixtures[provider.name].accounts[0]
        rows = self._fixtures[provider.name].tables(template.rows, self.clock.now())
        account = Account(
            id=self.source.uuid(),
            provider=provider.name,
            name=name or f"Account {len(self.accounts) + 1}",
            tier=tier or template.tier,
            attributes={**template.attributes, **(attributes or {})},
            rows=self._renamed(rows),
        )
        self.accounts[account.id] = account
        self.note(account)
        return account

    def close_account(self, account: Account) -> None:
        """Removes the account with its keys, rows and objects; its tokens open nothing and go when they expire."""
        self.keys.close(account.id)
        self.accounts.pop(account.id, None)
        for index in self.indexes.values():
            index.drop(account.id)

    def note(self, account: Account) -> None:
        """To be called where rows of the account were added or changed by other means than its own handlers."""
        for (provider, table, _), index in self.indexes.items():
            if provider == account.provider:
                index.note(account.id, account.table(table).values())

    def having(self, provider: str, table: str, **values: Any) -> Iterator[Account]:
        """The accounts that may have a row of this table with these values, letters in any case."""
        name = provider, table, tuple(values)
        if name not in self.indexes:
            index = self.indexes[name] = Index(tuple(values))
            for account in self.accounts_of(provider):
                index.note(account.id, account.table(table).values())
        return (self.accounts[id] for id in self.indexes[name].find(values.values()))

    def create_key(self, account: Account, **fields: Any) -> tuple[Key, str]:
        """A new key of this account and its raw value, shown this once."""
        provider = self.contract.providers[account.provider]
        fields.setdefault("scopes", provider.keys.default_scopes)
        fields["attributes"] = {**provider.keys.attributes, **fields.get("attributes", {})}
        fields.setdefault("created_at", self.clock.now())
        return self.keys.create(provider.keys, provider=provider.name, account=account.id, **fields)

    def create_key_for(self, account: Account, situation: Situation) -> tuple[Key, str]:
        """A new key in this situation; the account's own part of it (its tier, say) is the caller's."""
        now = self.clock.now()
        fields: dict[str, Any] = {"name": situation.name, "situation": situation.name, **situation.key}
        if "scopes" in fields:
            fields["scopes"] = tuple(fields["scopes"])
        for moment in ("created", "expires"):
            if f"{moment}_in" in fields:
                fields[f"{moment}_at"] = now + fields.pop(f"{moment}_in")
        if situation.user:
            fields["user"] = self.find_user(account, situation.user)["id"]
        key, raw = self.create_key(account, **fields)
        if situation.revoked:
            self.revoke(key)
        return key, raw

    def find_user(self, account: Account, attributes: Mapping[str, Any]) -> Row:
        """The first user with all of these attributes. Raises LookupError."""
        for user in account.table("users").values():
            if attributes.items() <= user.items():
                return user
        raise LookupError(f"account {account.id} has no user with {dict(attributes)}")

    def revoke(self, key: Key) -> None:
        """From now on the key opens nothing. Revoking again changes nothing."""
        self.keys.revoke(key, self.clock.now())

    def rotate(self, key: Key) -> tuple[Key, str]:
        """Revokes the key and issues another with the same name, scopes and everything else it carries."""
        self.revoke(key)
        return self.create_key(
            self.accounts[key.account],
            name=key.name,
            scopes=key.scopes,
            permission_set=key.permission_set,
            user=key.user,
            expires_at=key.expires_at,
            attributes=dict(key.attributes),
            unlimited=key.unlimited,
        )

    def evict(self) -> None:
        """Drops windows, tokens and rows that are over: worth while after the clock was moved."""
        now = self.clock.now()
        for account in self.accounts.values():
            if account.provider in self.evictors:
                self.evictors[account.provider](account, self.contract.providers[account.provider].facts, now)
        self.limiter.evict(now)
        self.tokens.evict(now)

    def accounts_of(self, provider: str) -> Iterator[Account]:
        return (account for account in self.accounts.values() if account.provider == provider)

    def _renamed(self, rows: dict[str, Table]) -> dict[str, Table]:
        """The rows with each UUID and each id of 32 hexadecimal digits replaced by a fresh one, everywhere alike."""
        names: dict[str, str] = {}

        def rename(hit: re.Match[str]) -> str:
            old = hit[0]
            if old not in names:
                names[old] = self.source.uuid() if "-" in old else self.source.hex(len(old))
            return names[old]

        def walk(value: Any) -> Any:
            if isinstance(value, str):
                return _LONG_ID.sub(rename, value)
            if isinstance(value, dict):
                return {walk(name): walk(item) for name, item in value.items()}
            if isinstance(value, list):
                return [walk(item) for item in value]
            return deepcopy(value)

        return {table: walk(content) for table, content in rows.items()}


_LONG_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
