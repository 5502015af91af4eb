"""A target as frozen records. Field by field they mirror `target.schema.json`, which documents them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The situation of a full key of another account, for rules about ownership.
NEIGHBOUR = "neighbour"
#: What the names of things begin with that the suite makes on a target.
PREFIX = "latchkey-"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticKey:
    """A key given by hand. `presents` are values that go with it (a domain, a product id)."""

    key: str
    presents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One provider's implementation. Each situation has one key or more, all of the same account. `doors` is protocol to
    URL, of other ways to the same files; `window` is how many seconds a window of its limits lasts here, None where as many
    as promised.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[StaticKey, ...]] = field(default_factory=dict)
    doors: Mapping[str, str] = field(default_factory=dict)
    window: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What the suite may do: delete data it did not make, use up a whole window, let a proof wait (seconds), send to each
    provider (requests; None: as many as suit its limit), begin something (seconds after the start).
    """

    destroy: bool = False
    spend_window: bool = False
    wait_up_to: float = 0.0
    max_requests: int | None = None
    max_time: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds until a connection has to stand, and until some of an answer has to come."""

    connect: float = 10.0
    read: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files in PEM: certificates of authorities to trust beside the known ones, a client's certificate and its key."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`control` is the base URL of a mock's control plane, None for any other implementation. `provisioner` names the
    user's class as `module:Class`.
    """

    name: str
    endpoints: Mapping[str, Endpoint]
    prefix: str = PREFIX
    control: str | None = None
    control_token: str | None = None
    provisioner: str | None = None
    provisioner_options: Mapping[str, Any] = field(default_factory=dict)
    proxy: str | None = None
    permit: Permit = Permit()
    timeouts: Timeouts = Timeouts()
    tls: Tls = Tls()
