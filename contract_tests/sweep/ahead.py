"""Makes up what sweeps are going to send while the proofs before them run, on another processor: run as
`python -m contract_tests.sweep.ahead NUMBERS PROVIDER …`. What is not done by then, the sweep makes up itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from contract_tests.sweep.kept import Kept
from latchkey import Contract, load


@contextmanager
def ahead(
    contract: Contract, providers: Sequence[str], numbers: Mapping[str, int]
) -> Iterator[subprocess.Popen[bytes] | None]:
    """A process that keeps the samples of these providers, ended on leaving; None where all are kept or nothing is idle."""
    lacking = [name for name in providers if not Kept(contract.only(name), **numbers).complete]
    if not lacking or (os.cpu_count() or 1) < 2:
        yield None
        return
    command = [sys.executable, "-m", __name__, json.dumps(numbers), *lacking]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere) as process:  # noqa: S603 - our own module
        try:
            yield process
        finally:
            process.terminate()


def main() -> None:
    numbers, *providers = sys.argv[1:]
    contract = load()
    for name in providers:
        samples = Kept(contract.only(name), **json.loads(numbers))
        for operation in contract.of(name):
            samples.of(operation)
        samples.keep()


if __name__ == "__main__":
    main()
