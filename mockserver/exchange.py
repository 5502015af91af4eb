"""One request on its way through the mock: what is known of it so far, and what a handler may ask and do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import quote

from latchkey.records import Operation, Provider
from mockserver.keys import Key
from mockserver.limiter import Exhausted, Reading
from mockserver.refusals import Refused
from mockserver.tokens import Grant, Unredeemable
from mockserver.world import Account, Row, Table, World

# Neither of the next two is frozen: every request makes both, and a frozen one takes twice as long to make.


@dataclass(slots=True)
class Reply:
    """A handler's answer. `body` is JSON data, bytes as they are, or None for no content."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def attachment(name: str) -> str:
    """A Content-Disposition value that saves under this file name (RFC 6266, section 4)."""
    plain = "".join(char if " " <= char <= "~" and char not in '"\\/' else "_" for char in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{extended}'


@dataclass(slots=True, kw_only=True)
class Caller:
    """Who asks: a key and its account; for providers with users, the key's user (None: the key belongs to the account)."""

    account: Account
    key: Key
    raw: str
    user: Row | None = None
    #: Nobody looked at the key (see World.auth): plan, roles and scopes are not checked either.
    stand_in: bool = False

    @property
    def administrator(self) -> bool:
        return self.user is None or bool(self.user.get("site_admin"))


class NotJson(ValueError):
    """The request's body is not JSON."""


@dataclass(kw_only=True)
class Exchange:
    """Filled in by the stages, in their order; then given to the handler."""

    world: World
    id: str
    at: float
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client: str
    origin: str
    #: What it came over, where that is not the API.
    protocol: str = ""
    provider: Provider | None = None
    operation: Operation | None = None
    allow: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    payload: Any = None
    presented: dict[str, Any] = field(default_factory=dict)
    caller: Caller | None = None
    budget: list[Reading] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    refused: Refused | None = None
    #: What a fault did to this request.
    fault: str | None = None
    #: The refusal that a fault puts in place of checks and handler.
    instead: Refused | None = None

    # What the request says.

    @cached_property
    def json(self) -> Any:
        """The body as JSON, None where there is none. Raises NotJson."""
        if not self.body:
            return None
        try:
            value = _JSON.decode(self.body.decode("utf-8-sig"))
            if b"\\u" in self.body:
                json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise NotJson("the body is not JSON in valid Unicode") from None
        return value

    def member(self, name: str) -> Any:
        """A member of a JSON object body; None where there is no such member, object or JSON."""
        try:
            return self.json.get(name) if isinstance(self.json, dict) else None
        except NotJson:
            return None

    @property
    def url(self) -> str:
        return self.origin + self.path

    @property
    def rule(self) -> str | None:
        """The rule that its refusal keeps, of those that each protocol has the one of its own."""
        # What a protocol itself does not allow is in no provider's table.
        told = self.provider.refusals.get(self.refused.name) if self.refused and self.provider else None
        return told.rule.replace("*", self.protocol) if told and told.rule else None

    # What a handler asks and does.

    @property
    def now(self) -> float:
        return self.at

    @property
    def facts(self) -> Mapping[str, Any]:
        assert self.provider
        return self.provider.facts

    @property
    def account(self) -> Account:
        assert self.caller
        return self.caller.account

    @property
    def allowance(self) -> Mapping[str, Any]:
        """The numbers of the account's tier."""
        assert self.provider
        return self.provider.tiers.get(self.account.tier or "", {})

    def table(self, name: str) -> Table:
        """The rows of the caller's account, by id."""
        return self.account.table(name)

    def shared(self, name: str) -> Table:
        """The provider-wide rows of this name, by id."""
        assert self.provider
        return self.world.shared[self.provider.name].setdefault(name, {})

    def refuse(self, name: str, reason: str, /, **values: Any) -> NoReturn:
        """Ends the request with a refusal of the provider's table; `values` fill its placeholders."""
        raise Refused(name, reason, **values)

    def spend(self, limit: str, units: int = 1) -> None:
        """Charges a limit by the work done. Raises Refused where too little is left; then nothing is charged."""
        self.take([limit], units)

    def take(self, limits: list[str] | tuple[str, ...], units: int = 1) -> None:
        assert self.provider
        known = self.provider.limits
        wanted = [(known[name], self._partition(known[name].partition)) for name in limits]
        unlimited = self.caller is not None and self.caller.key.unlimited
        try:
            self.budget += self.world.limiter.take(wanted, self.at, units=units, refuse=not unlimited)
        except Exhausted as exhausted:
            reading = exhausted.reading
            self.budget.append(reading)
            seconds = reading.retry_after(self.at)
            raise Refused(
                reading.limit.refusal,
                f"all {reading.limit.quota} units of the limit {reading.limit.name!r} are used; more in {seconds} s",
            ) from None

    def look_at_budget(self) -> None:
        """Reads, without taking, the limits of an identified caller who was refused before anything was counted."""
        if self.budget or self.caller is None or self.provider is None or self.operation is None:
            return
        limits = (self.provider.limits[name] for name in self.operation.limits)
        self.budget = [self.world.limiter.read(limit, self._partition(limit.partition), self.at) for limit in limits]

    def _partition(self, partition: str) -> str:
        if partition == "address":
            return self.client
        assert self.caller
        return str(self.caller.key.id) if partition == "key" else self.caller.account.id

    def issue(self, token: str, **data: Any) -> str:
        """A fresh token of this kind; `data` comes back on redemption."""
        assert self.provider
        account = self.caller.account.id if self.caller else ""
        return self.world.tokens.issue(self.provider.tokens[token], account, self.at, data)

    def redeem(self, token: str, raw: str, refusal: str) -> Grant:
        """The token's grant, one use of it spent; a HEAD request only looks. Refused where it cannot be redeemed."""
        assert self.provider
        vault = self.world.tokens
        redeem = vault.look if self.method == "HEAD" else vault.redeem
        try:
            return redeem(self.provider.tokens[token], raw, self.at)
        except Unredeemable as problem:
            raise Refused(refusal, f"the {token} token is {problem.state}") from None

    def look(self, token: str, raw: str, refusal: str) -> Grant:
        """The token's grant, nothing spent."""
        assert self.provider
        try:
            return self.world.tokens.look(self.provider.tokens[token], raw, self.at)
        except Unredeemable as problem:
            raise Refused(refusal, f"the {token} token is {problem.state}") from None

    # What templates may say.

    def values(self) -> dict[str, Any]:
        """Placeholders that every template of an answer can use; a tight budget's numbers where one is known."""
        values: dict[str, Any] = {"request_id": self.id, "method": self.method, "path": self.path.lstrip("/")}
        if self.budget:
            tightest = self.budget[0] if len(self.budget) == 1 else min(self.budget, key=_tightness)
            values |= {
                "quota": tightest.limit.quota,
                "remaining": tightest.remaining,
                "reset": int(tightest.reset),
                "retry_after": tightest.retry_after(self.at),
            }
        return values


def _tightness(reading: Reading) -> tuple[int, int]:
    return reading.remaining, reading.limit.quota


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)
