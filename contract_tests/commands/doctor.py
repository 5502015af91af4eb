"""`contract-tests doctor`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contract_tests.doctor import Sign

_MARKS: dict[Sign, str] = {"good": "[green]✓[/]", "bad": "[red]✗[/]", "unknown": "[yellow]?[/]"}


@click.command()
@click.argument("target")
def doctor(target: str) -> None:
    """Try each credential of TARGET once, and say what was found: who answers, how, and what every key is worth.

    Exit codes: 0 nothing has to be put right, 1 something has, 2 wrong usage.
    """
    from rich.console import Console
    from rich.markup import escape

    from contract_tests.client import Unreachable
    from contract_tests.doctor import examine
    from contract_tests.run import open_run
    from contract_tests.target import TargetError, literals, read_target
    from latchkey import load

    contract = load()
    try:
        run = open_run(read_target(target, contract), contract)
    except (TargetError, Unreachable) as problem:
        raise click.UsageError(str(problem)) from None
    console, bad, provider = Console(highlight=False), False, ""
    for where in literals(target):
        console.print(f"{_MARKS['unknown']} {escape(where)}", soft_wrap=True)
    for remark in examine(run):
        if remark.provider != provider:
            provider = remark.provider
            console.print(f"\n[bold]{escape(run.contract.providers[provider].title)}[/]")
        bad |= remark.sign == "bad"
        console.print(f"  {_MARKS[remark.sign]} [bold]{escape(remark.about)}[/] {escape(remark.says)}", soft_wrap=True)
    run.close()
    sys.exit(1 if bad else 0)
