"""How requests reach the target: how long they wait, whom they trust, and through which proxy."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPSConnection

import httpx

from contract_tests.direct import Direct
from contract_tests.target.records import Timeouts, Tls


@cache
def trusted(tls: Tls) -> ssl.SSLContext:
    """Which certificates are trusted and which one is shown: read once, for that takes longer than a request.

    Raises OSError (ssl.SSLError) where a file holds no certificate or key.
    """
    context = httpx.create_ssl_context(verify=tls.verify, trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    if tls.ca:
        context.load_verify_locations(tls.ca)
    if tls.cert:
        # An empty password: a key that wants one is an error rather than a prompt.
        context.load_cert_chain(tls.cert, tls.key, password="")
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way of every request of a run. `proxy` is the URL of an HTTP proxy."""

    timeouts: Timeouts = Timeouts()
    tls: Tls = Tls()
    proxy: str | None = None

    def open(self) -> httpx.BaseTransport:
        """What sends one request after another, and follows no redirects: a redirect is an answer to be judged."""
        if self.proxy:
            return httpx.HTTPTransport(verify=trusted(self.tls), trust_env=False, proxy=self.proxy)
        return Direct(trusted(self.tls), connect=self.timeouts.connect, read=self.timeouts.read)

    @property
    def patience(self) -> Mapping[str, float]:
        """The timeouts as a request carries them, for whoever does not know them from here."""
        wait = self.timeouts.read
        return {"connect": self.timeouts.connect, "read": wait, "write": wait, "pool": wait}

    def connection(self, url: httpx.URL) -> HTTPConnection:
        """One connection of its own to where this URL is, not opened yet."""
        via, wait = httpx.URL(self.proxy) if self.proxy else url, self.timeouts.read
        if url.scheme != "https":
            return HTTPConnection(via.host, via.port, timeout=wait)
        secure = HTTPSConnection(via.host, via.port, timeout=wait, context=trusted(self.tls))
        if self.proxy:
            secure.set_tunnel(url.host, url.port)
        return secure

    def address(self, url: httpx.URL) -> str:
        """What the first line of a request names: a proxy is told the whole URL."""
        return str(url) if self.proxy and url.scheme == "http" else url.raw_path.decode("ascii")
