"""What is judged of every answer of a sweep."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import check
from contract_tests.provision import Key
from contract_tests.sample import Sample


@dataclass(frozen=True, slots=True)
class Tried:
    """A request that was sent, what came back, and the key that went along."""

    sample: Sample
    answer: Answer
    key: Key


def _no_server_error(lab: Lab, tried: Tried) -> None:
    check(tried.answer.status < 500, f"{tried.answer.request} not to fail", tried.answer)


def _error_envelope(lab: Lab, tried: Tried) -> None:
    """What an error is carried in is the envelope's, too."""
    if tried.answer.status >= 400:
        _media_type_described(tried.answer.conforms())


def _as_described(lab: Lab, tried: Tried) -> None:
    if tried.answer.status < 400:
        _media_type_described(tried.answer.conforms())
    else:
        tried.answer.described()


def _media_type_described(answer: Answer) -> None:
    """Whatever parameters the media type has: a charset says nothing new of JSON."""
    known = answer.described().get("content", {})
    sent = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.content and known and "*/*" not in known:
        check(
            sent in known, f"{answer.request} to answer {' or '.join(known)}", f"{answer.status} with {sent or 'none'}"
        )


def _no_key_echoed(lab: Lab, tried: Tried) -> None:
    answer = tried.answer
    if answer.status >= 400:
        text = str(answer.headers) + answer.content.decode("utf-8", "replace")
        check(tried.key.raw not in text, f"{answer.request} not to repeat the key", answer)


def _mistakes_refused(lab: Lab, tried: Tried) -> None:
    """Judged on the body as it was sent, for what was meant as a mistake may have turned out well; and as a server may read it
    that takes null and "" for nothing, and "5" for 5, which hardly a document rules out.
    """
    sample, answer = tried.sample, tried.answer
    schema = sample.operation.body
    if answer.status >= 400 or schema is None or sample.headers.get("Content-Type") != "application/json":
        return
    try:
        body = json.loads(sample.content or b"null")
    except ValueError:
        return
    error = _mistake(lab.contract.schemas.validator(schema), body) if sample.content else None
    why = f"body.{'.'.join(map(str, error.instance_path))}: {error.message}" if error else ""
    check(error is None, f"{answer.request} to refuse a body that breaks its schema ({why})", answer)


def _mistake(validator: Any, body: Any) -> Any:
    """The first mistake that stays whatever is taken for nothing or for a number; None where there is none."""
    errors = list(validator.iter_errors(body))
    return _mistake(validator, body) if any(_read(body, error) for error in errors) else next(iter(errors), None)


def _read(body: Any, error: Any) -> bool:
    """Whether what is wrong there could be read otherwise, which from now on it is."""
    *path, last = error.instance_path or [None]
    for step in path:
        body = body[step]
    value = None if last is None else body[last]
    if isinstance(body, dict) and last in body and value in (None, ""):
        del body[last]
    elif error.schema_path[-1] == "type" and re.fullmatch(r"-?\d{1,18}", str(value)) and isinstance(value, str):
        body[last] = int(value)
    else:
        return False
    return True


#: By the last word of the rule that each shows.
JUDGES: Mapping[str, Callable[[Lab, Tried], None]] = {
    "no-server-error": _no_server_error,
    "error-envelope": _error_envelope,
    "answers-as-described": _as_described,
    "no-key-echoed": _no_key_echoed,
    "mistakes-refused": _mistakes_refused,
}
