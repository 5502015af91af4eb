"""Breaks the mock as named, then starts it with the remaining arguments."""

from __future__ import annotations

import sys

from contract_tests.mutants.sabotage import SABOTAGES


def main() -> None:
    name, *arguments = sys.argv[1:]
    SABOTAGES[name]()
    from mockserver.cli import main as mockserver

    mockserver(arguments)


if __name__ == "__main__":
    main()
