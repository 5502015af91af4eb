"""A target file in the making: every field that could be wanted, with what it means, the unused ones as comments."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract_tests.target.mistakes import mistakes
from contract_tests.target.schema import target_schema
from latchkey import Contract
from latchkey.records import Provider

_HEAD = """\
# A target of contract-tests. Secrets stay in the environment: "${NAME}" is replaced by the variable's value.
# For an editor: contract-tests init --schema > target.schema.json, and make this the first line:
# #:schema ./target.schema.json
"""


@dataclass(slots=True)
class Draft:
    """Base URLs by provider, names of variables by provider and situation, what is permitted."""

    bases: dict[str, str] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    permit: dict[str, bool | float] = field(default_factory=dict)

    def variables(self) -> list[str]:
        return sorted({name for keys in self.keys.values() for name in keys.values()})


def described(draft: Draft, contract: Contract) -> tuple[str, list[str]]:
    """The text of the file, and what is wrong with it; nothing where it can be read."""
    schema = target_schema(contract)
    text = "\n".join([_HEAD, *_lines(draft, schema, contract)]) + "\n"
    unknown = [f"{name}: no base URL is given" for name in draft.keys if name not in draft.bases]
    found = mistakes(tomllib.loads(text), schema)
    return text, [*unknown, *(f"{'.'.join(map(str, mistake.path))}: {mistake.says}" for mistake in found)]


def _lines(draft: Draft, schema: Mapping[str, Any], contract: Contract) -> Iterator[str]:
    fields = schema["properties"]
    for name in ("name", "prefix", "proxy", "provisioner"):
        yield _field(name, fields[name])
    for name, values in (("permit", draft.permit), ("timeouts", {}), ("tls", {})):
        known = fields[name]["properties"]
        yield ""
        yield f"[{name}]"
        yield from (_field(item, known.get(item, {}), values.get(item)) for item in {**known, **values})
    for provider, base in draft.bases.items():
        about = fields["providers"]["properties"].get(provider, schema["$defs"]["provider"])
        yield from ("", f"[providers.{_name(provider)}]", f"base_url = {json.dumps(base)}")
        yield '# headers = { "X-Env" = "staging" }'
        yield _field("window", about["properties"]["window"])
        doors = [name for name in about["properties"] if name in schema["$defs"]["doors"]]
        yield from (_field(name, about["properties"][name]) for name in doors)
        yield from ("", f"[providers.{_name(provider)}.keys]")
        if provider in contract.providers:
            yield from _companions(contract.providers[provider])
        yield from _keys(provider, about["properties"]["keys"].get("properties", {}), draft.keys.get(provider, {}))


def _companions(provider: Provider) -> Iterator[str]:
    """How to write what goes with a key: what it presents itself, or what else a proof can use."""
    if provider.presented:
        yield _with("what it presents", "full", provider.presented)
    for situation in provider.situations.values():
        if situation.beside:
            yield _with(" and ".join(situation.beside.values()), situation.name, situation.beside)


def _with(says: str, situation: str, names: Iterable[str]) -> str:
    return f'# with {says}: {situation} = {{ key = "${{NAME}}", presents = {{ {" = …, ".join(names)} = … }} }}'


def _keys(provider: str, known: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[str]:
    for situation in {**known, **given}:
        says = known.get(situation, {}).get("title", "")
        variable = given.get(situation) or f"{provider}_{situation}".upper()
        line = f'{_name(situation)} = "${{{variable}}}"   # {says}'
        yield line if situation in given else f"# {line}"


def _field(name: str, about: Mapping[str, Any], value: Any = None) -> str:
    """A line of the file: the field with this value, else a comment that shows how it would look."""
    says = about.get("description", "")
    if value is not None:
        return f"{_name(name)} = {json.dumps(value)}   # {says}"
    shown = about["default"] if "default" in about else about["examples"][0]
    return f"# {name} = {json.dumps(shown)}   # {says}"


def _name(text: str) -> str:
    """A bare key where TOML has it, else a quoted one."""
    return text if text.replace("-", "_").isidentifier() and text.isascii() else json.dumps(text)
