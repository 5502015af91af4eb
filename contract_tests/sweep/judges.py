"""What is judged of every answer of a sweep."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
    if tried.answer.status >= 400:
        tried.answer.conforms()


def _as_described(lab: Lab, tried: Tried) -> None:
    if tried.answer.status < 400:
        _media_type_described(tried.answer.conforms())
    else:
        _media_type_described(tried.answer)


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
    """Judged on the body as it was sent, for what was meant as a mistake may have turned out well."""
    sample, answer = tried.sample, tried.answer
    schema = sample.operation.body
    if answer.status >= 400 or schema is None or sample.headers.get("Content-Type") != "application/json":
        return
    try:
        body = json.loads(sample.content or b"null")
    except ValueError:
        return
    error = next(lab.contract.schemas.validator(schema).iter_errors(body), None) if sample.content else None
    why = f"body.{'.'.join(map(str, error.instance_path))}: {error.message}" if error else ""
    check(error is None, f"{answer.request} to refuse a body that breaks its schema ({why})", answer)


#: By the last word of the rule that each shows.
JUDGES: Mapping[str, Callable[[Lab, Tried], None]] = {
    "no-server-error": _no_server_error,
    "error-envelope": _error_envelope,
    "answers-as-described": _as_described,
    "no-key-echoed": _no_key_echoed,
    "mistakes-refused": _mistakes_refused,
}
