"""Harmless: the same answers, carried otherwise."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from email.utils import formatdate
from typing import Any

from contract_tests.mutants.sabotage._wire import Sent, rewriting
from contract_tests.mutants.sabotage.registry import sabotage


@sabotage("chunked")
def chunked() -> None:
    """JSON comes in chunks, without a length. A file's length is promised by some, so files keep theirs."""

    def rewrite(sent: Sent) -> None:
        if sent.json is not None:
            sent.drop("Content-Length")

    rewriting(rewrite, pieces=3)


@sabotage("header-names-capital")
def header_names_capital() -> None:
    """HEADER NAMES ARE IN CAPITALS."""

    def rewrite(sent: Sent) -> None:
        sent.headers = [(name.upper(), value) for name, value in sent.headers]

    rewriting(rewrite)


@sabotage("header-names-title")
def header_names_title() -> None:
    """Header-Names Are Spelled Like This."""

    def rewrite(sent: Sent) -> None:
        sent.headers = [(name.title(), value) for name, value in sent.headers]

    rewriting(rewrite)


@sabotage("connection-close")
def connection_close() -> None:
    """Each answer ends its connection."""
    rewriting(lambda sent: sent.put("Connection", "close"))


@sabotage("behind-a-proxy")
def behind_a_proxy() -> None:
    """A proxy adds headers of its own, a cookie among them, and writes lists of directives in several lines."""

    def rewrite(sent: Sent) -> None:
        control = sent.header("Cache-Control")
        if control:
            sent.drop("Cache-Control")
            sent.headers += [("cache-control", part.strip()) for part in control.split(",")]
        sent.headers += [
            ("via", "1.1 edge-7"),
            ("server", "edge"),
            ("x-served-by", "cache-fra-1"),
            ("x-cache", "MISS"),
            ("vary", "Accept-Encoding"),
            ("vary", "Origin"),
            ("server-timing", "origin;dur=12.3"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("alt-svc", 'h3=":443"; ma=86400'),
            ("set-cookie", "edge=7; Path=/; HttpOnly"),
            ("x-request-start", "t=1767225600"),
        ]

    rewriting(rewrite)


@sabotage("open-to-pages")
def open_to_pages() -> None:
    """Pages of any origin may call, and are told so; a preflight is answered by whatever stands in front."""

    def rewrite(sent: Sent) -> None:
        sent.put("Access-Control-Allow-Origin", "*")
        sent.put("Access-Control-Expose-Headers", "*")
        if sent.method == "OPTIONS":
            sent.status, sent.body = 204, b""
            sent.headers = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "*")]

    rewriting(rewrite)


@sabotage("json-pretty")
def json_pretty() -> None:
    """JSON is printed for people: on many lines, slashes and everything beyond ASCII escaped, members the other way round."""

    def rewrite(sent: Sent) -> None:
        value = sent.json
        if value is not None:
            sent.body = (json.dumps(_turned(value), indent=4).replace("/", "\\/") + "\n").encode()

    rewriting(rewrite)


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return [_turned(item) for item in value] if isinstance(value, list) else value


@sabotage("lists-turned")
def lists_turned() -> None:
    """Lists of things come the other way round; of texts the order may be what they say."""

    def rewrite(sent: Sent) -> None:
        value = sent.json
        if value is not None and sent.status < 400:
            sent.body = json.dumps(_reversed(value)).encode()

    rewriting(rewrite)


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(item) for name, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [_reversed(item) for item in reversed(value)]
    return value


@sabotage("json-charset")
def json_charset() -> None:
    """The media type of JSON names a character set, in other case."""

    def rewrite(sent: Sent) -> None:
        if sent.header("Content-Type") == "application/json":
            sent.put("Content-Type", "application/json; Charset=UTF-8")

    rewriting(rewrite)


@sabotage("more-members")
def more_members() -> None:
    """Objects have members that nobody promised: the outermost, and those that are listed or wrapped in it."""

    def rewrite(sent: Sent) -> None:
        value = sent.json
        if value is not None:
            sent.body = json.dumps(_with_more(value, 2)).encode()

    rewriting(rewrite)


#: Maps whose members are data, not fields: another member would say another thing.
_MAPS = {"errors", "formats", "fields"}


