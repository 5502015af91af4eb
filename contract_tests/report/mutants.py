"""What became of the mutants, for a person and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contract_tests.mutants.hunt import Catch
from contract_tests.mutants.survey import Finding, Found


def _counts(catches: Sequence[Catch]) -> dict[str, int]:
    broken = [catch for catch in catches if catch.mutant.rule]
    harmless = [catch for catch in catches if not catch.mutant.rule]
    return {
        "mutants": len(broken),
        "killed": sum(catch.good for catch in broken),
        "harmless": len(harmless),
        "accepted": sum(catch.good for catch in harmless),
    }


def record_of_catches(catches: Sequence[Catch], seconds: float) -> dict[str, Any]:
    """All catches as JSON data."""
    return {
        "version": 1,
        "seconds": round(seconds, 1),
        **_counts(catches),
        "catches": [
            {
                "id": catch.mutant.id,
                "rule": catch.mutant.rule,
                "says": catch.mutant.says,
                "by": "sabotage" if catch.mutant.sabotage else "overlay",
                "fate": catch.fate.value,
                "good": catch.good,
                "violated": list(catch.violated),
                "problem": catch.problem,
            }
            for catch in catches
        ],
    }


def print_catches(console: Console, catches: Sequence[Catch], seconds: float) -> None:
    """A table of what is not as it should be: survivors, harmless variants that were refused, mocks that did not start.
    Then the totals.
    """
    bad = [catch for catch in catches if not catch.good]
    if bad:
        table = _table("Mutant", "Fate", "Says", "Violated", "Problem")
        for catch in bad:
            _add(
                table,
                catch.mutant.id,
                catch.fate.value,
                catch.mutant.says,
                ", ".join(catch.violated),
                catch.problem or "",
            )
        console.print(table)
    count = _counts(catches)
    console.print(
        f"{count['killed']} of {count['mutants']} mutants killed by their own rule, "
        f"{count['accepted']} of {count['harmless']} harmless variants accepted, in {seconds:.0f} s.",
        soft_wrap=True,
    )


def record_of_findings(found: Sequence[Found], stale: Sequence[str], seconds: float) -> dict[str, Any]:
    """What became of all systematic mutants as JSON data."""
    counted = Counter(item.finding for item in found)
    return {
        "version": 1,
        "seconds": round(seconds, 1),
        "mutants": len(found),
        **{finding.value: counted[finding] for finding in Finding},
        "stale": list(stale),
        "findings": [
            {
                "id": item.mutant.id,
                "says": item.mutant.says,
                "finding": item.finding.value,
                "good": item.good,
                "rule": item.rule,
                "note": item.note,
            }
            for item in found
        ],
    }


def print_findings(console: Console, found: Sequence[Found], stale: Sequence[str], seconds: float) -> None:
    """A table of what is not explained, the stale entries, then the totals."""
    bad = [item for item in found if not item.good]
    if bad:
        table = _table("Mutant", "Finding", "Says", "Note")
        for item in bad:
            _add(table, item.mutant.id, item.finding.value, item.mutant.says, item.note or "")
        console.print(table)
    for pattern in stale:
        console.print(f"stale: {escape(pattern)} in equivalent.yaml covers no survivor; remove it", soft_wrap=True)
    counted = Counter(item.finding for item in found)
    rest = ", ".join(f"{counted[finding]} {finding.value}" for finding in Finding if finding is not Finding.KILLED)
    console.print(
        f"{counted[Finding.KILLED]} of {len(found)} mutants killed, {rest}, in {seconds:.0f} s.", soft_wrap=True
    )


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*(escape(cell) for cell in cells))
