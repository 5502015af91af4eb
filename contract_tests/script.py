"""The steps of a finding as data that another run can follow: values that an answer gave are taken from the new answer,
secrets are variables.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from contract_tests.curl import GIVEN, Redact, readable
from contract_tests.trail import Beside, Did, Sent, Spoken, Step, Together

#: What a step does that was asked over another protocol than HTTP.
SPEAK = "speak"
#: A shorter text may stand somewhere by chance.
_TELLING = 8
_VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]+)")


def as_script(steps: Sequence[Step], redact: Redact, base: str = "") -> list[dict[str, Any]]:
    """The steps as JSON data. `{{answer N POINTER}}` in a request is what the answer to the Nth request step (from 0) held
    there, `$NAME` a secret, `{base}` where the target answers.
    """
    return _Writer(redact, base).write(steps)


class _Writer:
    def __init__(self, redact: Redact, base: str) -> None:
        self._base = base
        self._redact = redact
        self._known: dict[str, str] = {}
        self._number = 0

    def write(self, steps: Sequence[Step]) -> list[dict[str, Any]]:
        return [self._step(step) for step in steps]

    def _step(self, step: Step) -> dict[str, Any]:
        if isinstance(step, Sent):
            return {"do": "send", **self._exchange(step)}
        if isinstance(step, Together):
            return {"do": "send at once", "requests": [self._exchange(sent) for sent in step.exchanges]}
        if isinstance(step, Beside):
            first = self._exchange(step.exchanges[0])
            return {"do": "send during", **first, "meanwhile": self.write(step.meanwhile)}
        return self._spoken(step) if isinstance(step, Spoken) else self._did(step)

    def _spoken(self, step: Spoken) -> dict[str, Any]:
        told = {"url": step.url, "login": step.login, "act": step.act, "path": step.path, "said": step.words}
        return {"do": SPEAK, **{name: value and self._redact(value) for name, value in told.items()}}

    def _did(self, step: Did) -> dict[str, Any]:
        words = dict(step.words)
        if step.act == "rows":
            rows = words.pop("rows")
            self._learn(f"rows {words['table']}", rows)
        if step.act == "key":
            self._learn(f"presents {self._redact(words['key'])}", words.pop("presents"))
        hidden = json.loads(self._redact(json.dumps(words, default=str)))
        return {"do": step.act, **hidden}

    def _exchange(self, sent: Sent) -> dict[str, Any]:
        request = sent.request
        given: Mapping[str, str] = request.extensions[GIVEN]
        names = {name.lower() for name in given}
        headers = dict(given)
        if "content-type" in request.headers and "content-type" not in names:
            headers["Content-Type"] = request.headers["content-type"]
        text = readable(request.content)
        record = {
            "method": request.method,
            "url": self._url(str(request.url)),
            "headers": {name: self._filled(value) for name, value in headers.items()},
            "body": self._filled(text) if text is not None else None,
            "body_base64": None if text is not None else b64encode(request.content).decode(),
            "answered": sent.reply.status if sent.reply else None,
        }
        if sent.reply:
            self._learn(f"answer {self._number}", _json(sent.reply.content))
        self._number += 1
        return record

    def _url(self, url: str) -> str:
        """Where a whole URL was handed out it is that, else a path under the target."""
        filled = self._filled(url)
        ours = self._base and filled.startswith(self._base)
        return "{base}" + filled.removeprefix(self._base) if ours else filled

    def _learn(self, source: str, value: Any) -> None:
        for pointer, text in _leaves(value):
            self._known.setdefault(text, f"{{{{{source} {pointer}}}}}")

    def _filled(self, text: str) -> str:
        written = {form: place for known, place in self._known.items() for form in (known, quote(known, safe=""))}
        if written:
            longest_first = sorted(written, key=len, reverse=True)
            text = re.sub("|".join(map(re.escape, longest_first)), lambda hit: written[hit[0]], text)
        return self._redact(text)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Pointer and text of everything in the value that is unlikely to stand elsewhere by chance."""
    inside: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    elif isinstance(value, str) and len(value) >= _TELLING and re.search(r"[\d_-]", value) and " " not in value:
        yield at, value
    elif isinstance(value, int) and abs(value) >= 10_000:
        yield at, str(value)
    for name, item in inside:
        yield from _leaves(item, f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}")


def variables(script: Any) -> set[str]:
    """The names of the secrets that the script needs."""
    return set(_VARIABLE.findall(json.dumps(script)))
