"""Keys that are kept, recognised, rotated or revoked wrongly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from latchkey.records import Credential
    from mockserver.exchange import Caller, Exchange
    from mockserver.keys import Key, KeyRing
    from mockserver.world import World

#: The module; its name in the package is that of the function.
IDENTIFY = "mockserver.stages.identify"


@sabotage("key-kept-plain")
def key_kept_plain() -> None:
    """What should be the digest is the secret itself."""
    import mockserver.keys

    mockserver.keys.digest = lambda secret, algorithm="sha256": secret  # type: ignore[attr-defined]


@sabotage("key-kept-beside-digest")
def key_kept_beside_digest() -> None:
    """The record has prefix and digest, as it should, and the whole key in another field."""
    from mockserver.keys import KeyRing

    add = KeyRing.add

    def keeping(self: KeyRing, raw: str, *others: Any, **fields: Any) -> Key:
        key = add(self, raw, *others, **fields)
        key.attributes["plain"] = raw
        return key

    KeyRing.add = keeping  # type: ignore[method-assign]


@sabotage("key-logged")
def key_logged() -> None:
    """The log names the credential header with what was in it."""
    from dataclasses import replace

    record = import_module("mockserver.layers.record")
    entry = record._entry

    def telling(exchange: Exchange, status: int) -> Any:
        sent = [exchange.headers.get(name, "") for name in ("authorization", "x-api-key")]
        return replace(entry(exchange, status), reason=f"called with {''.join(sent)}")

    record._entry = telling  # type: ignore[attr-defined]


@sabotage("rotated-key-logged")
def rotated_key_logged() -> None:
    """The record of the new key goes on telling it."""
    from mockserver.world import World

    rotate = World.rotate

    def telling(self: World, key: Key) -> tuple[Key, str]:
        new, raw = rotate(self, key)
        new.attributes["replaces"] = f"{key.id}, is {raw}"
        return new, raw

    World.rotate = telling  # type: ignore[method-assign]


@sabotage("revoke-late")
def revoke_late() -> None:
    """A revoked key opens the API until somebody clears the cache of keys, which nobody does."""
    from mockserver.world import World

    World.revoke = lambda self, key: None  # type: ignore[method-assign]


@sabotage("revoke-once")
def revoke_once() -> None:
    """Revoking flips a switch: the second time makes the key good again."""
    from mockserver.world import World

    def flip(self: World, key: Key) -> None:
        key.revoked_at = self.clock.now() if key.revoked_at is None else None

    World.revoke = flip  # type: ignore[method-assign]


@sabotage("rotate-keeps-old")
def rotate_keeps_old() -> None:
    """Rotating issues a new key and leaves the old one alive."""
    from mockserver.world import World

    rotate = World.rotate

    def keeping(self: World, key: Key) -> tuple[Key, str]:
        new = rotate(self, key)
        key.revoked_at = None
        return new

    World.rotate = keeping  # type: ignore[method-assign]


@sabotage("rotate-forgets")
def rotate_forgets() -> None:
    """The new key has nothing of the old one but its account."""
    from mockserver.world import World

    def forgetting(self: World, key: Key) -> tuple[Key, str]:
        self.revoke(key)
        attributes = dict.fromkeys(key.attributes, "unknown")
        return self.create_key(self.accounts[key.account], user=key.user, attributes=attributes)

    World.rotate = forgetting  # type: ignore[method-assign]


@sabotage("callers-cached")
def callers_cached() -> None:
    """Who a key stands for, and what it may, is remembered for a minute."""
    from copy import deepcopy
    from dataclasses import replace

    identify = import_module(IDENTIFY)
    recognise = identify._recognise
    known: dict[tuple[str, str], tuple[float, Caller]] = {}

    def remembering(exchange: Exchange, credential: Credential, raw: str) -> Caller:
        assert exchange.provider
        since, caller = known.get((exchange.provider.name, raw), (float("-inf"), None))
        if caller is None or exchange.at - since >= 60:
            found = recognise(exchange, credential, raw)
            # As they are now; the rows stay those of the account.
            account = replace(found.account, attributes=deepcopy(found.account.attributes))
            key = replace(found.key, attributes=deepcopy(found.key.attributes))
            caller = replace(found, account=account, key=key)
            known[exchange.provider.name, raw] = exchange.at, caller
        return caller

    identify._recognise = remembering  # type: ignore[attr-defined]


@sabotage("scheme-case-sensitive")
def scheme_case_sensitive() -> None:
    """Only the very spelling of the documents is an authentication scheme."""
    identify = import_module(IDENTIFY)
    value = identify._value

    def strict(credential: Credential, header: str) -> str | None:
        right = credential.scheme is None or header.split(" ")[0] == credential.scheme
        found: str | None = value(credential, header) if right else None
        return found

    identify._value = strict  # type: ignore[attr-defined]


@sabotage("any-scheme")
def any_scheme() -> None:
    """Whatever stands before the key in the header is taken for its scheme."""
    import_module(IDENTIFY)._value = lambda credential, header: header.strip().split(" ")[-1]  # type: ignore[attr-defined]


@sabotage("key-in-query")
def key_in_query() -> None:
    """A key in the query is as good as one in its header."""
    from urllib.parse import parse_qsl

    record = import_module("mockserver.layers.record")
    open_exchange = record.open_exchange

    def reading(*words: Any) -> Exchange:
        exchange: Exchange = open_exchange(*words)
        for _, value in parse_qsl(exchange.query):
            exchange.headers = {"authorization": f"Bearer {value}", **exchange.headers}
        return exchange

    record.open_exchange = reading  # type: ignore[attr-defined]


@sabotage("bad-bearer-rescued")
def bad_bearer_rescued() -> None:
    """A credential that is no good is passed over, and the next header is tried."""
    identify = import_module(IDENTIFY)
    recognise = identify._recognise

    def trying(exchange: Exchange, credential: Credential, raw: str) -> Caller:
        from mockserver.refusals import Refused

        assert exchange.provider
        caller: Caller
        try:
            caller = recognise(exchange, credential, raw)
        except Refused:
            for other in exchange.provider.credentials:
                header = exchange.headers.get(other.header.lower())
                if other is not credential and header is not None:
                    caller = recognise(exchange, other, identify._value(other, header) or "")
                    return caller
            raise
        return caller

    identify._recognise = trying  # type: ignore[attr-defined]
