"""FTP, as the standard library speaks it."""

from __future__ import annotations

import ftplib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from urllib.parse import urlsplit

from contract_tests.client import Fault
from contract_tests.doors.wire import Heard
from contract_tests.target import Way

#: What a server answers that does not know a command or its parameters (RFC 959, 4.2).
_UNKNOWN = ("500", "501", "502", "504")


class FtpWire:
    """A control connection, passive transfers."""

    def __init__(self, url: str, way: Way) -> None:
        self._url, self._way = url, way
        self._ftp = ftplib.FTP(timeout=way.timeouts.read)  # noqa: S321 - FTP is what is tried

    def sign_in(self, login: str, password: str) -> Heard:
        place = urlsplit(self._url)
        try:
            self._ftp.connect(place.hostname or "", place.port or ftplib.FTP_PORT, self._way.timeouts.connect)
        except OSError as problem:
            raise Fault(f"{self._url}: {problem}") from None
        return self._heard(lambda: Heard(passed=True, words=self._ftp.login(login, password)))

    def list(self, folder: str) -> Heard:
        return self._heard(lambda: self._listed(folder))

    def _listed(self, folder: str) -> Heard:
        """By MLSD, whose form is fixed, else by NLST."""
        names: list[str] = []
        try:
            answer = self._ftp.retrlines(f"MLSD {folder}", lambda line: names.append(line.partition(" ")[2]))
        except ftplib.error_perm as problem:
            if not str(problem).startswith(_UNKNOWN):
                raise
            names.clear()
            answer = self._ftp.retrlines(f"NLST {folder}", names.append)
        kept = [name.rstrip("/").rpartition("/")[2] for name in names]
        return Heard(passed=True, words=answer, names=[name for name in kept if name not in {"", ".", ".."}])

    def read(self, path: str) -> Heard:
        parts: list[bytes] = []
        return self._heard(
            lambda: Heard(
                passed=True, words=self._ftp.retrbinary(f"RETR {path}", parts.append), content=b"".join(parts)
            )
        )

    def write(self, path: str, content: bytes) -> Heard:
        return self._heard(lambda: Heard(passed=True, words=self._ftp.storbinary(f"STOR {path}", BytesIO(content))))

    def remove(self, path: str) -> Heard:
        return self._heard(lambda: Heard(passed=True, words=self._ftp.delete(path)))

    def make_folder(self, path: str) -> Heard:
        return self._heard(lambda: Heard(passed=True, words=self._ftp.voidcmd(f"MKD {path}")))

    def close(self) -> None:
        with suppress(Exception):
            self._ftp.close()

    def _heard(self, act: Callable[[], Heard]) -> Heard:
        try:
            return act()
        except ftplib.Error as problem:
            return Heard(passed=False, words=str(problem), closed=str(problem).startswith("421"))
        except TimeoutError as problem:
            raise Fault(f"{self._url}: {problem}") from None
        except (EOFError, OSError, AttributeError) as problem:
            # ftplib has no socket any more once a connection was closed: an AttributeError.
            told = f"the connection was closed ({type(problem).__name__})"
            return Heard(passed=False, words=told, closed=True)
