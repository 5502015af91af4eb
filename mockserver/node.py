"""What a file system of a provider is to the protocols that serve it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A file or folder as its caller sees it; times are Unix seconds, `path` begins without a slash."""

    path: str
    name: str
    folder: bool
    size: int
    created_at: float
    changed_at: float
    digest: str
    media_type: str
    writable: bool
