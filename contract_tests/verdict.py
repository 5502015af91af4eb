"""From the results of proofs to one outcome per rule, and to the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract_tests.outcome import Outcome, Result

if TYPE_CHECKING:
    from latchkey.rules import Rule

CONFORMING, VIOLATED, USAGE, BROKEN = 0, 1, 2, 3
#: 128 and the number of SIGINT, as shells have it.
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the run found, by rule in the catalogue's order. A rule's result is its gravest."""

    results: Mapping[str, Result]

    @classmethod
    def of(cls, rules: Mapping[str, Rule], results: Iterable[Result]) -> Verdict:
        order = list(Outcome)
        gravest: dict[str, Result] = {}
        requests: Counter[str] = Counter()
        for result in results:
            requests[result.rule] += result.requests
            known = gravest.get(result.rule)
            if known is None or order.index(result.outcome) < order.index(known.outcome):
                gravest[result.rule] = result
        return cls({id: replace(found, requests=requests[id]) for id in rules if (found := gravest.get(id))})

    def having(self, *outcomes: Outcome) -> list[Result]:
        return [result for result in self.results.values() if result.outcome in outcomes]

    def not_reached(self) -> dict[str, list[str]]:
        """Why the run did not come to rules, each with the rules."""
        found: dict[str, list[str]] = {}
        for result in self.having(Outcome.ERROR):
            if not result.reached:
                found.setdefault(result.reason or "", []).append(result.rule)
        return found

    def count(self) -> dict[Outcome, int]:
        """How many rules came to each outcome, zeros included."""
        return {outcome: len(self.having(outcome)) for outcome in Outcome}
