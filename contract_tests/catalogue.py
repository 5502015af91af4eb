"""Which proofs show which rule."""

from __future__ import annotations

import pkgutil
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatch
from importlib import import_module

from contract_tests import proofs


def proofs_by_rule(rules: Iterable[str]) -> dict[str, list[str]]:
    """Rule id to its proofs, as module::function. A family's proof (`*.theme.what`) is listed for each of its rules."""
    ids = list(rules)
    found: dict[str, list[str]] = defaultdict(list)
    for module_info in pkgutil.iter_modules(proofs.__path__):
        if not module_info.name.startswith("test_"):
            continue
        module = import_module(f"{proofs.__name__}.{module_info.name}")
        for name, function in vars(module).items():
            for mark in getattr(function, "pytestmark", ()) if name.startswith("test_") else ():
                if mark.name == "rule":
                    pattern = str(mark.args[0])
                    for id in fnmatch_all(ids, pattern) if pattern.startswith("*.") else [pattern]:
                        found[id].append(f"{module_info.name}::{name}")
    return dict(found)


def fnmatch_all(ids: Iterable[str], pattern: str) -> list[str]:
    return [id for id in ids if fnmatch(id, pattern)]
