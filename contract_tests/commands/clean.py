"""`contract-tests clean`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

STATE = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder where it is kept what runs made; .latchkey beside the target file where absent.",
)


@click.command()
@click.argument("target", type=click.Path(exists=True, dir_okay=False))
@STATE
@click.option("--dry-run", is_flag=True, help="Say what is left, and send nothing.")
@click.option("--forget", is_flag=True, help="Forget what cannot be removed, once you have seen to it yourself.")
def clean(target: str, state: Path | None, dry_run: bool, forget: bool) -> None:
    """Remove what interrupted runs left on TARGET, a TOML file. Only what the suite made is touched.

    Exit codes: 0 nothing is left, 1 something is, 2 wrong usage.
    """
    if dry_run and forget:
        raise click.UsageError("--dry-run changes nothing, so there is nothing to --forget")
    from contract_tests.cleaning import clean as cleaned
    from contract_tests.logbook import LogbookError, folder_of, found
    from contract_tests.target import TargetError, read_target
    from latchkey import load

    contract, left, removed = load(), 0, 0
    try:
        described = read_target(target, contract)
        for file, book in found(folder_of(target, state), Path(target).stem):
            if book is None:
                click.echo(f"a run goes on, and will remove itself what it made: {file}")
                continue
            if dry_run:
                for item in (item for tally in book.tallies.values() for item in tally.left()):
                    left += 1
                    click.echo(f"is left: {item}")
                book.close()
                continue
            for removal in cleaned(described, contract, book, forget=forget):
                gone = removal.why is None
                removed, left = removed + gone, left + (not gone and not forget)
                click.echo(f"removed: {removal.left}" if gone else f"is left: {removal.left}: {removal.why}")
    except (TargetError, LogbookError) as problem:
        raise click.UsageError(str(problem)) from None
    click.echo(f"{removed} removed, {left} left." if removed or left else "Nothing is left.")
    sys.exit(1 if left else 0)
