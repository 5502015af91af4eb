"""`contract-tests replay`."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("finding", metavar="FINDING")
@click.argument("target", required=False)
def replay(report: Path, finding: str, target: str | None) -> None:
    """Send the requests of FINDING, the id of a rule that REPORT tells as not kept, once more, and say whether the answer
    still differs. TARGET is a URL or a TOML file; that of the report where absent.

    Secrets come from the target's keys, or from environment variables of the names that the curl lines use.

    Exit codes: 0 it no longer differs, 1 it still does, 2 wrong usage, or the target cannot follow the requests.
    """
    from contract_tests.client import Unreachable
    from contract_tests.logbook import LogbookError
    from contract_tests.outcome import NotVerifiable
    from contract_tests.player import NotReplayable
    from contract_tests.replay import replayed
    from contract_tests.report.read import ReportError, read_report
    from contract_tests.target import TargetError

    try:
        outcome = replayed(read_report(report), finding, target)
    except (ReportError, NotReplayable, TargetError, LogbookError, Unreachable) as problem:
        raise click.UsageError(str(problem)) from None
    except NotVerifiable as problem:
        raise click.UsageError(f"the target cannot follow the requests: {problem}") from None
    click.echo(outcome.told)
    sys.exit(1 if outcome.differs else 0)
