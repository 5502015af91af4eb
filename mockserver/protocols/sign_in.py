"""A login name and a password to a caller: the name tells which key is meant, the password is the key."""

from __future__ import annotations

import re
import unicodedata

from latchkey.records import Protocols
from mockserver.exchange import Exchange
from mockserver.keys import Key
from mockserver.refusals import Refused
from mockserver.stages.identify import admit, stand_in


def sign_in(exchange: Exchange, policy: Protocols, login: str | None, password: str) -> None:
    """Sets the caller; `login` is None where nothing was sent. Raises Refused, whose reason the client is not told."""
    exchange.caller = stand_in(exchange, present=bool(password))
    if exchange.caller is not None:
        return
    if login is None:
        raise Refused(policy.refusals["missing"], f"send a user name, {policy.login}, and the key as the password")
    key = _meant(exchange, policy, login, password)
    recognise(exchange, policy, key)


def recognise(exchange: Exchange, policy: Protocols, key: Key) -> None:
    """Sets the caller whose key this is. Raises Refused where it opens nothing, or not this."""
    names = policy.refusals
    exchange.caller = admit(exchange, key, "", revoked=names["revoked"], expired=names["expired"])
    exchange.stages.append("authorize")
    if policy.permission_sets is not None and key.permission_set not in {None, *policy.permission_sets}:
        reason = f"key {key.name!r} has the permission set {key.permission_set}, which signs in nowhere but at the API"
        raise Refused(names["permission_set"], reason)


def _meant(exchange: Exchange, policy: Protocols, login: str, password: str) -> Key:
    provider, keys, names = exchange.provider, exchange.world.keys, policy.refusals
    assert provider
    hit = re.fullmatch(re.escape(policy.login).replace(re.escape("{key}"), "(.+)"), login, re.DOTALL)
    if hit is None:
        raise Refused(names["login"], f"the user name is not of the form {policy.login}")
    own = keys.find(provider.name, "key", password, provider.keys.stored)
    by_id = _by_id(exchange, hit[1]) if "id" in policy.names else None
    if by_id is not None:
        if own is not by_id:
            raise Refused(names["password"], f"the password is not the content of key {by_id.id}")
        return by_id
    if "name" not in policy.names:
        raise Refused(names["unknown"], f"no key has the id {hit[1]!r}")
    if own is None:
        reason = "the password is the content of no key that was issued"
        raise Refused(names["unknown" if hit[1].isdecimal() else "password"], reason)
    if not _same(own.name, hit[1]):
        raise Refused(names["unknown"], f"the key that is the password is not called {hit[1]!r}")
    _check_unique(exchange, policy, own)
    return own


def _by_id(exchange: Exchange, text: str) -> Key | None:
    # Longer digits are no id of anything, and int() refuses thousands of them.
    key = exchange.world.keys.get(int(text)) if text.isascii() and text.isdecimal() and len(text) < 20 else None
    assert exchange.provider
    return key if key and key.kind == "key" and key.provider == exchange.provider.name else None


def _check_unique(exchange: Exchange, policy: Protocols, key: Key) -> None:
    """Refuses a name that several keys of the account have. Which account is meant, the password tells."""
    if "ambiguous" not in policy.refusals or key.revoked_at is not None:
        return
    named = [other for other in exchange.world.keys.of(key.account) if _same(other.name, key.name)]
    living = [other.id for other in named if other.revoked_at is None]
    if len(living) > 1:
        reason = f"keys {', '.join(map(str, living))} are all called {key.name!r}: sign in with the id"
        raise Refused(policy.refusals["ambiguous"], reason)


def _same(name: str, other: str) -> bool:
    # Clients, and SSH itself, write the same letters in different forms of Unicode.
    return unicodedata.normalize("NFKC", name) == unicodedata.normalize("NFKC", other)
