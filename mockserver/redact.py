"""Hides what opens something in whatever is shown of an exchange: by the forms in which the contract writes keys, sessions
and tokens, by what was presented as a credential, and by names that tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from latchkey.records import Provider
from latchkey.secrets import form, mints
from mockserver.journal import Entry

#: What stands in a secret's place, from what kind of secret it is: key, session, token, password or secret.
Hide = Callable[[str], str]

_KINDS = ("password", "secret", "token", "signature", "session", "credential")
_NAMES = re.compile(rf"{'|'.join(_KINDS)}|^(?:raw[-_]|x-)?(?:api[-_]?)?key$|authorization|cookie", re.IGNORECASE)
_MEMBER = re.compile(r'("([^"\\]{1,80})"\s*:\s*")((?:[^"\\]|\\.)*)(?=")')
_PARAMETER = re.compile(r"(?<![^&?])([^=&]+)=([^&]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An exchange without its secrets. A body is None where it is no text."""

    path: str
    query: str
    headers: Mapping[str, str]
    body: str | None
    answer_headers: tuple[tuple[str, str], ...]
    answer: str | None


def dots(kind: str) -> str:
    """Hides every secret alike."""
    return "…"


class Redactor:
    """Knows the secrets of one provider, or without one only the names that tell."""

    def __init__(self, provider: Provider | None = None) -> None:
        self._pattern = re.compile(provider.keys.pattern if provider else r"(?!)")
        self._prefix = provider.keys.stored.prefix if provider else 0
        self._credentials = {item.header.lower(): item for item in provider.credentials} if provider else {}
        self._forms = {kind: form(mint) for kind, mint in mints(provider).items()} if provider else {}

    def show(self, entry: Entry, hide: Hide = dots) -> Shown:
        """The entry's exchange; `hide` writes what stands for a secret."""
        was = entry.transcript
        presented = self._presented(was.headers)

        def clean(text: str) -> str:
            return self._clean(text, presented, hide)

        return Shown(
            path=entry.path,
            query=_PARAMETER.sub(lambda hit: f"{hit[1]}={_named(hit[1], hit[2], hide)}", clean(was.query)),
            headers={name: self._header(name, value, clean, hide) for name, value in was.headers.items()},
            body=_text(was.body, clean, hide),
            answer_headers=tuple(
                (name, self._header(name, value, clean, hide))
                for name, value in (
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in was.answer_headers
                )
            ),
            answer=_text(was.answer, clean, hide),
        )

    def text(self, text: str, hide: Hide = dots) -> str:
        """The text without what is written as a secret of this provider."""
        for kind, written in self._forms.items():
            text = written.sub(hide(kind.partition(" ")[0]), text)
        return text

    def _presented(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Each credential that the request carries, to its kind."""
        values = {_split(headers[name])[1]: item.kind for name, item in self._credentials.items() if name in headers}
        return {secret: kind for secret, kind in values.items() if len(secret) >= 6}

    def _clean(self, text: str, presented: Mapping[str, str], hide: Hide) -> str:
        for secret, kind in presented.items():
            text = text.replace(secret, hide(kind))
        return self.text(text, hide)

    def _header(self, name: str, value: str, clean: Callable[[str], str], hide: Hide) -> str:
        credential = self._credentials.get(name.lower())
        if credential is None:
            return hide("secret") if _NAMES.search(name) else clean(value)
        scheme, secret = _split(value)
        if hide is dots and self._pattern.fullmatch(secret):
            return f"{scheme}{secret[: self._prefix]}…"
        return scheme + hide(credential.kind)


def _split(header: str) -> tuple[str, str]:
    """The scheme of a credential, with the space after it, and the rest."""
    scheme, space, secret = header.strip().rpartition(" ")
    return scheme + space, secret


def _named(name: str, value: str, hide: Hide) -> str:
    """The value, hidden where its name tells that it is secret."""
    if not value or not _NAMES.search(name):
        return value
    return hide("password" if "password" in name.lower() else "token" if "token" in name.lower() else "secret")


def _text(body: bytes, clean: Callable[[str], str], hide: Hide) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError as problem:
        # A body that was cut off may end in the middle of a letter.
        if problem.start < len(body) - 3:
            return None
        text = body[: problem.start].decode()
    if "\0" in text:
        return None
    return _MEMBER.sub(lambda hit: hit[1] + _named(hit[2], hit[3], hide), clean(text))
