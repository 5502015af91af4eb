"""DezerX's handlers, and its reading of domain and product, broken."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._replies import (
    Handler,
    body,
    header,
    member,
    sabotages,
    status,
    wrap_handler,
)
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply

VERIFY, TOKEN, FILE = "dezerx.verify", "dezerx.generate_download_token", "dezerx.download_file"


def _last(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _seconds(time: str, call: Exchange) -> str:
    return re.sub(r"\.\d+Z", "Z", time)


sabotages(
    {
        "dezerx-verify-silent": (VERIFY, body({})),
        "dezerx-verify-202": (VERIFY, status(202)),
        "dezerx-verify-message": (VERIFY, member("message", value="License valid")),
        "dezerx-verify-user-text": (VERIFY, member("data", "user_id", value=lambda id, call: str(id))),
        "dezerx-verify-active-number": (VERIFY, member("data", "is_active", value=1)),
        "dezerx-verify-key-masked": (VERIFY, member("data", "license_key", value=lambda key, call: f"{key[:11]}…")),
        "dezerx-verify-product-fixed": (VERIFY, member("data", "product_id", value=1)),
        "dezerx-verify-seconds": (VERIFY, member("data", "created_at", value=_seconds)),
        "dezerx-verify-local-time": (
            VERIFY,
            member("data", "last_rotated", value=lambda time, call: time.replace("Z", "+00:00")),
        ),
        "dezerx-token-201": (TOKEN, status(201)),
        "dezerx-token-message": (TOKEN, member("message", value="Token generated")),
        "dezerx-token-url-relative": (
            TOKEN,
            member("data", "download_url", value=lambda url, call: f"/api/license/download-file/{_last(url)}"),
        ),
        "dezerx-token-url-query": (
            TOKEN,
            member("data", "download_url", value=lambda url, call: url.replace(_last(url), f"?token={_last(url)}")),
        ),
        "dezerx-token-url-signed": (
            TOKEN,
            member("data", "download_url", value=lambda url, call: f"{url}?expires=1780086400&signature=5f3c"),
        ),
        "dezerx-token-url-elsewhere": (
            TOKEN,
            member("data", "download_url", value=lambda url, call: url.replace("/api/license/", "/files/")),
        ),
        "dezerx-token-expiry-seconds": (TOKEN, member("data", "expires_at", value=_seconds)),
        "dezerx-token-size-encoded": (
            TOKEN,
            member("data", "file_size", value=lambda size, call: -(-size // 3) * 4),
        ),
        "dezerx-token-names-file": (TOKEN, member("data", "product_name", value="product.zip")),
        "dezerx-file-empty": (FILE, body(b"")),
        "dezerx-file-unnamed": (FILE, header("Content-Disposition", "attachment")),
        "dezerx-file-inline": (FILE, header("Content-Disposition", 'inline; filename="product.zip"')),
        "dezerx-file-unquoted": (FILE, header("Content-Disposition", "attachment; filename=product.zip")),
        "dezerx-file-as-page": (FILE, header("Content-Type", "text/html")),
        "dezerx-file-cached": (FILE, header("Cache-Control", "public, max-age=3600")),
    }
)


@sabotage("dezerx-under-v1")
def under_v1() -> None:
    """The API answers under /api/license/v1 and nowhere else."""
    from mockserver.layers.route import Route

    find = Route.find

    def versioned(self: Route, path: str) -> Any:
        right = path.startswith("/api/license/v1/")
        return find(self, path.replace("/v1/", "/", 1)) if right else ({}, {})

    Route.find = versioned  # type: ignore[method-assign]


@sabotage("dezerx-disabled-ignored")
def disabled_ignored() -> None:
    """Every product with a file is offered through the API."""
    from mockserver.world import Row

    dezerx: Any = import_module("mockserver.providers.dezerx")
    product = dezerx._product

    def offered(account: Any, id: int) -> Row:
        row: Row = product(account, id)
        return {**row, "is_downloadable_via_api": True} if row else row

    dezerx._product = offered


@sabotage("dezerx-same-token-again")
def same_token_again() -> None:
    """A licence that has a token is told the same one again."""

    def wrap(handler: Handler) -> Handler:
        told: dict[int, Reply] = {}

        def again(call: Exchange) -> Reply:
            assert call.caller
            key = call.caller.key.id
            if key not in told:
                told[key] = handler(call)
            return told[key]

        return again

    wrap_handler(TOKEN, wrap)


@sabotage("dezerx-new-token-ends-old")
def new_token_ends_old() -> None:
    """A new token ends those that the account had."""

    def wrap(handler: Handler) -> Handler:
        def ending(call: Exchange) -> Reply:
            for grant in call.world.tokens.grants():
                if grant.account == call.account.id:
                    grant.uses_left = 0
            return handler(call)

        return ending

    wrap_handler(TOKEN, wrap)


@sabotage("dezerx-spent-before-read")
def spent_before_read() -> None:
    """A download uses its token up first and looks for the file then."""

    def wrap(handler: Handler) -> Handler:
        def spending(call: Exchange) -> Reply:
            grant = call.look("download", call.parameters["token"], "invalid_token")
            try:
                return handler(call)
            finally:
                if call.method != "HEAD":
                    grant.uses_left = 0

        return spending

    wrap_handler(FILE, wrap)


@sabotage("dezerx-suspended-token")
def suspended_token() -> None:
    """A token is asked for its licence again when it is redeemed."""

    def wrap(handler: Handler) -> Handler:
        def asking(call: Exchange) -> Reply:
            grant = call.look("download", call.parameters["token"], "invalid_token")
            if any(not key.attributes["active"] for key in call.world.keys.of(grant.account)):
                call.refuse("invalid_token", "a licence of the account is suspended")
            return handler(call)

        return asking

    wrap_handler(FILE, wrap)


@sabotage("dezerx-file-chunked")
def file_chunked() -> None:
    """A file is sent without its length."""
    answer: Any = import_module("mockserver.layers.answer")
    send_reply = answer.send_reply

    async def chunked(reply: Reply, exchange: Exchange, send: Any) -> None:
        async def pass_on(message: Any) -> None:
            if message["type"] == "http.response.start" and isinstance(reply.body, bytes):
                message["headers"] = [item for item in message["headers"] if item[0] != b"content-length"]
            await send(message)

        await send_reply(reply, exchange, pass_on)

    answer.send_reply = chunked


# How domain and product are read.


def _reading(change: Any) -> None:
    """Domain and product are read by `change`, which is told the right reading."""
    entitle: Any = import_module("mockserver.stages.entitle")
    read = entitle._read
    entitle._read = lambda exchange, item: change(read, exchange, item)


@sabotage("dezerx-domain-trimmed")
def domain_trimmed() -> None:
    """Scheme and www. are cut off a domain before it is compared."""

    def trimmed(read: Any, exchange: Exchange, item: Any) -> Any:
        value = read(exchange, item)
        return re.sub(r"^(https?://)?(www\.)?", "", value) if isinstance(value, str) else value

    _reading(trimmed)


@sabotage("dezerx-body-wins")
def body_wins() -> None:
    """What the body says goes before what the header says."""

    def from_body(read: Any, exchange: Exchange, item: Any) -> Any:
        value = exchange.member(item.body)
        return read(exchange, item) if value is None else value

    _reading(from_body)


@sabotage("dezerx-one-place")
def one_place() -> None:
    """Who sends one of the headers is not asked for a body."""

    def either(read: Any, exchange: Exchange, item: Any) -> Any:
        if {"x-domain", "x-product-id"} & set(exchange.headers) and item.header.lower() not in exchange.headers:
            return None
        return read(exchange, item)

    _reading(either)


@sabotage("dezerx-get-without-body")
def get_without_body() -> None:
    """The body of a GET is thrown away, as many a framework does."""
    from mockserver.exchange import Exchange

    named = Exchange.member
    Exchange.member = lambda self, name: None if self.method == "GET" else named(self, name)  # type: ignore[method-assign]


@sabotage("dezerx-odd-product-missing")
def odd_product_missing() -> None:
    """A product id that is no number is as good as none."""

    def numeric(read: Any, exchange: Exchange, item: Any) -> Any:
        value = read(exchange, item)
        return None if item.type == "integer" and not isinstance(value, int) else value

    _reading(numeric)
