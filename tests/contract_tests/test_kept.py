"""Samples of an earlier run: taken where this run would make up the same, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract_tests.sample import Sample
from contract_tests.sweep import kept
from contract_tests.sweep.kept import Kept
from contract_tests.sweep.samples import Samples
from latchkey import Contract, load
from latchkey.records import Operation

PROVIDER = "fileforge"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load().only(PROVIDER)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations whose samples are made up from now on; nothing is kept yet."""
    made: list[str] = []
    make = Samples.of

    def noted(self: Samples, operation: Operation) -> list[Sample]:
        made.append(operation.id)
        return make(self, operation)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(Samples, "of", noted)
    return made


def taken(contract: Contract, *, seeded: int = 0, keep: bool = True) -> list[list[Sample]]:
    """The samples of a run, which are kept after it."""
    samples = Kept(contract, covering=2, random=1, seeded=seeded)
    found = [samples.of(operation) for operation in contract.of(PROVIDER)]
    if keep:
        samples.keep()
    return found


def test_the_next_run_makes_nothing_up(contract: Contract, made: list[str]):
    """It sends the same requests, to the byte."""
    first = taken(contract)
    count = len(made)

    assert taken(contract) == first
    assert len(made) == count == len(contract.of(PROVIDER))


def test_another_seed_or_contract_is_made_up_anew(contract: Contract, made: list[str]):
    """And so is what other numbers, generators or another state of this code would come to."""
    taken(contract)
    changed = Contract({**contract.document, "x-new": 1}, contract.providers, contract.operations)
    for other, seed in ((contract, 1), (changed, 0)):
        made.clear()
        taken(other, seeded=seed)
        assert len(made) == len(contract.of(PROVIDER))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"fileforge.gone": []}', '{"fileforge.list_files": [[1]]}'])
def test_a_broken_file_is_none(contract: Contract, made: list[str], tmp_path: Path, content: str):
    """What was cut off, or written by something else, is made up again."""
    first = taken(contract)
    (file,) = (tmp_path / "cache" / "latchkey" / "samples").iterdir()
    file.write_text(content)
    made.clear()

    assert taken(contract) == first
    assert len(made) == len(contract.of(PROVIDER))


def test_where_nothing_can_be_kept_a_run_goes_on(contract: Contract, made: list[str], tmp_path: Path):
    """A file stands where the folder should be."""
    (tmp_path / "cache").write_text("")

    assert taken(contract)
    assert made


def test_no_more_is_kept_than_so_many_files(contract: Contract, made: list[str], tmp_path: Path, monkeypatch: Any):
    """The oldest go first."""
    monkeypatch.setattr(kept, "MOST", 2)
    folder = tmp_path / "cache" / "latchkey" / "samples"
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / name).write_text("{}")
    taken(contract)

    assert len(list(folder.iterdir())) == 2
