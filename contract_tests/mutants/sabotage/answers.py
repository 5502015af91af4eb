"""Answers that say what they should not, or as what they are not."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockserver.exchange import Exchange, Reply
    from mockserver.refusals import Refused

ANSWER = "mockserver.layers.answer"


@sabotage("key-echoed")
def key_echoed() -> None:
    """An error repeats the headers that came with the request, for whoever has to find the fault."""
    from dataclasses import replace

    answer = import_module(ANSWER)
    refuse = answer.refuse

    def echoing(exchange: Exchange, refused: Refused) -> Reply:
        reply: Reply = refuse(exchange, refused)
        if not isinstance(reply.body, dict):
            return reply
        return replace(reply, body={**reply.body, "request": dict(exchange.headers)})

    answer.refuse = echoing  # type: ignore[attr-defined]


@sabotage("json-as-text")
def json_as_text() -> None:
    """JSON is sent as text."""
    answer = import_module(ANSWER)
    encoded = answer._encoded

    def as_text(reply: Reply) -> tuple[bytes, str | None]:
        content, media_type = encoded(reply)
        return content, "text/html" if media_type == "application/json" else media_type

    answer._encoded = as_text  # type: ignore[attr-defined]


@sabotage("head-empty")
def head_empty() -> None:
    """HEAD is answered as if the path had nothing to tell."""
    from mockserver.layers.answer import Answer

    decide = Answer.decide

    def empty(self: Answer, exchange: Exchange) -> Reply:
        from mockserver.exchange import Reply

        return Reply(204) if exchange.method == "HEAD" else decide(self, exchange)

    Answer.decide = empty  # type: ignore[method-assign]


@sabotage("body-trusted")
def body_trusted() -> None:
    """Nobody expects a body that is JSON and not an object."""
    validate = import_module("mockserver.stages.validate")
    payload = validate._payload

    def trusting(exchange: Exchange, *others: Any) -> None:
        if exchange.body:
            exchange.json.keys()
        payload(exchange, *others)

    validate._payload = trusting  # type: ignore[attr-defined]


@sabotage("numbers-trusted")
def numbers_trusted() -> None:
    """A header that should hold a whole number is read as one, whatever it holds."""
    entitle = import_module("mockserver.stages.entitle")
    read: Callable[..., Any] = entitle._read

    def trusting(exchange: Exchange, item: Any) -> Any:
        value = read(exchange, item)
        return int(value) if item.type == "integer" and value is not None else value

    entitle._read = trusting  # type: ignore[attr-defined]


@sabotage("first-mistake-only")
def first_mistake_only() -> None:
    """Of several mistakes in a request the first alone is told."""
    validate = import_module("mockserver.stages.validate")
    invalid: Callable[..., Any] = validate.invalid

    def first(provider: Any, mistakes: Any, **words: Any) -> Any:
        field, messages = next(iter(mistakes.items()))
        return invalid(provider, {field: messages[:1]}, **words)

    validate.invalid = first  # type: ignore[attr-defined]


@sabotage("rows-of-everyone")
def rows_of_everyone() -> None:
    """A row is found by its id, whoever owns it."""
    from collections import ChainMap

    from mockserver.exchange import Exchange

    def table(self: Exchange, name: str) -> Any:
        others = self.world.accounts_of(self.account.provider)
        return ChainMap(self.account.table(name), *(account.table(name) for account in others))

    Exchange.table = table  # type: ignore[method-assign]


@sabotage("preflight-granted")
def preflight_granted() -> None:
    """A page of any origin is told that it may call."""
    from mockserver.layers.answer import Answer

    decide = Answer.decide

    def granting(self: Answer, exchange: Exchange) -> Reply:
        from mockserver.exchange import Reply

        if exchange.method != "OPTIONS":
            return decide(self, exchange)
        asked = exchange.headers.get("access-control-request-headers", "")
        return Reply(
            204,
            headers={
                "Access-Control-Allow-Origin": exchange.headers.get("origin", "*"),
                "Access-Control-Allow-Methods": "GET, POST, DELETE",
                "Access-Control-Allow-Headers": asked,
            },
        )

    Answer.decide = granting  # type: ignore[method-assign]
