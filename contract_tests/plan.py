"""What a run on a target would show and cost, found out without sending anything to it: a mock stands in for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract_tests.outcome import Outcome, Result
from contract_tests.own_mock import doors, own_mock
from contract_tests.profile import Profile
from contract_tests.provision import Control
from contract_tests.rehearsal import stand_in, windows
from contract_tests.run import Run, prove, thrifty_run
from contract_tests.target import Target
from contract_tests.verdict import Verdict
from latchkey import Contract

#: Seconds that a request is taken to last. Waiting for limits is what takes time, so it matters little.
A_REQUEST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one provider's proofs take, `seconds` if no other provider's ran beside them."""

    verifiable: int
    not_verifiable: int
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Costs by provider; `results` by rule, of which only NOT_VERIFIABLE and its reason are about the target; `seconds` of
    the whole run.
    """

    costs: Mapping[str, Cost]
    results: Mapping[str, Result]
    seconds: float

    def reasons(self) -> dict[str, list[str]]:
        """Why rules could not be verified and what would change that, each with the rules."""
        found: dict[str, list[str]] = {}
        for result in self.results.values():
            if result.outcome is Outcome.NOT_VERIFIABLE:
                found.setdefault(result.reason or "", []).append(result.rule)
        return found


def make_plan(target: Target, contract: Contract, profile: Profile, patterns: Sequence[str] = ()) -> Plan:
    """Runs the proofs on a mock that has the target's situations and permits, and a clock that is moved. Raises MockFailed."""
    contract = contract.only(*(name for name in contract.providers if name in target.endpoints))
    named = {name for endpoint in target.endpoints.values() for name in endpoint.doors}
    with (
        windows(target, contract) as options,
        own_mock(list(contract.providers), seed=0, arguments=[*doors(named), *options]) as url,
    ):
        control = Control(f"{url}/_mock")
        here = stand_in(target, contract, url, control)
        run = thrifty_run(here, contract, sleep=control.advance, now=control.now)
        run.profile = profile
        prove(run, patterns)
        run.close()
        control.close()
    verdict = Verdict.of(run.rules, run.results)
    costs = {name: _cost(run, verdict, name) for name in run.thrift}
    return Plan(costs=costs, results=verdict.results, seconds=run.client.passed + run.client.total * A_REQUEST)


def _cost(run: Run, verdict: Verdict, provider: str) -> Cost:
    mine = [result for id, result in verdict.results.items() if run.rules[id].provider == provider]
    cannot = sum(result.outcome is Outcome.NOT_VERIFIABLE for result in mine)
    requests = sum(result.requests for result in mine)
    seconds = run.thrift[provider].waited + requests * A_REQUEST
    return Cost(verifiable=len(mine) - cannot, not_verifiable=cannot, requests=requests, seconds=seconds)


def as_record(plan: Plan) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        "seconds": round(plan.seconds),
        "providers": {
            name: {
                "verifiable": cost.verifiable,
                "not_verifiable": cost.not_verifiable,
                "requests": cost.requests,
                "seconds": round(cost.seconds),
            }
            for name, cost in plan.costs.items()
        },
        "rules": [
            {
                "id": id,
                "verifiable": result.outcome is not Outcome.NOT_VERIFIABLE,
                "requests": result.requests,
                "reason": result.reason if result.outcome is Outcome.NOT_VERIFIABLE else None,
            }
            for id, result in plan.results.items()
        ],
    }
