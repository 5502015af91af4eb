"""Templates: JSON values whose strings hold {placeholders}. Filled by the mock, matched by the suite."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders replaced. A string that is one placeholder takes the value with its type;
    a placeholder without a value stays as it is.
    """
    if isinstance(template, str):
        return _read(template)(values)
    if isinstance(template, dict):
        return {name: fill(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return template


def placeholders(template: Any) -> set[str]:
    """The names of all placeholders in it."""
    if isinstance(template, str):
        return set(_PLACEHOLDER.findall(template))
    parts = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    return {name for part in parts for name in placeholders(part)}


@lru_cache(maxsize=4096)  # a contract has few templates, and each is filled often
def _read(template: str) -> Callable[[Mapping[str, Any]], Any]:
    """What fills this string."""
    whole = _PLACEHOLDER.fullmatch(template)
    if whole:
        return lambda values: values.get(whole[1], template)
    if not _PLACEHOLDER.search(template):
        return lambda values: template
    return lambda values: _PLACEHOLDER.sub(lambda hit: str(values.get(hit[1], hit[0])), template)


def differences(template: Any, actual: Any, at: str = "body") -> list[str]:
    """What of `actual` the template does not allow, one sentence each. Members that the template does not name are
    allowed; a placeholder stands for any text, or, alone in its string, for any value.
    """
    if isinstance(template, str):
        if _PLACEHOLDER.fullmatch(template):
            return []
        pattern = "".join(
            "(?s:.+)" if _PLACEHOLDER.fullmatch(part) else re.escape(part) for part in re.split(r"(\{\w+\})", template)
        )
        if isinstance(actual, str) and re.fullmatch(pattern, actual):
            return []
        return [f"{at}: {actual!r} is not {template!r}"]
    if isinstance(template, dict):
        if not isinstance(actual, dict):
            return [f"{at}: {actual!r} is not an object"]
        return [
            problem
            for name, value in template.items()
            for problem in (
                differences(value, actual[name], f"{at}.{name}") if name in actual else [f"{at}.{name}: is missing"]
            )
        ]
    return [] if template == actual else [f"{at}: {actual!r} is not {template!r}"]
