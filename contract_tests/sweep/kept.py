"""Samples that were made up before, kept in the user's folder for such things: to make them up takes as long as to send them."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import requires, version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from contract_tests.cache_folder import cache_folder
from contract_tests.sample import Sample
from latchkey import Contract
from latchkey.records import Operation

if TYPE_CHECKING:
    from contract_tests.sweep.samples import Samples

#: How many files are kept, each the samples of one provider and seed.
MOST = 100


class Kept:
    """The samples of each operation, from an earlier run where that made up what this one would."""

    def __init__(self, contract: Contract, *, covering: int, random: int, seeded: int) -> None:
        self._contract = contract
        self._numbers = {"covering": covering, "random": random, "seeded": seeded}
        self._file = cache_folder() / "samples" / f"{_name(contract, self._numbers)}.json"
        self._known = _read(self._file, contract)
        self._samples: Samples | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing has to be made up."""
        return self._contract.operations.keys() <= self._known.keys()

    def begin(self, operation: Operation) -> Sample | None:
        """The sample that most likely succeeds: the contract's example or, where it has none, the plainest case."""
        return next((sample for sample in self.of(operation) if sample.fits), None)

    def of(self, operation: Operation) -> list[Sample]:
        """The contract's examples first, then cases that cover it, then random ones: so many valid, so many invalid."""
        if operation.id not in self._known:
            self._known[operation.id] = self._generator().of(operation)
        return self._known[operation.id]

    def keep(self) -> None:
        """Writes down what was made up, if anything was, for the next run. Where that cannot be, it is made up again."""
        if self._samples is None:
            return
        with suppress(OSError):
            _write(self._file, self._known)

    def _generator(self) -> Samples:
        if self._samples is None:
            # Imported only where something has to be made up: that takes a second.
            from contract_tests.sweep.samples import Samples

            self._samples = Samples(self._contract, **self._numbers)
        return self._samples


def _name(contract: Contract, numbers: Mapping[str, int]) -> str:
    """The same for all that comes to the same samples: contract, numbers, seed, the generators and this code."""
    here = Path(__file__).parent
    files = (here / "samples.py", here / "astral.py", here / "kept.py", here.parent / "repeatable.py")
    code = [file.read_text("utf-8") for file in files]
    words = [word for word in requires("schemathesis") or () if "extra ==" not in word]
    generators = ["schemathesis", *(re.split(r"[^\w.-]", word)[0] for word in words)]
    versions = {name: version(name) for name in generators}
    whole = json.dumps([contract.document, contract.answers, numbers, sys.version, versions, code])
    return hashlib.sha256(whole.encode()).hexdigest()


def _read(file: Path, contract: Contract) -> dict[str, list[Sample]]:
    """What the file holds; nothing where there is none, or one that was cut off."""
    try:
        known = json.loads(file.read_text("utf-8"))
        return {id: [_sample(contract.operations[id], item) for item in items] for id, items in known.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _write(file: Path, known: Mapping[str, list[Sample]]) -> None:
    """Whole or not at all; more than MOST files are not kept, the oldest go first."""
    text = json.dumps({id: [_record(sample) for sample in samples] for id, samples in known.items()})
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, suffix=".part", delete=False) as part:
        part.write(text)
    Path(part.name).replace(file)
    for old in sorted(file.parent.iterdir(), key=lambda each: each.stat().st_mtime)[:-MOST]:
        old.unlink()


def _record(sample: Sample) -> list[Any]:
    content = None if sample.content is None else b64encode(sample.content).decode()
    return [sample.method, sample.url, sample.headers, content, sample.fits, sample.mistaken_header]


def _sample(operation: Operation, record: Sequence[Any]) -> Sample:
    method, url, headers, content, fits, mistaken = record
    return Sample(
        operation=operation,
        method=method,
        url=url,
        headers=headers,
        content=None if content is None else b64decode(content),
        fits=fits,
        mistaken_header=mistaken,
    )
