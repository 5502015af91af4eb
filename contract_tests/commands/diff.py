"""`contract-tests diff`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("old", type=_IN)
@click.argument("new", type=_IN)
def diff(old: Path, new: Path) -> None:
    """Say what changed from the report OLD to the report NEW, both as --report or --json wrote them.

    Exit codes: 0 nothing got worse, 1 a rule is newly violated, broken or not verifiable, 2 a file is no report.
    """
    from contract_tests.report.changes import TITLES, changes
    from contract_tests.report.read import ReportError, read_report

    try:
        found = changes(read_report(old), read_report(new))
    except ReportError as problem:
        raise click.UsageError(str(problem)) from None
    told = {title: getattr(found, name) for name, title in TITLES.items()}
    for title, ids in told.items():
        if ids:
            click.echo("\n".join([f"{title}: {len(ids)}", *(f"  {id}" for id in ids)]))
    if not any(told.values()):
        click.echo("nothing changed")
    sys.exit(1 if found.worse else 0)
