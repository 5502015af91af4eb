"""Whether a verdict lets a release pass: waivers, required rules, strictness."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from contract_tests.outcome import Outcome
from contract_tests.verdict import BROKEN, CONFORMING, VIOLATED, Verdict

if TYPE_CHECKING:
    from latchkey.rules import Rule

_SHAPE = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "required": ["waiver"],
        "additionalProperties": False,
        "properties": {
            "waiver": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["rule", "target", "reason", "expires"],
                    "additionalProperties": False,
                    "properties": {
                        "rule": {"type": "string"},
                        "target": {"type": "string"},
                        "reason": {"type": "string", "minLength": 8},
                        "expires": {"type": "string", "format": "date"},
                        "ticket": {"type": "string"},
                    },
                },
            }
        },
    },
    validate_formats=True,
)


class WaiverError(Exception):
    """The file of waivers is wrong: the message says where and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A violation of one rule on one target that is known and let pass, up to and including a day."""

    rule: str
    target: str
    reason: str
    expires: date
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why a run passes or not. `waived` violations do not count; an `expired` waiver waives nothing; a `stale` one has
    nothing to waive; `missing` rules were required and could not be verified.
    """

    exit_code: int
    waived: tuple[Waiver, ...] = ()
    expired: tuple[Waiver, ...] = ()
    stale: tuple[Waiver, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a run has to come to. `require` are patterns of rules that must be verified; `strict` requires all."""

    waivers: Sequence[Waiver] = ()
    require: Sequence[str] = ()
    strict: bool = False
    strict_waivers: bool = False

    def decide(self, verdict: Verdict, target: str, today: date) -> Decision:
        """The decision on this target's verdict on this day."""
        mine = [waiver for waiver in self.waivers if waiver.target == target and waiver.rule in verdict.results]
        expired = tuple(waiver for waiver in mine if today > waiver.expires)
        alive = [waiver for waiver in mine if waiver not in expired]
        stale = tuple(waiver for waiver in alive if verdict.results[waiver.rule].outcome is Outcome.VERIFIED)
        violated = {result.rule for result in verdict.having(Outcome.VIOLATED)}
        waived = tuple(waiver for waiver in alive if waiver.rule in violated)
        patterns = ("*",) if self.strict else self.require
        missing = tuple(
            result.rule
            for result in verdict.having(Outcome.NOT_VERIFIABLE)
            if any(fnmatch(result.rule, pattern) for pattern in patterns)
        )
        return Decision(
            exit_code=self._code(verdict, violated - {waiver.rule for waiver in waived}, missing, stale),
            waived=waived,
            expired=expired,
            stale=stale,
            missing=missing,
        )

    # A violation outweighs a broken proof: it is certain.
    def _code(self, verdict: Verdict, violated: set[str], missing: tuple[str, ...], stale: tuple[Waiver, ...]) -> int:
        if violated or missing or (stale and self.strict_waivers):
            return VIOLATED
        return BROKEN if verdict.having(Outcome.ERROR) else CONFORMING


def read_waivers(file: Path, rules: Mapping[str, Rule]) -> list[Waiver]:
    """The waivers of a TOML file. Raises WaiverError."""
    try:
        raw = _plain(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise WaiverError(f"{file}: {problem}") from None
    for error in _SHAPE.iter_errors(raw):
        raise WaiverError(f"{file}: {'.'.join(map(str, error.instance_path)) or 'file'}: {error.message}")
    for number, item in enumerate(raw["waiver"]):
        if item["rule"] not in rules:
            raise WaiverError(
                f"{file}: waiver.{number}.rule: there is no rule {item['rule']}; see contract-tests rules"
            )
    return [Waiver(**{**item, "expires": date.fromisoformat(item["expires"])}) for item in raw["waiver"]]


def _plain(value: Any) -> Any:
    """TOML's dates as text, so that a date and a quoted date are the same."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
