"""Sweeps every operation of a provider with generated requests, good and bad, and judges each answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Violation, check
from contract_tests.provision import Key
from latchkey.records import Operation

#: Headers that the generator's transport adds and that say nothing; one of them is random.
_NOISE = {"user-agent", "accept-encoding", "connection", "x-schemathesis-testcaseid", "accept"}


@dataclass(slots=True)
class Sweep:
    """What a sweep saw: `failures` is the first violation of each kind, `statuses` how often each was answered."""

    failures: dict[str, tuple[Violation, list[str]]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def idle(self) -> bool:
        """Whether nothing was answered, or most with 401 or 429, so that nothing behind them was tried."""
        return self.statuses[401] + self.statuses[429] >= self.statuses.total() / 2


def sweep(lab: Lab, *, examples: int, seeded: int) -> Sweep:
    """Sends `examples` valid and as many invalid requests to each operation, repeatable from the seed."""
    seen = Sweep()
    key = lab.unlimited_key()
    # Our own settings only: the generator would otherwise look for configuration in the working directory's parents.
    schema = schemathesis.openapi.from_dict(_without_credentials(lab.contract.bundle), config=SchemathesisConfig())
    for operation in lab.operations():
        generated = schema.find_operation_by_id(operation.id)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            send = _sender(lab, operation, key, seen)
            wanted = settings(
                max_examples=examples,
                phases=[Phase.generate],
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            # Some operations leave nothing to generate: without input there is no invalid request.
            with suppress(Unsatisfiable):
                seed(seeded)(wanted(given(case=generated.as_strategy(generation_mode=mode))(send)))()
    return seen


def _sender(lab: Lab, operation: Operation, key: Key, seen: Sweep) -> Callable[[Case[Any]], None]:
    def send(case: Case[Any]) -> None:
        _judge(lab, operation, key, case, seen)

    return send


def _without_credentials(bundle: Mapping[str, Any]) -> dict[str, Any]:
    """The document without security, so that no credential is generated beside ours."""
    document = deepcopy(dict(bundle))
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return document


def _judge(lab: Lab, operation: Operation, key: Key, case: Case[Any], seen: Sweep) -> None:
    before = lab.client.sent
    answer = _send(lab, operation, key, case)
    if answer is None:
        return
    seen.statuses[answer.status] += 1
    for kind, judge in JUDGES.items():
        try:
            judge(lab, answer, key)
        except Violation as violation:
            if kind not in seen.failures:
                seen.failures[kind] = (violation, lab.client.sent_since(before))


def _send(lab: Lab, operation: Operation, key: Key, case: Case[Any]) -> Answer | None:
    """The generated request with our credential; None where it cannot be written as HTTP at all."""
    words = case.as_transport_kwargs(base_url=lab.base_url)
    headers = {name: value for name, value in (words.pop("headers", None) or {}).items() if name.lower() not in _NOISE}
    try:
        prepared = requests.Request(words.pop("method"), words.pop("url"), headers=headers, **words).prepare()
    except (ValueError, requests.RequestException):
        return None
    body = prepared.body
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else None
    written = {name: str(value) for name, value in prepared.headers.items()}
    try:
        return lab.send_raw(operation, str(prepared.method), str(prepared.url), written, content, key)
    except (UnicodeEncodeError, ValueError):
        return None


def _no_server_error(lab: Lab, answer: Answer, key: Key) -> None:
    check(answer.status < 500, f"{answer.request} not to fail", answer)


def _error_envelope(lab: Lab, answer: Answer, key: Key) -> None:
    if answer.status >= 400:
        answer.conforms()


def _as_described(lab: Lab, answer: Answer, key: Key) -> None:
    if answer.status < 400:
        answer.conforms()
    else:
        answer.described()


def _no_key_echoed(lab: Lab, answer: Answer, key: Key) -> None:
    if answer.status >= 400:
        text = str(answer.headers) + answer.content.decode("utf-8", "replace")
        check(key.raw not in text, f"{answer.request} not to repeat the key", answer)


#: What is judged of every answer, by the last word of the rule that it shows.
JUDGES = {
    "no-server-error": _no_server_error,
    "error-envelope": _error_envelope,
    "answers-as-described": _as_described,
    "no-key-echoed": _no_key_echoed,
}


def show(seen: Sweep, kind: str) -> None:
    """Raises what the sweep found of this kind; NotVerifiable where it sent nothing or was refused most of the time."""
    if kind in seen.failures:
        raise seen.failures[kind][0]
    if seen.idle:
        counts = ", ".join(f"{status} {times} times" for status, times in sorted(seen.statuses.items()))
        if not counts:
            raise NotVerifiable("the sweep could not send a single request")
        raise NotVerifiable(f"the sweep was refused most of the time ({counts}); it needs a key with budget")
