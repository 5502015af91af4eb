"""Scenarios: a situation brought about by the control plane's actions, in order, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
from connexion.exceptions import ProblemException

from latchkey import ContractError
from latchkey.source import read_yaml
from mockserver.control import DOCUMENT, accounts, faults, keys, rows, status
from mockserver.faults import Fault
from mockserver.keys import Key
from mockserver.snapshots import go_back, take
from mockserver.world import Account, Row, World


class Unplayable(Exception):
    """A step cannot be done. Nothing of the scenario has happened. `step` counts from 0."""

    def __init__(self, step: int, problem: str) -> None:
        super().__init__(f"step {step + 1}: {problem}")
        self.step = step
        self.problem = problem


@dataclass(kw_only=True)
class Cast:
    """What a scenario has made so far, by the names that it gave. `raw` has each key's raw value, for one look only."""

    world: World
    accounts: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    raw: dict[str, str] = field(default_factory=dict, repr=False)

    def account(self, name: str) -> Account:
        """By the scenario's name, else by id. Raises the problem 404."""
        return self.accounts.get(name) or accounts.find(name, self.world)

    def key(self, name: str) -> Key:
        """Raises LookupError."""
        try:
            return self.keys[name]
        except KeyError:
            raise LookupError(f"no step made a key {name!r}; there is: {', '.join(self.keys) or 'none'}") from None


def read_scenario(file: Path) -> dict[str, Any]:
    """The file's scenario. Raises ContractError naming file, line and place."""
    scenario = read_yaml(file)
    # The control plane's document says what a scenario looks like.
    schemas = read_yaml(DOCUMENT)["components"]["schemas"]
    shape = {"$ref": "#/components/schemas/Scenario", "components": {"schemas": schemas}}
    for error in jsonschema_rs.Draft4Validator(shape).iter_errors(scenario):
        raise ContractError(file, error.instance_path, error.message)
    found: dict[str, Any] = scenario
    return found


def play_file(world: World, file: Path) -> Cast:
    """Plays the file's scenario. Raises ContractError naming file, line and place."""
    scenario = read_scenario(file)
    try:
        return play(world, scenario)
    except Unplayable as problem:
        action = next(iter(scenario["steps"][problem.step]))
        raise ContractError(file, ("steps", problem.step, action), problem.problem) from None


def play(world: World, scenario: Mapping[str, Any]) -> Cast:
    """Takes the steps of a well-formed scenario. Raises Unplayable; then the world is as it was."""
    before, cast = take(world), Cast(world=world)
    for number, step in enumerate(scenario["steps"]):
        ((action, wanted),) = deepcopy(step).items()
        try:
            ACTIONS[action](cast, wanted)
        except (ProblemException, LookupError, ValueError) as problem:
            go_back(world, before)
            said = problem.detail if isinstance(problem, ProblemException) else problem
            raise Unplayable(number, str(said)) from None
    return cast


def _name(names: dict[str, Any], wanted: dict[str, Any], made: Any) -> None:
    """Raises ValueError where the name is taken."""
    if "as" in wanted:
        if wanted["as"] in names:
            raise ValueError(f"the name {wanted['as']!r} is taken by an earlier step")
        names[wanted["as"]] = made


def _without(wanted: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name not in names}


def _account(cast: Cast, wanted: dict[str, Any]) -> None:
    _name(cast.accounts, wanted, accounts.open_account(cast.world, _without(wanted, "as")))


def _change(cast: Cast, wanted: dict[str, Any]) -> None:
    accounts.alter(cast.world, cast.account(wanted["of"]), wanted)


def _row(cast: Cast, wanted: dict[str, Any]) -> None:
    row = rows.add(cast.world, cast.account(wanted["of"]), wanted["table"], wanted["values"])
    _name(cast.rows, wanted, row)


def _key(cast: Cast, wanted: dict[str, Any]) -> None:
    if isinstance(wanted.get("user"), str):
        wanted["user"] = _id(cast, wanted["user"])
    key, raw = keys.issue(cast.world, cast.account(wanted["of"]), _without(wanted, "as", "of"))
    _name(cast.keys, wanted, key)
    if "as" in wanted:
        cast.raw[wanted["as"]] = raw


def _id(cast: Cast, name: str) -> Any:
    """The id of a row that the scenario made. Raises LookupError."""
    if name not in cast.rows:
        raise LookupError(f"no step made a row {name!r}; there is: {', '.join(cast.rows) or 'none'}")
    return cast.rows[name]["id"]


def _revoke(cast: Cast, wanted: dict[str, Any]) -> None:
    cast.world.revoke(cast.key(wanted["key"]))


def _fault(cast: Cast, wanted: dict[str, Any]) -> None:
    if "account" in wanted:
        wanted["account"] = cast.account(wanted["account"]).id
    if isinstance(wanted.get("key"), str):
        wanted["key"] = cast.key(wanted["key"]).id
    cast.faults.append(faults.set_fault(cast.world, wanted))


def _clock(cast: Cast, wanted: dict[str, Any]) -> None:
    status.move(cast.world, wanted)


ACTIONS: Mapping[str, Callable[[Cast, dict[str, Any]], None]] = {
    "account": _account,
    "change": _change,
    "row": _row,
    "key": _key,
    "revoke": _revoke,
    "fault": _fault,
    "clock": _clock,
}
