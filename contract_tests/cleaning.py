"""Removes what interrupted runs left on a target, by the files that they kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from contract_tests.leavings import Left
from contract_tests.logbook import Logbook, found
from contract_tests.run import Run, thrifty_run
from contract_tests.target import Target
from contract_tests.tidy import Removal
from latchkey import Contract


def left_over(folder: Path, name: str) -> int:
    """How many things earlier runs on the target of this name left, or may have left."""
    count = 0
    for _, book in found(folder, name):
        if book:
            count += sum(len(tally.left()) for tally in book.tallies.values())
            book.close()
    return count


def clean(target: Target, contract: Contract, book: Logbook, *, forget: bool = False) -> Iterator[Removal]:
    """Removes all that a run left, with the keys of the target file; what became of each thing, by provider.

    `forget` strikes off what could not be removed. Raises TargetError.
    """
    run = thrifty_run(replace(target, provisioner=None), contract)
    run.logbook = book
    for provider, tally in book.tallies.items():
        if provider in run.thrift:
            yield from _cleaned(run, provider, tally.left(), forget=forget)
        else:
            yield from (Removal(left=left, why=f"the target file has no providers.{provider}") for left in tally.left())
    run.close()


def _cleaned(run: Run, provider: str, left: list[Left], *, forget: bool) -> Iterator[Removal]:
    thrift = run.thrift[provider]
    assert run.logbook
    thrift.leavings = run.watch(provider, thrift.budget, run.logbook.tallies[provider])
    # Each may take two keys; what a run may send is no matter here.
    thrift.budget.requests, thrift.budget.until = 4 * len(left), float("inf")
    lab = run.lab(provider)
    lab.tidy()
    lab.close()
    yield from thrift.removals
    if forget:
        for item in thrift.removals:
            if item.why:
                thrift.leavings.forget(item.left)
