"""Makes up what sweeps are going to send while the proofs before them run, on another processor: run as
`python -m contract_tests.sweep.ahead NUMBERS PROVIDER …`, with the pickled contract on its standard input. It writes the
name of each provider when that one's samples are kept. What it does not get to, the sweep makes up itself.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile

from contract_tests.sweep.kept import Kept
from latchkey import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The process that makes samples up, and the providers whose samples it has not yet told to be kept."""

    process: subprocess.Popen[bytes]
    lacking: set[str]

    def wait(self, provider: str) -> None:
        """Returns when this provider's samples are kept, or never will be: to make them up beside it would only cost twice."""
        while provider in self.lacking and (line := self._told()):
            self.lacking.discard(line.decode().strip())

    def _told(self) -> bytes:
        assert self.process.stdout
        return self.process.stdout.readline()


@contextmanager
def ahead(contract: Contract, providers: Sequence[str], numbers: Mapping[str, int]) -> Iterator[Ahead | None]:
    """What keeps the samples of these providers, ended on leaving; None where all are kept or nothing is idle."""
    lacking = [name for name in providers if not Kept(contract.only(name), **numbers).complete]
    if not lacking or (os.cpu_count() or 1) < 2:
        yield None
        return
    command = [sys.executable, "-m", __name__, json.dumps(numbers), *lacking]
    with TemporaryFile() as document:
        # Handed over as it is: to read the files once more would take as long as to make up a provider's samples.
        pickle.dump(contract, document)
        document.seek(0)
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=document, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    with process:
        try:
            yield Ahead(process=process, lacking=set(lacking))
        finally:
            process.terminate()


def main() -> None:
    # Nearly all that is made stays: to look for garbage as often as usual takes a twentieth of the time.
    gc.set_threshold(20_000, 20, 20)
    numbers, *providers = sys.argv[1:]
    contract = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
    for name in providers:
        samples = Kept(contract.only(name), **json.loads(numbers))
        for operation in contract.of(name):
            samples.of(operation)
        samples.keep()
        print(name, flush=True)  # noqa: T201 - this is how it tells


if __name__ == "__main__":
    main()