def _with_more(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return [_with_more(item, depth) for item in value]
    if not isinstance(value, dict):
        return value
    inside = {
        name: _with_more(item, depth - 1) if depth > 0 and name not in _MAPS else item for name, item in value.items()
    }
    return {**inside, "object_version": 3, "see": None, "extensions": {"experimental": [True, 1.5, "x"]}}


@sabotage("validators-of-caches")
def validators_of_caches() -> None:
    """What was found carries a weak ETag and the time of its last change."""

    def rewrite(sent: Sent) -> None:
        if sent.status == 200 and sent.header("ETag") is None:
            sent.put("ETag", f'W/"{len(sent.body):x}"')
            sent.put("Last-Modified", formatdate(sent.now, usegmt=True))

    rewriting(rewrite)


@sabotage("retry-after-date")
def retry_after_date() -> None:
    """Retry-After is a date instead of a number of seconds."""

    def rewrite(sent: Sent) -> None:
        told = sent.header("Retry-After")
        if told:
            sent.put("Retry-After", formatdate(sent.now + int(told) + 1, usegmt=True))

    rewriting(rewrite)


@sabotage("pages-for-browsers")
def pages_for_browsers() -> None:
    """Who does not accept JSON in so many words is taken for a browser: an error leads back to a page."""

    def rewrite(sent: Sent) -> None:
        if sent.status in {401, 422} and "json" not in sent.asked.get("accept", ""):
            sent.status, sent.body = 302, b""
            sent.headers = [("Location", f"{sent.base}/login"), ("Content-Type", "text/html"), ("Content-Length", "0")]

    rewriting(rewrite)


@sabotage("no-challenge")
def no_challenge() -> None:
    """A 401 does not say how to authenticate."""
    rewriting(lambda sent: sent.drop("WWW-Authenticate"))


@sabotage("many-challenges")
def many_challenges() -> None:
    """A 401 offers several ways to authenticate, in one header, with parameters of every form."""

    def rewrite(sent: Sent) -> None:
        told = sent.header("WWW-Authenticate")
        if told:
            scheme = told.split(" ")[0]
            more = (
                'realm="API, version 1", error="invalid_token", error_description="It says \\"no\\", sorry", max_age=60'
            )
            sent.put("WWW-Authenticate", f'Negotiate dG9rZW4=, Digest realm="x", {scheme} {more}')

    rewriting(rewrite)


@sabotage("no-route-page")
def no_route_page() -> None:
    """A path or method that does not exist is answered by the server in front, with a page."""
    page = b"<html><head><title>Not Found</title></head><body>nginx</body></html>"
    from mockserver.app import Mock

    def rewrite(sent: Sent) -> None:
        if sent.status in {404, 405} and _unknown(sent):
            sent.body = b"" if sent.method == "HEAD" else page
            sent.put("Content-Type", "text/html")

    known: list[re.Pattern[str]] = []
    create = Mock.__init__

    def learn(self: Mock, world: Any, **words: Any) -> None:
        create(self, world, **words)
        for operation in world.contract.operations.values():
            path = re.sub(r"\\{\w+\\}", ".+", re.escape(operation.path))
            known.append(re.compile(path))

    def _unknown(sent: Sent) -> bool:
        return sent.status == 405 or not any(path.fullmatch(sent.path) for path in known)

    Mock.__init__ = learn  # type: ignore[method-assign]
    rewriting(rewrite)


@sabotage("wrong-method-unknown")
def wrong_method_unknown() -> None:
    """A method that a path does not have is answered as a path that does not exist."""

    def rewrite(sent: Sent) -> None:
        if sent.status == 405:
            sent.status = 404
            sent.drop("Allow")

    rewriting(rewrite)


@sabotage("urls-opaque")
def urls_opaque() -> None:
    """Signed URLs show neither what they lead to nor a signature: all of it is in one segment."""
    from mockserver.app import Mock

    signed = re.compile(r'(https?:(?:\\?/){2}[^/"\\]+)(/[^"?\s]+\?[^"\s]*Signature=[^"\s]+)')

    def hidden(hit: re.Match[str]) -> str:
        return f"{hit[1]}/o/{urlsafe_b64encode(hit[2].encode()).decode().rstrip('=')}"

    def rewrite(sent: Sent) -> None:
        if sent.json is not None:
            sent.body = signed.sub(hidden, sent.body.decode()).encode()
        location = sent.header("Location")
        if location:
            sent.put("Location", signed.sub(hidden, location))

    rewriting(rewrite)
    answer = Mock.__call__

    async def opened(self: Mock, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/o/"):
            word = scope["path"].removeprefix("/o/")
            path, _, query = urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode().partition("?")
            from urllib.parse import unquote

            scope = {**scope, "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode()}
        await answer(self, scope, receive, send)

    Mock.__call__ = opened  # type: ignore[method-assign]
