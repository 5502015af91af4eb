"""Sabotaged parts of the mock, put in from outside: run as `python -m contract_tests.mutants.sabotage NAME …`, in the mock's process.

Only here does this package reach into the mock, and nothing of the suite runs in that process. Each sabotage is one function
that replaces a part of the mock before it starts; each module of this folder holds those of one theme, each package those of one provider.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

from contract_tests.mutants.sabotage.registry import SABOTAGES, sabotage

__all__ = ["SABOTAGES", "sabotage"]

for _module in walk_packages(__path__, f"{__name__}."):
    if not _module.name.rpartition(".")[2].startswith("_"):
        import_module(_module.name)
