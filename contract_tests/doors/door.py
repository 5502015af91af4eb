"""Where one protocol answers, and how sessions begin there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from contract_tests.answer import Answer
from contract_tests.client import Client
from contract_tests.doors.ftp import FtpWire
from contract_tests.doors.session import Session
from contract_tests.doors.sftp import SftpWire
from contract_tests.doors.webdav import Send, WebDavWire
from contract_tests.doors.wire import Heard, Wire
from contract_tests.target import Way
from contract_tests.trail import Spoken

#: Protocols that are no HTTP, each with its client.
_WIRES: Mapping[str, Callable[[str, Way], Wire]] = {"ftp": FtpWire, "sftp": SftpWire}
#: All protocols that the suite speaks, each with where a server of it could be.
EXAMPLES: Mapping[str, str] = {
    "webdav": "https://HOST/",
    "ftp": "ftp://HOST:21",
    "sftp": "sftp://HOST:22",
}


def missing(protocol: str, provider: str, *, on_mock: bool) -> str:
    """Why nothing is verifiable where a protocol's address is not known, and what would change that."""
    if on_mock:
        start = f"start it with --{protocol}, which takes pip install 'latchkey[protocols]'"
        return f"it needs {protocol}, which this mock does not serve; {start}"
    line = f'{protocol} = "{EXAMPLES[protocol]}"'
    return f"it needs {protocol}; to say where it answers, write under [providers.{provider}]: {line}"


class Door:
    """One protocol of a target. `spend` takes a request from the run's budget."""

    def __init__(self, protocol: str, url: str, client: Client, send: Send, spend: Callable[[], object]) -> None:
        self.protocol, self.url = protocol, url
        self._client, self._send, self._spend = client, send, spend

    def __str__(self) -> str:
        return f"{self.protocol} at {self.url}"

    def sign_in(self, login: str, password: str) -> Session:
        """A session of whoever signs in so, or one that was refused. Raises Fault where nobody answers, and NotVerifiable
        where the protocol's client is not installed.
        """
        about = f"{self.protocol}: the sign-in of {login}"
        if self.protocol not in _WIRES:
            return Session(
                WebDavWire(self.url, self._send), lambda act, path, content, ask: ask(), about, login, password
            )
        wire = _WIRES[self.protocol](self.url, self._client.way)

        def note(act: str, path: str, content: bytes, ask: Callable[[], Heard]) -> Heard:
            return self._spoken(
                Spoken(url=self.url, login=login, password=password, act=act, path=path, content=content), ask
            )

        try:
            return Session(wire, note, about, login, password)
        except BaseException:
            wire.close()
            raise

    def request(self, login: str | None = None, password: str = "") -> Answer:
        """The answer of WebDAV itself to who asks for the root, with a credential or with none."""
        return WebDavWire(self.url, self._send).root(login, password)

    def _spoken(self, step: Spoken, ask: Callable[[], Heard]) -> Heard:
        self._spend()
        words = None
        try:
            heard = ask()
            words = heard.words
        finally:
            self._client.speak(replace(step, words=words))
        return heard
