"""Tokens that are good too often, or not often enough."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange
    from mockserver.tokens import Grant


@sabotage("token-race")
def token_race() -> None:
    """Between the look at a token and its being spent others get in; one after another nobody would notice."""
    from mockserver.layers.answer import Answer
    from mockserver.layers.record import EXCHANGE
    from mockserver.tokens import Unredeemable

    answer = Answer.__call__

    async def slow(self: Answer, scope: Any, receive: Any, send: Any) -> None:
        exchange: Exchange = scope[EXCHANGE]
        operation, provider = exchange.operation, exchange.provider
        if operation is not None and operation.token is not None and provider is not None:
            raw = exchange.parameters.get("token", "")
            try:
                grant = exchange.world.tokens.look(provider.tokens[operation.token], raw, exchange.at)
            except Unredeemable:
                pass
            else:
                await asyncio.sleep(0.05)
                exchange.look = lambda *words: grant  # type: ignore[method-assign]
                exchange.redeem = lambda *words: _spent(grant)  # type: ignore[method-assign]
        await answer(self, scope, receive, send)

    Answer.__call__ = slow  # type: ignore[method-assign]


def _spent(grant: Grant) -> Grant:
    grant.uses_left = 0
    return grant


@sabotage("token-forgotten")
def token_forgotten() -> None:
    """The token that is handed out is not the one that is kept."""
    from mockserver.exchange import Exchange

    issue = Exchange.issue
    Exchange.issue = lambda self, token, **data: issue(self, token, **data)[::-1]  # type: ignore[method-assign]


@sabotage("head-spends")
def head_spends() -> None:
    """HEAD is answered as GET is, the token spent."""
    from mockserver.exchange import Exchange
    from mockserver.refusals import Refused
    from mockserver.tokens import Unredeemable

    def redeem(self: Exchange, token: str, raw: str, refusal: str) -> Grant:
        assert self.provider
        try:
            return self.world.tokens.redeem(self.provider.tokens[token], raw, self.at)
        except Unredeemable as problem:
            raise Refused(refusal, f"the {token} token is {problem.state}") from None

    Exchange.redeem = redeem  # type: ignore[method-assign]


@sabotage("token-not-compared")
def token_not_compared() -> None:
    """A token that was never made is taken for one that was."""
    from mockserver.tokens import Unredeemable, Vault

    look = Vault.look

    def lenient(self: Vault, token: Any, raw: str, now: float) -> Grant:
        try:
            return look(self, token, raw, now)
        except Unredeemable as problem:
            for grant in self.grants():
                if problem.state == "unknown" and grant.kind == token.name and now < grant.expires:
                    return grant
            raise

    Vault.look = lenient  # type: ignore[method-assign]


@sabotage("token-any-case")
def token_any_case() -> None:
    """Tokens are looked up as a database does that takes small and capital letters for the same."""
    from mockserver.tokens import Vault

    issue, look = Vault.issue, Vault.look
    issued: dict[str, str] = {}

    def noting(*words: Any) -> str:
        raw = issue(*words)
        issued[raw.lower()] = raw
        return raw

    Vault.issue = noting  # type: ignore[method-assign, assignment]
    Vault.look = lambda self, token, raw, now: look(self, token, issued.get(raw.lower(), raw), now)  # type: ignore[method-assign]
