"""Which credential, and whose: by the provider's precedence, the first credential that is sent decides."""

from __future__ import annotations

import re
from functools import cache

from latchkey.records import Credential, Provider
from mockserver.exchange import Caller, Exchange
from mockserver.keys import Key
from mockserver.refusals import Refused


def identify(exchange: Exchange) -> None:
    """Sets the caller. An operation without credentials needs none; an unknown path is not the place to ask for one."""
    operation, provider = exchange.operation, exchange.provider
    assert provider
    if operation is not None and not operation.credentials:
        return
    other = None
    try:
        for credential in provider.credentials:
            if operation and operation.accepts is not None and credential.name not in operation.accepts:
                continue
            header = exchange.headers.get(credential.header.lower())
            if header is None:
                continue
            raw = _value(credential, header)
            if raw is None:
                other = credential
                continue
            exchange.caller = _recognise(exchange, credential, raw)
            return
        raise _none_sent(provider, other)
    except Refused:
        exchange.caller = _stand_in(exchange)
        if operation is not None and exchange.caller is None:
            raise


def _none_sent(provider: Provider, other: Credential | None) -> Refused:
    """Why nobody can be recognised; `other` is a credential whose header uses another scheme."""
    if other is not None:
        return Refused(provider.identify.other_scheme, f"{other.header} does not use the scheme {other.scheme}")
    return Refused(provider.identify.missing, "no credential was sent; " + _how(provider.credentials))


def _stand_in(exchange: Exchange) -> Caller | None:
    assert exchange.provider
    return stand_in(
        exchange, present=any(exchange.headers.get(item.header.lower()) for item in exchange.provider.credentials)
    )


def stand_in(exchange: Exchange, *, present: bool) -> Caller | None:
    """Where keys are not looked up, the account that any caller is taken for; `present` says whether one was sent."""
    provider, world = exchange.provider, exchange.world
    assert provider
    if world.auth == "strict" or (world.auth == "presence" and not present):
        return None
    key, raw = world.stand_in(provider)
    account = world.accounts[key.account]
    user = account.table("users").get(key.user) if key.user is not None else None
    return Caller(account=account, key=key, raw=raw, user=user, stand_in=True)


def _how(credentials: tuple[Credential, ...]) -> str:
    ways = (f"{item.header}: {item.scheme + ' ' if item.scheme else ''}<{item.kind}>" for item in credentials)
    return "send " + " or ".join(ways)


def _value(credential: Credential, header: str) -> str | None:
    """The credential in the header; None where the header uses another authentication scheme."""
    if credential.scheme is None:
        return header.strip()
    scheme, _, value = header.strip().partition(" ")
    return value.strip() if scheme.lower() == credential.scheme.lower() else None


def _recognise(exchange: Exchange, credential: Credential, raw: str) -> Caller:
    provider, world = exchange.provider, exchange.world
    assert provider
    names = provider.identify
    if not raw:
        raise Refused(names.empty, f"{credential.header} holds no {credential.kind}")
    if credential.kind == "key" and not _form(provider.keys.pattern).fullmatch(raw):
        raise Refused(names.malformed, f"the key in {credential.header} does not look like a key of this API")
    key = world.keys.find(provider.name, credential.kind, raw, provider.keys.stored)
    session = names.session if credential.kind == "session" else None
    if key is None:
        raise Refused(session or names.unknown, f"the {credential.kind} in {credential.header} is none that was issued")
    return admit(exchange, key, raw, revoked=session or names.revoked, expired=session or names.expired)


def admit(exchange: Exchange, key: Key, raw: str, *, revoked: str, expired: str) -> Caller:
    """Whoever has this key. Refused by these names where it opens nothing any more."""
    if key.revoked_at is not None:
        raise Refused(revoked, f"{key.kind} {_shown(key)} was revoked")
    if key.expired(exchange.at):
        raise Refused(expired, f"{key.kind} {_shown(key)} has expired")
    account = exchange.world.accounts[key.account]
    user = account.table("users").get(key.user) if key.user is not None else None
    if key.user is not None and user is None:
        raise Refused(revoked, f"the user of {key.kind} {_shown(key)} is gone")
    key.last_used_at = exchange.at
    return Caller(account=account, key=key, raw=raw, user=user)


@cache  # re keeps patterns, too, but looks longer for them than one takes to match
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _shown(key: Key) -> str:
    return f"{key.name!r} ({key.prefix}…)" if key.prefix else f"{key.name!r} (id {key.id})"
