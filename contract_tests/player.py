"""Does again what a script says: the steps of a finding, with a target's own keys."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable
from contract_tests.provision import Key
from contract_tests.run import Run

_PLACE = re.compile(r"\{\{(answer \d+|rows \w+|presents \$\w+) ([^}]*)\}\}")
_VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]+)")


class NotReplayable(Exception):
    """The finding cannot be replayed: the message says why and what to do."""


class Player:
    """Does what a script says, with this lab's keys."""

    def __init__(self, run: Run, lab: Lab) -> None:
        self._run = run
        self._lab = lab
        self._neighbour: Lab | None = None
        self._keys: dict[str, Key] = {}
        self._values: dict[str, Any] = {}
        self._number = 0

    def play(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Raises NotReplayable where an answer before the last is another than the recorded one."""
        last = max(index for index, step in enumerate(steps) if step["do"].startswith("send"))
        with_limits = any(step.get("answered") == 429 for step in steps)
        if with_limits:
            self._lab.may_spend()
        for index, step in enumerate(steps[: last + 1]):
            self._step(step, last=index == last)

    def _step(self, step: Mapping[str, Any], *, last: bool) -> None:
        if step["do"] != "send":
            _ACTS[step["do"]](self, step)
            return
        response = self._lab.send_as_is(self._request(step))
        if not last and response.status_code != step["answered"]:
            raise NotReplayable(
                f"request {self._number + 1}, {step['method']} {step['url']}, was answered {response.status_code} and not "
                f"{step['answered']} as in the report: what follows would say nothing"
            )
        try:
            self._values[f"answer {self._number}"] = response.json()
        except ValueError:
            self._values[f"answer {self._number}"] = None
        self._number += 1

    def _request(self, step: Mapping[str, Any]) -> httpx.Request:
        content = b64decode(step["body_base64"]) if step["body_base64"] else self._filled(step["body"]).encode()
        ours = self._run.target.endpoints[self._lab.provider.name].headers
        headers = {**{name: self._filled(value) for name, value in step["headers"].items() if name not in ours}, **ours}
        return self._run.client.prepare(
            step["method"], self._url(step), headers={**headers, **self._place(headers)}, content=content or None
        )

    def _url(self, step: Mapping[str, Any]) -> str:
        url = self._filled(step["url"])
        return self._lab.base_url + url.removeprefix("{base}") if url.startswith("{base}") else url

    def _place(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Another client address for each that was used, where the target can be told one."""
        try:
            fresh = self._lab.from_elsewhere()
        except NotVerifiable:
            return {}
        for name, value in fresh.items():
            if name in headers:
                return {name: self._values.setdefault(f"address {headers[name]}", value)}
        return {}

    def _filled(self, text: str) -> str:
        text = _PLACE.sub(lambda hit: str(self._pointed(hit[1], hit[2])), text)
        return _VARIABLE.sub(lambda hit: self._secret(hit[1]), text)

    def _pointed(self, source: str, pointer: str) -> Any:
        value: Any = self._values.get(source)
        for step in (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]):
            try:
                value = value[int(step) if isinstance(value, list) else step]
            except (KeyError, IndexError, ValueError, TypeError):
                raise NotReplayable(
                    f"{source} holds nothing at {pointer}: it is another than the recorded one"
                ) from None
        return value

    def _secret(self, name: str) -> str:
        if name in self._keys:
            return self._keys[name].raw
        if name in os.environ:
            self._lab.hide(os.environ[name], name)
            return os.environ[name]
        if name == "FORGED_KEY":
            return self._lab.forged()
        return self._key({"key": f"${name}", "situation": self._situation(name), "fields": {}}).raw

    def _situation(self, name: str) -> str:
        """The situation that the name of a key tells."""
        for situation in self._lab.provider.situations:
            if re.fullmatch(f"{self._lab.provider.name}_(neighbour_)?{situation}_key(_\\d+)?".upper(), name):
                return situation
        raise NotReplayable(f"the report does not say where ${name} comes from; export it and try again")

    def _key(self, step: Mapping[str, Any]) -> Key:
        name, lab = step["key"].removeprefix("$"), self._lab
        if "_NEIGHBOUR_" in name:
            lab = self._neighbour = self._neighbour or self._lab.neighbour()
        made = lab.key(step["situation"], **step["fields"])
        self._keys[name], self._values[f"presents ${name}"] = made, made.presents
        return made

    def _known(self, step: Mapping[str, Any]) -> Key:
        name = step["key"].removeprefix("$")
        return self._keys.get(name) or self._key({**step, "situation": self._situation(name), "fields": {}})

    def _rotate(self, step: Mapping[str, Any]) -> None:
        self._keys[step["new"].removeprefix("$")] = self._lab.rotate(self._known(step))

    def _rows(self, step: Mapping[str, Any]) -> None:
        self._values[f"rows {step['table']}"] = self._lab.admin.rows(step["table"])

    def _change_row(self, step: Mapping[str, Any]) -> None:
        fields = json.loads(self._filled(json.dumps(step["fields"])))
        self._lab.admin.change_row(step["table"], step["id"], **fields)

    def _send_many(self, step: Mapping[str, Any]) -> None:
        raise NotReplayable("requests at the same time stand before the last: run the suite with --rule")


_ACTS = {
    "key": Player._key,
    "rotate": Player._rotate,
    "rows": Player._rows,
    "change_row": Player._change_row,
    "revoke": lambda player, step: player._lab.admin.revoke(player._known(step)),
    "change_key": lambda player, step: player._lab.admin.change_key(player._known(step), **step["fields"]),
    "change_account": lambda player, step: player._lab.admin.change_account(**step["fields"]),
    "advance": lambda player, step: player._lab.advance(step["seconds"]),
    "send at once": Player._send_many,
    "send during": Player._send_many,
}
