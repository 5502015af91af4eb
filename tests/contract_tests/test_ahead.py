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
    with ahead(contract, ["dezerx"], NUMBERS) as beside:
        assert beside
        beside.wait("dezerx")
        assert beside.process.wait() == 0
    kept, made = Kept(alone, **NUMBERS), Samples(alone, **NUMBERS)

    assert kept.complete
    assert [kept.of(operation) for operation in alone.of("dezerx")] == [
        made.of(operation) for operation in alone.of("dezerx")
    ]
    with ahead(contract, ["dezerx"], NUMBERS) as again:
        assert again is None


def test_a_sweep_waits_for_what_is_being_made_up(contract: Contract):
    """Each provider's samples are there as soon as they are waited for; the sweep makes nothing up a second time."""
    both = ["dezerx", "fileforge"]
    with ahead(contract, both, NUMBERS) as beside:
        assert beside
        for provider in both:
            beside.wait(provider)
            assert Kept(contract.only(provider), **NUMBERS).complete


def test_the_contract_of_the_run_is_made_up(contract: Contract):
    """Not the one of the files, which an overlay may have edited."""
    edited = Contract({**contract.document, "x-edited": 1}, contract.providers, contract.operations)
    with ahead(edited, ["dezerx"], NUMBERS) as beside:
        assert beside
        beside.wait("dezerx")

    assert Kept(edited.only("dezerx"), **NUMBERS).complete
    assert not Kept(contract.only("dezerx"), **NUMBERS).complete


def test_nobody_waits_for_what_is_not_made_up(contract: Contract):
    """Not for a provider whose samples are kept, nor for a process that was ended."""
    with ahead(contract, ["filescom"], NUMBERS) as beside:
        assert beside
        beside.wait("dezerx")
        assert beside.process.poll() is None
        beside.process.kill()
        beside.wait("filescom")

    assert not Kept(contract.only("filescom"), **NUMBERS).complete


def test_nothing_goes_on_when_the_run_is_over(contract: Contract):
    """Whatever is not done by then."""
    with ahead(contract, ["filescom"], NUMBERS) as beside:
        assert beside
    assert beside.process.returncode is not None


def test_one_processor_has_no_time_for_it(contract: Contract, monkeypatch: pytest.MonkeyPatch):
    """It would only come later to what it makes up anyway."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with ahead(contract, ["dezerx"], NUMBERS) as beside:
        assert beside is None
