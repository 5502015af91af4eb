"""What changed between two reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.outcome import Outcome

#: Outcomes of a rule that is not kept.
_BROKEN = {Outcome.VIOLATED.value, Outcome.WARNED.value, Outcome.NOTED.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Ids of rules, by what became of them."""

    violated: tuple[str, ...]
    fixed: tuple[str, ...]
    unverifiable: tuple[str, ...]
    verifiable: tuple[str, ...]
    broke: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Whether something is known now to be wrong, or is no longer known to be right."""
        return bool(self.violated or self.unverifiable or self.broke)


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    """From the old report to the new one. A rule that only one of them has is added or removed, and a violation of an added
    one is a new violation, too.
    """
    before = {rule["id"]: rule["outcome"] for rule in old["rules"]}
    after = {rule["id"]: rule["outcome"] for rule in new["rules"]}
    both = [id for id in after if id in before and after[id] != before[id]]
    unverifiable = Outcome.NOT_VERIFIABLE.value
    return Changes(
        violated=tuple(id for id in after if after[id] in _BROKEN and before.get(id) not in _BROKEN),
        fixed=tuple(id for id in both if before[id] in _BROKEN and after[id] == Outcome.VERIFIED.value),
        unverifiable=tuple(id for id in both if after[id] == unverifiable),
        verifiable=tuple(id for id in both if before[id] == unverifiable and after[id] == Outcome.VERIFIED.value),
        broke=tuple(id for id in both if after[id] == Outcome.ERROR.value),
        added=tuple(id for id in after if id not in before),
        removed=tuple(id for id in before if id not in after),
    )


#: What each kind of change is called, in the order in which it is told.
TITLES = {
    "violated": "newly violated",
    "broke": "newly in error",
    "unverifiable": "newly not verifiable",
    "fixed": "fixed",
    "verifiable": "newly verified",
    "added": "rules added",
    "removed": "rules removed",
}
