"""Tokens that are handed out and taken back: kept as digests, alive for a while, good for so many uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from latchkey.records import Token
from mockserver.mint import Source, digest

#: Tokens are evicted when their number has doubled, so eviction costs a constant share of each issue.
_SWEEP_FROM = 1024


@dataclass(slots=True)
class Grant:
    """A token as it is kept. `data` is what its issuer wants back on redemption."""

    kind: str
    account: str
    issued: float
    expires: float
    uses_left: int | None
    data: Mapping[str, Any]

    def state(self, now: float) -> Literal["valid", "spent", "expired"]:
        if now >= self.expires:
            return "expired"
        return "spent" if self.uses_left == 0 else "valid"


class Unredeemable(Exception):
    """The token cannot be redeemed: `state` is unknown, spent or expired."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class Vault:
    """All tokens of a world, by the digest of kind and token."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._grants: dict[str, Grant] = {}
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        return len(self._grants)

    def issue(self, token: Token, account: str, now: float, data: Mapping[str, Any]) -> str:
        """A fresh token. It is shown here only; the vault keeps its digest."""
        if len(self._grants) >= self._sweep_at:
            self.evict(now)
        raw = self._source.mint(token.mint)
        self._grants[digest(f"{token.name}:{raw}")] = Grant(token.name, account, now, now + token.ttl, token.uses, data)
        return raw

    def look(self, token: Token, raw: str, now: float) -> Grant:
        """The grant of a valid token, nothing spent. Raises Unredeemable."""
        grant = self._grants.get(digest(f"{token.name}:{raw}"))
        state = grant.state(now) if grant else "unknown"
        if grant is None or state != "valid":
            raise Unredeemable(state)
        return grant

    def redeem(self, token: Token, raw: str, now: float) -> Grant:
        """Looks and spends one use in a single step, so that of many requests at once only one gets it."""
        grant = self.look(token, raw, now)
        if grant.uses_left is not None:
            grant.uses_left -= 1
        return grant

    def grants(self) -> list[Grant]:
        return list(self._grants.values())

    def evict(self, now: float) -> None:
        """Drops the tokens that expired longer ago than they lived; until then a refusal can say that they expired."""
        self._grants = {key: grant for key, grant in self._grants.items() if now < 2 * grant.expires - grant.issued}
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._grants))
