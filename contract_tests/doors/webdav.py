"""WebDAV, as requests of the suite's own HTTP client: they are counted, kept and shown like any other."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

from contract_tests.answer import Answer
from contract_tests.doors.wire import Heard


class Send(Protocol):
    """Sends a request to a whole URL."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer: ...


#: What is answered to who is nobody, or may not come in this way.
_STRANGER = (401, 403)


class WebDavWire:
    """No connection but requests, each of which says who asks."""

    def __init__(self, url: str, send: Send) -> None:
        self._url, self._send = url.rstrip("/"), send
        self._headers: dict[str, str] = {}

    def sign_in(self, login: str, password: str) -> Heard:
        self._headers = _basic(login, password)
        answer = self.root(login, password)
        # Who may not see the root is signed in all the same.
        passed = answer.status not in _STRANGER and answer.status < 500
        return Heard(passed=passed, words=str(answer), answer=answer)

    def list(self, folder: str) -> Heard:
        return self._asked("PROPFIND", f"{folder.rstrip('/')}/", {"Depth": "1"}, read=self._names)

    def read(self, path: str) -> Heard:
        return self._asked("GET", path)

    def write(self, path: str, content: bytes) -> Heard:
        return self._asked("PUT", path, content=content)

    def remove(self, path: str) -> Heard:
        return self._asked("DELETE", path)

    def make_folder(self, path: str) -> Heard:
        return self._asked("MKCOL", path)

    def close(self) -> None: ...

    def root(self, login: str | None = None, password: str = "") -> Answer:
        """The answer as such to who asks for the root, with a credential or with none."""
        headers = {} if login is None else _basic(login, password)
        return self._send("PROPFIND", f"{self._url}/", headers={"Depth": "0", **headers})

    def _asked(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        content: bytes | None = None,
        read: Callable[[str, bytes], Sequence[str]] | None = None,
    ) -> Heard:
        answer = self._send(method, self._at(path), headers={**self._headers, **(headers or {})}, content=content)
        names: Sequence[str] = read(path, answer.content) if read and answer.status == 207 else []
        passed = answer.status < 300
        return Heard(passed=passed, words=str(answer), names=names, content=answer.content if passed else b"")

    def _at(self, path: str) -> str:
        """The URL of a path. Dots are escaped where clients, ours too, would resolve them themselves."""
        steps = (quote(step, safe="") if step.strip(".") else step.replace(".", "%2e") for step in path.split("/"))
        return self._url + "/".join(steps)

    def _names(self, folder: str, content: bytes) -> Sequence[str]:
        """The members of a listed folder, which is listed itself, too."""
        try:
            hrefs = ElementTree.fromstring(content).iter("{DAV:}href")  # noqa: S314 - expat expands nothing without a DTD's consent
        except ElementTree.ParseError:
            return []
        paths = [unquote(urlsplit((href.text or "").strip()).path).rstrip("/") for href in hrefs]
        itself = (urlsplit(self._url).path + folder).rstrip("/")
        return [path.rpartition("/")[2] for path in paths if path != itself]


def _basic(login: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{login}:{password}'.encode()).decode()}"}
