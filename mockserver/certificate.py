"""A certificate for TLS, made on the spot or one's own."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

NAMES = ("localhost", "127.0.0.1", "::1")


class Certificate(NamedTuple):
    """PEM files: the certificate chain, its private key, and what a client has to trust."""

    chain: Path
    key: Path
    ca: Path


def made(folder: Path, host: str) -> Certificate:
    """A certificate for loopback and this host, by an authority of its own that nobody else has the key of.

    Raises ImportError where trustme is not installed.
    """
    import trustme

    authority = trustme.CA(organization_name="latchkey mock")
    issued = authority.issue_cert(*dict.fromkeys((*NAMES, host)))
    certificate = Certificate(folder / "server.pem", folder / "server.key", folder / "ca.pem")
    issued.private_key_pem.write_to_path(certificate.key)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(certificate.chain, append=True)
    authority.cert_pem.write_to_path(certificate.ca)
    return certificate


def check(certificate: Certificate) -> None:
    """Raises OSError, of which ssl.SSLError is one, where the files are no chain and its key."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate.chain, certificate.key)
