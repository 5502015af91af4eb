"""Keys that are kept, recognised, rotated or revoked wrongly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._keys import Recognise, Rotate, recognising, rotating
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from collections.abc import Callable

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

    def telling(rotate: Rotate, world: World, key: Key) -> tuple[Key, str]:
        new, raw = rotate(world, key)
        new.attributes["replaces"] = f"{key.id}, is {raw}"
        return new, raw

    rotating(telling)


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

    def keeping(rotate: Rotate, world: World, key: Key) -> tuple[Key, str]:
        new = rotate(world, key)
        key.revoked_at = None
        return new

    rotating(keeping)


@sabotage("rotate-forgets")
def rotate_forgets() -> None:
    """The new key has nothing of the old one but its account."""

    def forgetting(rotate: Rotate, world: World, key: Key) -> tuple[Key, str]:
        world.revoke(key)
        attributes = dict.fromkeys(key.attributes, "unknown")
        return world.create_key(world.accounts[key.account], user=key.user, attributes=attributes)

    rotating(forgetting)


@sabotage("callers-cached")
def callers_cached() -> None:
    """Who a key stands for, and what it may, is remembered for a minute."""
    from copy import deepcopy
    from dataclasses import replace

    known: dict[tuple[str, str], tuple[float, Caller]] = {}

    def remembering(recognise: Recognise, exchange: Exchange, credential: Credential, raw: str) -> Caller:
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

    recognising(remembering)


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

    def trying(recognise: Recognise, exchange: Exchange, credential: Credential, raw: str) -> Caller:
        from mockserver.refusals import Refused

        assert exchange.provider
        try:
            return recognise(exchange, credential, raw)
        except Refused:
            for other in exchange.provider.credentials:
                header = exchange.headers.get(other.header.lower())
                if other is not credential and header is not None:
                    return recognise(exchange, other, identify._value(other, header) or "")
            raise

    recognising(trying)


@sabotage("scopes-of-account")
def scopes_of_account() -> None:
    """A key may do what any key of its account may."""
    from dataclasses import replace

    def generous(recognise: Recognise, exchange: Exchange, credential: Credential, raw: str) -> Caller:
        caller = recognise(exchange, credential, raw)
        keys = exchange.world.keys.of(caller.account.id)
        scopes = dict.fromkeys(scope for key in keys for scope in key.scopes)
        return replace(caller, key=replace(caller.key, scopes=tuple(scopes)))

    recognising(generous)


@sabotage("keys-expire")
def keys_expire() -> None:
    """A key ends a year after it was made."""
    from mockserver.keys import Key

    Key.expired = lambda self, now: now >= self.created_at + 365 * 86400  # type: ignore[method-assign]


@sabotage("new-key-mistold")
def new_key_mistold() -> None:
    """The key that is revealed lacks the last character of the one that is kept."""
    from mockserver.keys import KeyRing

    create = KeyRing.create

    def mistelling(self: KeyRing, *words: Any, **fields: Any) -> tuple[Key, str]:
        key, raw = create(self, *words, **fields)
        return key, raw[:-1]

    KeyRing.create = mistelling  # type: ignore[method-assign]


@sabotage("key-name-lost")
def key_name_lost() -> None:
    """Every key has the same name, whatever its owner called it."""
    from mockserver.keys import KeyRing

    create = KeyRing.create
    KeyRing.create = lambda self, form, **fields: create(self, form, **{**fields, "name": "API key"})  # type: ignore[method-assign]


@sabotage("unknown-scopes-accepted")
def unknown_scopes_accepted() -> None:
    """A key is created with whatever scopes are asked for."""
    import mockserver.control.keys

    known = mockserver.control.keys._known
    lenient = lambda what, names, table: None if what == "scope" else known(what, names, table)  # noqa: E731
    mockserver.control.keys._known = lenient


@sabotage("downgrade-revokes")
def downgrade_revokes() -> None:
    """Whoever drops to a tier without keys loses those that there are, for good."""
    _on_change_of_tier(lambda world, key, allowed: world.clock.now() if not allowed else key.revoked_at)


@sabotage("upgrade-revives")
def upgrade_revives() -> None:
    """An upgrade makes all keys of the account good again, the revoked ones too."""
    _on_change_of_tier(lambda world, key, allowed: None if allowed else key.revoked_at)


def _on_change_of_tier(revoked_at: Callable[[World, Key, bool], float | None]) -> None:
    """A change of an account sets when each of its keys was revoked, by whether its tier is allowed to have keys."""
    import mockserver.control.accounts as control
    from mockserver.control.app import current_world

    change = control.change

    async def changing(account: str, body: dict[str, Any]) -> dict[str, Any]:
        changed = await change(account, body)
        world = current_world()
        owner = world.accounts[account]
        tiers = world.contract.providers[owner.provider].keys.tiers
        for key in world.keys.of(account):
            key.revoked_at = revoked_at(world, key, tiers is None or owner.tier in tiers)
        return changed

    control.change = changing
