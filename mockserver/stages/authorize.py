"""Roles and scopes: whether this key may do this."""

from __future__ import annotations

from latchkey.records import PermissionSet
from mockserver.exchange import Caller, Exchange
from mockserver.refusals import Refused


def authorize(exchange: Exchange) -> None:
    """Refuses a caller without one of the operation's roles or scopes."""
    operation, provider, caller = exchange.operation, exchange.provider, exchange.caller
    if operation is None or caller is None or caller.stand_in:
        return
    assert provider
    for role in operation.roles:
        if not getattr(caller, role):
            raise Refused(provider.roles[role], f"key {caller.key.name!r} is not of an {role}")
    granted = provider.permission_sets.get(caller.key.permission_set or "")
    for scope in operation.scopes:
        if not _grants(caller, granted, scope):
            refusal = (granted.refusal if granted else None) or provider.insufficient_scope
            assert refusal
            raise Refused(refusal, f"key {caller.key.name!r} lacks scope {scope}", scope=scope)


def _grants(caller: Caller, granted: PermissionSet | None, scope: str) -> bool:
    if granted is None:
        return scope in caller.key.scopes
    return scope in granted.grants or "*" in granted.grants
