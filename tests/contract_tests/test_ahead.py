"""Samples that are made up while other proofs run."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.sweep.ahead import ahead
from contract_tests.sweep.kept import Kept
from contract_tests.sweep.samples import Samples
from latchkey import Contract, load

NUMBERS = {"covering": 2, "random": 1, "seeded": 3}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def test_a_sweep_finds_what_was_made_up_ahead(contract: Contract):
    """It is what the sweep would have made up itself; once it is there, nobody starts again."""
    alone = contract.only("dezerx")
    with ahead(contract, ["dezerx"], NUMBERS) as process:
        assert process
        assert process.wait() == 0
    kept, made = Kept(alone, **NUMBERS), Samples(alone, **NUMBERS)

    assert kept.complete
    assert [kept.of(operation) for operation in alone.of("dezerx")] == [
        made.of(operation) for operation in alone.of("dezerx")
    ]
    with ahead(contract, ["dezerx"], NUMBERS) as again:
        assert again is None


def test_nothing_goes_on_when_the_run_is_over(contract: Contract):
    """Whatever is not done by then."""
    with ahead(contract, ["filescom"], NUMBERS) as process:
        assert process
    assert process.returncode is not None


def test_one_processor_has_no_time_for_it(contract: Contract, monkeypatch: pytest.MonkeyPatch):
    """It would only come later to what it makes up anyway."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with ahead(contract, ["dezerx"], NUMBERS) as process:
        assert process is None
