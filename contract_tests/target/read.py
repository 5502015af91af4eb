"""From the words of a command line or a TOML file to a target."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contract_tests.target.lines import line_of
from contract_tests.target.mistakes import Mistake, mistakes
from contract_tests.target.records import PREFIX, Endpoint, Permit, StaticKey, Target, Timeouts, Tls
from contract_tests.target.schema import target_schema
from contract_tests.target.way import trusted
from latchkey import Contract

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class TargetError(Exception):
    """The target is described wrongly: the message says where and what to write, a line for each mistake."""


def read_target(text: str, contract: Contract) -> Target:
    """The target that a URL or the path of a TOML file names, with the providers of the contract. Raises TargetError."""
    if text.startswith(("http://", "https://")):
        return at_url(text, contract)
    file = Path(text)
    try:
        written = file.read_text("utf-8")
    except FileNotFoundError:
        raise TargetError(f"{text} is neither a URL (http://…) nor a file") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise TargetError(f"{text}: {problem}") from None
    return parse_target(written, file, contract)


def parse_target(written: str, file: Path, contract: Contract) -> Target:
    """The target that this text describes; `file` is where it stands. Raises TargetError."""
    try:
        raw = tomllib.loads(written)
    except tomllib.TOMLDecodeError as problem:
        line = re.search(r"at line (\d+)", str(problem))
        raise TargetError(f"{file}:{line[1] if line else len(written.splitlines())}: {problem}") from None
    found = mistakes(raw, target_schema(contract)) or _unset(raw) or _no_files(raw, file.parent)
    if found:
        raise TargetError("\n".join(_located(mistake, written, file) for mistake in found))
    target = _target(_expanded(raw), file, contract)
    try:
        trusted(target.tls)
    except OSError as problem:
        raise TargetError(f"{file}:{line_of(written, ('tls',))}: tls: {problem}") from None
    return target


def literals(text: str) -> list[str]:
    """Where the target file holds a credential itself instead of the name of a variable; nothing for a URL."""
    file = Path(text)
    if not file.is_file():
        return []
    written = file.read_text("utf-8")
    found = [
        (("providers", name, "keys", situation), value)
        for name, provider in tomllib.loads(written).get("providers", {}).items()
        for situation, value in provider.get("keys", {}).items()
    ]
    return [
        f"{file}:{line_of(written, path)}: a key stands in the file itself; write ${{NAME}}, and export the variable"
        for path, value in found
        if not _VARIABLE.search(str(value))
    ]


def _located(mistake: Mistake, written: str, file: Path) -> str:
    where = ".".join(map(str, mistake.path))
    return f"{file}:{line_of(written, mistake.path)}: {f'{where}: ' if where else ''}{mistake.says}"


def at_url(url: str, contract: Contract) -> Target:
    """Every provider under one origin. Whether there is a mock's control plane is for the run to find out."""
    base = url.rstrip("/")
    return Target(name=base, endpoints={name: Endpoint(base_url=base) for name in contract.providers})


def _unset(value: Any, path: tuple[str | int, ...] = ()) -> list[Mistake]:
    """The variables that the environment lacks, or has without a value."""
    if isinstance(value, str):
        missing = [name for name in _VARIABLE.findall(value) if not os.environ.get(name)]
        return [Mistake(path, f"the environment variable {name} is not set; export it first") for name in missing]
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [mistake for step, item in inside for mistake in _unset(item, (*path, step))]


def _no_files(raw: Mapping[str, Any], folder: Path) -> list[Mistake]:
    named = {name: folder / _filled(raw["tls"][name]) for name in _PEM if name in raw.get("tls", {})}
    return [Mistake(("tls", name), f"there is no file {file}") for name, file in named.items() if not file.is_file()]


_PEM = ("ca", "cert", "key")


def _expanded(value: Any) -> Any:
    """The same with each ${NAME} replaced by the environment's value."""
    if isinstance(value, str):
        return _filled(value)
    if isinstance(value, dict):
        return {name: _expanded(item) for name, item in value.items()}
    return [_expanded(item) for item in value] if isinstance(value, list) else value


def _filled(text: str) -> str:
    return _VARIABLE.sub(lambda hit: os.environ[hit[1]], text)


def _target(raw: Mapping[str, Any], file: Path, contract: Contract) -> Target:
    tls = raw.get("tls", {})
    pem = {name: str(file.parent / tls[name]) for name in _PEM if name in tls}
    return Target(
        name=raw.get("name", file.stem),
        endpoints={name: _endpoint(item) for name, item in raw["providers"].items() if name in contract.providers},
        prefix=raw.get("prefix", PREFIX),
        control=raw.get("control"),
        control_token=raw.get("control_token"),
        provisioner=raw.get("provisioner"),
        provisioner_options=raw.get("provisioner_options", {}),
        proxy=raw.get("proxy"),
        permit=Permit(**raw.get("permit", {})),
        timeouts=Timeouts(**raw.get("timeouts", {})),
        tls=Tls(**pem, verify=tls.get("verify", True)),
    )


def _endpoint(raw: Mapping[str, Any]) -> Endpoint:
    keys = {situation: _keys(value) for situation, value in raw.get("keys", {}).items()}
    doors = {name: value for name, value in raw.items() if name not in _API}
    base_url, headers = raw["base_url"].rstrip("/"), raw.get("headers", {})
    return Endpoint(base_url=base_url, headers=headers, keys=keys, doors=doors, window=raw.get("window"))


#: The fields of a provider that are about its API; the others name protocols.
_API = ("base_url", "headers", "keys", "window")


def _keys(value: Any) -> tuple[StaticKey, ...]:
    """One key or several, each a string or a table."""
    each = value if isinstance(value, list) else [value]
    return tuple(StaticKey(key=item) if isinstance(item, str) else StaticKey(**item) for item in each)
