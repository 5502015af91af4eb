"""Keeps web pages of other sites and strangers out of the control plane."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import SplitResult, urlsplit

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SAFE = {"GET", "HEAD"}
#: The cookie of a page that signed in.
COOKIE = "latchkey"


class Guard:
    """Decides by a request's headers (names in lower case).

    Without a token only loopback names are served, so that a page cannot reach the control plane by a name that it made
    resolve to this machine. With one, every request carries it as a Bearer token or, from the dashboard, as a session.
    """

    def __init__(self, token: str | None) -> None:
        self.token = token
        self.session = secrets.token_urlsafe(32)

    def stranger(self, headers: Mapping[str, str]) -> str | None:
        """What is wrong with where the request comes from, None where nothing is."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.token is None and _split(f"//{host}").hostname not in _LOOPBACK:
            return f"the control plane answers to loopback names only, not to {host!r}; start with --token to open it"
        if origin is not None and _split(origin).netloc != host:
            return f"a page of {origin} may not use the control plane"
        return None

    def admits(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether the request carries the token or a session. A session changes something only from its own page."""
        if self.token is None or _same(headers.get("authorization", ""), f"Bearer {self.token}"):
            return True
        return _same(_cookie(headers), self.session) and (method in _SAFE or "origin" in headers)

    def opens(self, token: str) -> bool:
        """Whether this is the token."""
        return self.token is not None and _same(token, self.token)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _split(url: str) -> SplitResult:
    """The parts of a URL; none where it is not one."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
