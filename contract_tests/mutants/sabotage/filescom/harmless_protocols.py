"""Harmless: WebDAV, FTP and SFTP of Files.com, spoken otherwise."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from contract_tests.mutants.sabotage.filescom._parts import engine
from contract_tests.mutants.sabotage.registry import sabotage


@sabotage("filescom-webdav-no-etags")
def _() -> None:
    """Files have no ETag, and there is no Last-Modified."""
    file: Any = import_module("mockserver.protocols.webdav_files").File
    file.get_etag = lambda resource: None
    file.support_etag = lambda resource: False
    file.get_last_modified = lambda resource: None


@sabotage("filescom-ftp-terse")
def _() -> None:
    """Another greeting, other words, no MLSD."""
    handler: Any = import_module("mockserver.protocols.ftp").Handler
    handler.banner = "FTP"
    handler.proto_cmds = {name: about for name, about in handler.proto_cmds.items() if name not in {"MLSD", "MLST"}}
    respond = handler.respond

    def tersely(this: Any, line: str, **named: Any) -> None:
        # What is told in words there is no answer but words.
        told = line[:3] in {"227", "229", "257"} or line[3] != " "
        respond(this, line if told else f"{line[:4]}OK.", **named)

    handler.respond = tersely


@sabotage("filescom-sftp-asks")
def _() -> None:
    """The password is asked for: keyboard-interactive authentication instead of password authentication."""
    owner, name, listen = engine("protocols.sftp:asyncssh.listen")
    setattr(owner, name, lambda **words: listen(**{**words, "kbdint_auth": True, "password_auth": False}))
