"""Which proofs show which rule."""

from __future__ import annotations

import pkgutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from importlib import import_module

from contract_tests import proofs


def proofs_by_rule(rules: Iterable[str]) -> dict[str, list[str]]:
    """Rule id to its proofs, as module::function. A pattern's proof (`*.theme.what`) is listed for each rule that matches."""
    ids = list(rules)
    found: dict[str, list[str]] = defaultdict(list)
    for name in _modules():
        module = import_module(name)
        address = name.removeprefix(f"{proofs.__name__}.")
        for function_name, function in vars(module).items():
            for mark in getattr(function, "pytestmark", ()) if function_name.startswith("test_") else ():
                if mark.name == "rule":
                    pattern = str(mark.args[0])
                    for id in (fnmatch_all(ids, pattern) or [pattern]) if "*" in pattern else [pattern]:
                        found[id].append(f"{address}::{function_name}")
    return dict(found)


def _modules() -> Iterator[str]:
    """The modules of proofs: those of single providers in a package each, those of all beside them."""
    for found in pkgutil.walk_packages(proofs.__path__, f"{proofs.__name__}."):
        if found.name.rpartition(".")[2].startswith("test_"):
            yield found.name


def fnmatch_all(ids: Iterable[str], pattern: str) -> list[str]:
    return [id for id in ids if fnmatch(id, pattern)]
