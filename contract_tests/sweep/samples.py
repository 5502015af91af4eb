"""Requests made up from the contract: its examples, the bounds of its schemas, astral texts, and random ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any
from unittest import SkipTest
from urllib.parse import unquote, urlsplit

import requests
import schemathesis
from hypothesis import given, seed, settings
from hypothesis.errors import StopTest, Unsatisfiable, UnsatisfiedAssumption
from hypothesis.strategies import DataObject, data
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.coverage import GenerationSession
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.hypothesis.examples import generate_one
from schemathesis.generation.overrides import Override
from schemathesis.schemas import APIOperation

from contract_tests.repeatable import SETTINGS, repeatable
from contract_tests.sample import Sample, reaches
from contract_tests.sweep.astral import astral_text, with_astral_texts
from latchkey import Contract
from latchkey.records import Operation

#: Headers that the generator's transport adds and that say nothing; one of them is random.
_NOISE = {"user-agent", "accept-encoding", "connection", "x-schemathesis-testcaseid", "accept"}
Generated = APIOperation[Any, Any, Any, Any]
_VALID, _INVALID = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
#: Methods that a path does not have are another rule's.
_SETTINGS: dict[str, Any] = {"phases": {"coverage": {"unexpected-methods": []}}}
_BOUNDARY = re.compile(r"multipart/.*boundary=(\w+)")
#: How many tries in succession may come to no random case. Hypothesis itself would try a thousand times.
_PATIENCE = 12


class _Enough(BaseException):
    """Nothing can be drawn. Not an Exception: hypothesis would take one for a failed test, and try it again."""


class Samples:
    """The samples of each operation; the same for the same contract, numbers and seed."""

    def __init__(self, contract: Contract, *, covering: int, random: int, seeded: int) -> None:
        self._contract = contract
        self._covering_most = covering
        self._random_most = random
        self._seed = seeded
        # Our own settings only: the generator would otherwise look for configuration in the working directory's parents.
        config = SchemathesisConfig.from_dict(_SETTINGS)
        self._generation = config.projects.get_default().generation
        self._schema = schemathesis.openapi.from_dict(_without_credentials(contract.bundle), config=config)

    def of(self, operation: Operation) -> list[Sample]:
        """The contract's examples first, then cases that cover it, then random ones: so many valid, so many invalid. Where
        there is one of astral texts, it takes the place of a random one.
        """
        generated = self._schema.find_operation_by_id(operation.id)
        with repeatable():
            cases = [*_exemplified(generated), *self._covering(generated)]
            astral = list(self._astral(operation, generated, cases))
            for mode, most in ((_VALID, self._random_most - len(astral)), (_INVALID, self._random_most)):
                cases += self._random(generated, mode, most, f"{self._seed} {operation.id} {mode.value}")
            return list(_distinct([*(sample for case in cases if (sample := _written(operation, case))), *astral]))

    def _covering(self, generated: Generated) -> Iterator[Case[Any]]:
        """Cases at the bounds of the schemas, evenly chosen of all there are."""
        generator = CoverageGenerator(
            operation=generated,
            generation_modes=[_VALID, _INVALID],
            generation_config=self._generation,
            auth_storage=None,
            override=Override(),
            feedback=NO_FEEDBACK,
            # The generator's own session is the process's, and remembers what earlier sweeps have seen.
            session=GenerationSession(),
        )
        cases = list(generator)
        for mode in (_VALID, _INVALID):
            yield from _evenly(
                [case for case in cases if case.meta and case.meta.generation.mode == mode], self._covering_most
            )

    def _astral(self, operation: Operation, generated: Generated, cases: Sequence[Case[Any]]) -> Iterator[Sample]:
        """The first of these cases that fits, with an astral character in each free text; none where there is no such text."""
        plain = next(filter(_fits, cases), None)
        if plain is None:
            return
        asked = {item.name: item for item in operation.parameters if item.location == "query"}
        query = {name: text for name, item in asked.items() if (text := astral_text(item.schema))}
        body = with_astral_texts(self._contract, operation.body, plain.body) if operation.body else plain.body
        if not query and body == plain.body:
            return
        # Of the rest of the query no more than has to be, for that may be what it is refused for.
        needed = {name: value for name, value in plain.query.items() if asked[name].required}
        case = generated.Case(
            path_parameters=plain.path_parameters,
            headers=plain.headers,
            query=needed | query,
            body=body,
            media_type=plain.media_type,
        )
        if sample := _written(operation, case):
            # A token's text is free, too, and a good one is not to be put in its place.
            yield replace(sample, fits=operation.token is None)

    def _random(self, generated: Generated, mode: GenerationMode, most: int, seeded: str) -> list[Case[Any]]:
        """So many drawn at random; fewer where the operation leaves little to choose."""
        drawn: list[Case[Any]] = []
        if most < 1:
            return drawn
        strategy, failed = generated.as_strategy(generation_mode=mode), 0

        @seed(seeded)
        @settings(SETTINGS, max_examples=most)
        @given(data())
        def draw(source: DataObject) -> None:
            nonlocal failed
            failed += 1
            try:
                drawn.append(source.draw(strategy))
                failed = 0
            except (StopTest, UnsatisfiedAssumption):
                if failed == _PATIENCE:
                    raise _Enough from None
                raise

        with suppress(Unsatisfiable, SkipTest, _Enough):
            draw()
        return drawn


def _without_credentials(bundle: Mapping[str, Any]) -> dict[str, Any]:
    """The document without security, so that no credential is generated beside ours."""
    document = deepcopy(dict(bundle))
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return document


def _exemplified(generated: Generated) -> list[Case[Any]]:
    return [generate_one(strategy) for strategy in generated.get_strategies_from_examples()]


def _evenly(cases: list[Case[Any]], most: int) -> list[Case[Any]]:
    """At most this many of them, from the first on and evenly spread."""
    step = max(1.0, len(cases) / most)
    return [cases[int(index * step)] for index in range(min(most, len(cases)))]


def _written(operation: Operation, case: Case[Any]) -> Sample | None:
    """The case as a request; None where it cannot be written as HTTP, or would not be one of this operation."""
    words = case.as_transport_kwargs(base_url="http://target.invalid")
    headers = {name: value for name, value in (words.pop("headers", None) or {}).items() if name.lower() not in _NOISE}
    try:
        prepared = requests.Request(words.pop("method"), words.pop("url"), headers=headers, **words).prepare()
        written = {name: str(value) for name, value in prepared.headers.items() if name.lower() != "content-length"}
        "".join(f"{name}{value}" for name, value in written.items()).encode("ascii")
    except (ValueError, requests.RequestException):
        return None
    parts = urlsplit(str(prepared.url))
    if not reaches(operation, unquote(parts.path)):
        return None
    body, meta = prepared.body, case.meta
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else None
    boundary = _BOUNDARY.search(written.get("Content-Type", ""))
    if boundary and content:
        # Drawn by the transport, and from no seed.
        written["Content-Type"] = written["Content-Type"].replace(boundary[1], "boundary")
        content = content.replace(boundary[1].encode(), b"boundary")
    modes = {location.value: part.mode for location, part in meta.components.items()} if meta else {}
    return Sample(
        operation=operation,
        method=str(prepared.method),
        url=parts.path + (f"?{parts.query}" if parts.query else ""),
        headers=written,
        content=content,
        fits=_fits(case),
        mistaken_header=modes.get("header") == _INVALID,
    )


def _fits(case: Case[Any]) -> bool:
    return case.meta is None or case.meta.generation.mode == _VALID


def _distinct(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Each request once: operations without input would otherwise be sent the same again and again."""
    seen = set()
    for sample in samples:
        wire = (sample.method, sample.url, tuple(sample.headers.items()), sample.content)
        if wire not in seen:
            seen.add(wire)
            yield sample
