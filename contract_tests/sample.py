"""A request beside those that proofs write: made up, or followed from an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from latchkey.records import Operation

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request, without a credential. `url` is the path and query of one at the target, or whole where the target handed
    it out. `fits` says that all of it is meant to fit the contract; `mistaken_header` that its mistake is in a header, whose
    value then is not ours to correct.
    """

    operation: Operation
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    fits: bool
    mistaken_header: bool = False


def reaches(operation: Operation, path: str) -> bool:
    """Whether every router takes this path, unquoted, for one of the operation's."""
    odd = _CONTROL.search(path) or {"", ".", ".."} & set(path.split("/")[1:])
    return not odd and parameters_of(operation, path) is not None


def parameters_of(operation: Operation, path: str) -> dict[str, str] | None:
    """The parameters in an unquoted path; None where it is not one of this operation's."""
    deep = {item.name for item in operation.parameters if item.schema.get("format") == "path"}
    parts = re.split(r"\{(\w+)\}", operation.path)
    pattern = "".join(
        f"(?P<{part}>{'.*' if part in deep else '[^/]+'})" if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
    hit = re.fullmatch(pattern, path)
    return hit.groupdict() if hit else None
