"""The files that a mock is made from: contract, overlays, fixtures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from latchkey import Contract, load
from latchkey.source import FIXTURES, SPEC
from mockserver.fixtures import Fixtures, load_fixtures


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Which providers, all where none is named, and where their files lie."""

    providers: tuple[str, ...] = ()
    spec: Path = SPEC
    overlays: tuple[Path, ...] = ()
    fixtures: Path = FIXTURES

    def read(self) -> tuple[Contract, Mapping[str, Fixtures]]:
        """Raises ContractError, and KeyError for an unknown provider."""
        contract = load(self.spec, self.overlays)
        if self.providers:
            contract = contract.only(*self.providers)
        return contract, load_fixtures(contract, self.fixtures)

    def folders(self) -> set[Path]:
        """The folders that hold the files: an editor may replace a file rather than write it."""
        inside = {folder for folder in self.spec.rglob("*") if folder.is_dir()}
        return {self.spec, self.fixtures, *inside, *(overlay.resolve().parent for overlay in self.overlays)}
