"""Where the contract's files lie, and how a mistake in one is told with its file and line."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).parent
#: A wheel carries the data inside the package; a checkout has it beside the package.
HOME = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent
SPEC = HOME / "spec"
#: One file for each provider, which bears its name.
PROVIDERS = SPEC / "providers"
FIXTURES = HOME / "fixtures"

# libyaml's loader where PyYAML was built with it: ten times faster.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContractError(Exception):
    """The contract or a fixture file is wrong: the message names the file, the line, the place and what to do."""

    def __init__(self, file: Path, place: Iterable[str | int], problem: str) -> None:
        steps = [str(step) for step in place]
        line = line_of(file, steps)
        where = f"{file.name}:{line}" if line else file.name
        super().__init__(f"{where}: {'.'.join(steps) or 'document'}: {problem}")


#: What was read, by the bytes that it was read from; None as long as nobody asked for it.
_once: dict[bytes, bytes] | None = None


def read_once() -> None:
    """From now on equal bytes are parsed once: for a process that reads the contract again and again."""
    global _once
    _once = {} if _once is None else _once


def read_yaml(file: Path) -> Any:
    """The file's content. Raises ContractError where it is missing or is not YAML."""
    try:
        content = file.read_bytes()
        if _once and content in _once:
            return pickle.loads(_once[content])  # noqa: S301 - written below, in this process
        # YAML 1.1 turns unquoted dates into objects; JSON has none, so they stay strings.
        value = yaml.load(content, Loader=_json_loader())  # noqa: S506 - a safe loader
        if _once is not None:
            _once[content] = pickle.dumps(value)
        return value
    except FileNotFoundError:
        raise ContractError(file, (), f"no such file in {file.parent}; check the path") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = (f"line {mark.line + 1}",) if mark else ()
        problem = getattr(error, "problem", None) or error
        raise ContractError(file, place, f"not valid YAML: {problem}") from None


@cache
def _json_loader() -> Any:
    loader: Any = type("JsonLoader", (Loader,), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    return loader


def line_of(file: Path, steps: Iterable[str]) -> int | None:
    """The line on which the value at this path of keys and indexes begins; None where it cannot be found."""
    try:
        node = yaml.compose(file.read_bytes(), Loader=Loader)
    except (OSError, yaml.YAMLError):
        return None
    line = None
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if str(key.value) == step), None)
        elif isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
            found = (node.value[int(step)], node.value[int(step)])
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
