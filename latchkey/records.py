"""The contract as frozen records. Field by field they mirror `spec/vocabulary.yaml`, which documents them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    name: str
    header: str
    scheme: str | None = None
    kind: Literal["key", "session"] = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """How a new secret is written: a prefix and `length` characters of `alphabet`."""

    prefix: str = ""
    alphabet: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    prefix: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFormat:
    pattern: str
    mint: Mint
    stored: Stored
    expires: bool = False
    default_scopes: tuple[str, ...] = ()
    tiers: tuple[str, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    missing: str
    empty: str
    malformed: str
    other_scheme: str
    unknown: str
    revoked: str
    expired: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    body: str
    header: str | None = None
    type: Literal["string", "integer"] = "string"


#: What an entitlement asks for.
Check = Literal["presented", "holds", "lacks", "in", "equals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    kind: Check
    refusal: str
    presented: str | None = None
    holds: str | None = None
    lacks: str | None = None
    attribute: str | None = None
    allowed: tuple[Any, ...] = ()
    equals: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `quota` units in `window` seconds."""

    id: str
    name: str
    quota: int
    window: int
    partition: Literal["key", "address", "account"]
    refusal: str
    debt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token of this kind lives `ttl` seconds and can be redeemed `uses` times (None: any number)."""

    name: str
    ttl: int
    mint: Mint
    uses: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSet:
    grants: tuple[str, ...]
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`body` and `headers` are templates, the envelope already filled with what this refusal says of itself."""

    name: str
    status: int
    body: Any
    headers: Mapping[str, str]
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    refusal: str
    malformed: str
    too_large: str
    messages: Mapping[str, str]
    summary: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    name: str
    says: str
    account: Mapping[str, Any] = field(default_factory=dict)
    key: Mapping[str, Any] = field(default_factory=dict)
    user: Mapping[str, Any] = field(default_factory=dict)
    revoked: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateHeaders:
    every: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    name: str
    location: Literal["path", "query", "header", "cookie"]
    required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path, with its policy. `elsewhere`: another server than the API's answers it, to which only URLs lead
    that the API hands out. `assumed`: nobody publishes the operation, so a server need not have it.
    """

    id: str
    provider: str
    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: Mapping[str, Any] | None
    body_required: bool
    responses: Mapping[str, Mapping[str, Any]]
    credentials: bool
    accepts: tuple[str, ...] | None
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    entitled: bool
    limits: tuple[str, ...]
    spends: tuple[str, ...]
    token: str | None
    issues: str | None
    raw: bool
    headers: Mapping[str, str]
    refusals: tuple[str, ...]
    unique: tuple[str, ...] = ()
    elsewhere: bool = False
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocols:
    """How a key signs in where files are served otherwise than by the API. `doors` is protocol to refusal or HTTP status to code."""

    login: str
    names: tuple[Literal["id", "name"], ...]
    told_by: str
    permission_sets: tuple[str, ...] | None
    rechecked: bool
    refusals: Mapping[str, str]
    doors: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    name: str
    title: str
    server: str
    documents: tuple[str, ...]
    prefixes: tuple[str, ...]
    order: tuple[str, ...]
    credentials: tuple[Credential, ...]
    keys: KeyFormat
    session: Mint | None
    identify: Identify
    presented: Mapping[str, Presented]
    entitlements: tuple[Entitlement, ...]
    scopes: Mapping[str, str]
    insufficient_scope: str | None
    permission_sets: Mapping[str, PermissionSet]
    roles: Mapping[str, str]
    tiers: Mapping[str, Mapping[str, Any]]
    limits: Mapping[str, Limit]
    default_limits: tuple[str, ...]
    rate_headers: RateHeaders
    tokens: Mapping[str, Token]
    headers: Mapping[str, str]
    asks: Mapping[str, str]
    protocols: Protocols | None
    cors: Literal["off", "unspecified"]
    not_found: str
    method_not_allowed: str
    server_error: str
    validation: Validation
    refusals: Mapping[str, Refusal]
    error_schema: str
    #: Why there may be refusals of that shape beside those of the table; None where there are none.
    other_refusals: str | None
    situations: Mapping[str, Situation]
    example: str
    facts: Mapping[str, Any]
