"""What became of the mutants, for a person and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from contract_tests.mutants.hunt import Catch


def _counts(catches: Sequence[Catch]) -> dict[str, int]:
    broken = [catch for catch in catches if catch.mutant.rule]
    harmless = [catch for catch in catches if not catch.mutant.rule]
    return {
        "mutants": len(broken),
        "killed": sum(catch.good for catch in broken),
        "harmless": len(harmless),
        "accepted": sum(catch.good for catch in harmless),
    }


def as_record(catches: Sequence[Catch], seconds: float) -> dict[str, Any]:
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
                "good": catch.good,
                "violated": list(catch.violated),
                "problem": catch.problem,
            }
            for catch in catches
        ],
    }


def print_catches(console: Console, catches: Sequence[Catch], seconds: float) -> None:
    """The survivors and the harmless variants that were refused, then the totals."""
    for catch in catches:
        if catch.good:
            continue
        what = "survived" if catch.mutant.rule else "was refused, though harmless"
        console.print(f"[bold red]✗[/] {catch.mutant.id} {what}: {escape(catch.mutant.says)}", soft_wrap=True)
        if catch.violated:
            console.print(f"    violated: {', '.join(catch.violated)}", soft_wrap=True)
        if catch.problem:
            console.print(f"    {escape(catch.problem)}", soft_wrap=True)
    count = _counts(catches)
    console.print(
        f"{count['killed']} of {count['mutants']} mutants killed by their own rule, "
        f"{count['accepted']} of {count['harmless']} harmless variants accepted, in {seconds:.0f} s."
    )
