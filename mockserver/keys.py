"""API keys and sessions as they are kept: a short prefix in the clear, the rest as a digest."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from latchkey.records import KeyFormat, Mint, Stored
from mockserver.mint import Source, digest

#: Revoked keys that an account is remembered to have had.
REMEMBERED = 100


@dataclass(slots=True, kw_only=True)
class Key:
    """A key, or with kind 'session' a session id. Times are Unix seconds."""

    id: int
    provider: str
    account: str
    kind: str = "key"
    name: str = ""
    prefix: str
    digest: str
    scopes: tuple[str, ...] = ()
    permission_set: str | None = None
    user: int | None = None
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    unlimited: bool = False
    situation: str | None = None

    def expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at


class KeyRing:
    """All keys of a world. A raw key is seen when it is added and when it is presented, and kept nowhere.

    Of each account's revoked keys the newest REMEMBERED are kept; older ones are unknown.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._by_digest: dict[tuple[str, str, str], Key] = {}
        self._by_id: dict[int, Key] = {}
        self._by_account: dict[str, dict[int, Key]] = {}
        self._revoked: dict[str, deque[Key]] = {}
        self._next_id = 1

    def __len__(self) -> int:
        return len(self._by_id)

    def create(self, form: KeyFormat, **fields: Any) -> tuple[Key, str]:
        """A new key and its raw value, which only this answer shows."""
        raw = self._source.mint(form.mint)
        return self.add(raw, form.stored, **fields), raw

    def open_session(self, mint: Mint, **fields: Any) -> tuple[Key, str]:
        raw = self._source.mint(mint)
        return self.add(raw, Stored(prefix=0, digest="sha256"), kind="session", **fields), raw

    def add(self, raw: str, stored: Stored, *, provider: str, **fields: Any) -> Key:
        prefix, rest = raw[: stored.prefix], digest(raw[stored.prefix :], stored.digest)
        key = Key(id=self._next_id, provider=provider, prefix=prefix, digest=rest, **fields)
        self._next_id += 1
        self._by_id[key.id] = key
        self._by_account.setdefault(key.account, {})[key.id] = key
        self._by_digest[provider, key.kind, prefix + rest] = key
        return key

    def find(self, provider: str, kind: str, raw: str, stored: Stored) -> Key | None:
        """The key with this raw value, revoked and expired ones included."""
        if kind == "session":
            return self._by_digest.get((provider, kind, digest(raw)))
        hashed = raw[: stored.prefix] + digest(raw[stored.prefix :], stored.digest)
        return self._by_digest.get((provider, kind, hashed))

    def get(self, id: int) -> Key | None:
        return self._by_id.get(id)

    def of(self, account: str, kind: str = "key") -> list[Key]:
        """An account's keys, oldest first."""
        return [key for key in self._by_account.get(account, {}).values() if key.kind == kind]

    def revoke(self, key: Key, now: float) -> None:
        """From now on the key opens nothing. Revoking again changes nothing."""
        if key.revoked_at is not None:
            return
        key.revoked_at = now
        revoked = self._revoked.setdefault(key.account, deque())
        revoked.append(key)
        if len(revoked) > REMEMBERED:
            self.remove(revoked.popleft())

    def close(self, account: str) -> None:
        """Forgets all keys and sessions of the account."""
        for key in list(self._by_account.get(account, {}).values()):
            self.remove(key)
        self._by_account.pop(account, None)
        self._revoked.pop(account, None)

    def remove(self, key: Key) -> None:
        """Forgets the key altogether: no later look-up finds it."""
        self._by_id.pop(key.id, None)
        self._by_account.get(key.account, {}).pop(key.id, None)
        self._by_digest.pop((key.provider, key.kind, key.prefix + key.digest), None)
