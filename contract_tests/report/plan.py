"""A plan, as a person reads it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contract_tests.forecast import lasting
from contract_tests.plan import Plan


def print_plan(console: Console, plan: Plan) -> None:
    """A row for each provider, then what cannot be verified and what would change that."""
    table = Table("provider", "verifiable", "not verifiable", "requests", "time", box=None)
    for name, cost in plan.costs.items():
        table.add_row(name, str(cost.verifiable), str(cost.not_verifiable), str(cost.requests), lasting(cost.seconds))
    console.print(table)
    reasons = plan.reasons()
    if reasons:
        console.print("\n[bold]Not verifiable on this target[/]")
    for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
        console.print(f"  [magenta]?[/] {escape(reason)}", soft_wrap=True)
        for id in ids:
            console.print(f"      {id}", soft_wrap=True)
    requests = sum(cost.requests for cost in plan.costs.values())
    console.print(f"\n{requests} requests, about {lasting(plan.seconds)}. Nothing was sent to the target.")
