"""Follows the steps of a finding once more and compares the last answer with the recorded one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contract_tests.logbook import Logbook
from contract_tests.outcome import Outcome
from contract_tests.player import NotReplayable, Player
from contract_tests.report.exchange import as_record
from contract_tests.run import Run, check_reachable, open_run, prove
from contract_tests.script import SPEAK
from contract_tests.target import read_target
from contract_tests.trail import exchanges
from latchkey import load

#: What differs from one time to the next: variables, addresses, ids, dates, and numbers of many digits.
_VARYING = re.compile(r"\b\d+(?:\.\d+){3}(?::\d+)?|\$[A-Z][A-Z0-9_]+|\b[0-9a-fA-F]{8}[\w-]*|[\w-]*\d{4,}[\w:.+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Whether the target still differs from what was expected, and in words."""

    differs: bool
    told: str


def replayed(report: Mapping[str, Any], finding: str, where: str | None) -> Replayed:
    """Follows the steps of this finding, and removes what they made.

    Raises NotReplayable, NotVerifiable, TargetError, LogbookError and Unreachable.
    """
    record = _finding(report, finding)
    contract = load().only(record["provider"])
    run = open_run(read_target(where or report["target"], contract), contract, seed=report["seed"])
    try:
        check_reachable(run)
        run.logbook = Logbook.beside(where or report["target"]) if run.thrift else None
        outcome = _judged(run, record) if _can_be_followed(record["steps"]) else _proved(run, finding)
        run.tidy()
        left = [f"is left: {item.left}: {item.why}" for item in run.left()]
        return replace(outcome, told="\n".join([outcome.told, *left]))
    except BaseException:
        run.tidy()
        raise
    finally:
        run.close()


def _finding(report: Mapping[str, Any], finding: str) -> Mapping[str, Any]:
    findings = {rule["id"]: rule for rule in report["rules"] if rule["steps"]}
    if finding not in findings:
        raise NotReplayable(f"the report has no finding {finding}; it has: {', '.join(findings) or 'none'}")
    record: Mapping[str, Any] = findings[finding]
    if not any(step["do"].startswith(("send", SPEAK)) for step in record["steps"]):
        raise NotReplayable(f"the finding {finding} has no requests; run the suite with --rule {finding}")
    return record


def _can_be_followed(steps: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the steps are requests, one after another, whose credentials are known by name: no sign-in with a password."""
    requests = [step for step in steps if step["do"].startswith("send")]
    speaks = any(step["do"] == SPEAK for step in steps)
    signs_in = any(value.startswith("Basic ") for step in requests for value in step.get("headers", {}).values())
    return not speaks and not signs_in and requests[-1]["do"] == "send"


def _proved(run: Run, finding: str) -> Replayed:
    """What happens at the same time, or in a session, cannot be followed step by step: the rule's own proof tries it again."""
    prove(run, [finding])
    result = next((result for result in run.results if result.rule == finding), None)
    if result is None or result.outcome in {Outcome.ERROR, Outcome.NOT_VERIFIABLE}:
        raise NotReplayable(f"the proof did not come about: {result and result.reason}")
    differs = result.outcome is not Outcome.VERIFIED
    return Replayed(differs=differs, told=f"{_word(differs)}: {result.actual or 'the rule is kept'}")


def _judged(run: Run, record: Mapping[str, Any]) -> Replayed:
    lab = run.lab(record["provider"])
    try:
        Player(run, lab).play(record["steps"])
        now = as_record(exchanges(run.client.take_sent())[-1], run.client.redact)
    finally:
        lab.close()
    before = record["exchanges"][-1]["response"]
    differs = _same(before, now["response"], record["about"])
    lines = [
        f"{_word(differs)}: {now['method']} {now['url']}",
        f"expected  {record['expected']}",
        f"recorded  {_short(before)}",
        f"now       {_short(now['response'])}",
    ]
    return Replayed(differs=differs, told="\n".join(lines))


def _word(differs: bool) -> str:
    return "still differs" if differs else "no longer differs"


def _short(response: Mapping[str, Any] | None) -> str:
    return f"{response['status']} {response['body'][:200]}".strip() if response else "no answer"


def _same(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None, about: str | None) -> bool:
    """Whether the two answers agree in what the finding is about."""
    if before is None or now is None or before["status"] != now["status"]:
        return before is now
    if about == "status":
        return True
    if about:
        name = about.removeprefix("header ").lower()
        return _values(before, name) == _values(now, name)
    return _steady(before["body"]) == _steady(now["body"])


def _values(response: Mapping[str, Any], wanted: str) -> list[str]:
    return [_steady(value) for name, value in response["headers"] if name.lower() == wanted]


def _steady(text: str) -> str:
    return _VARYING.sub("…", text)
