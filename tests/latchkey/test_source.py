"""YAML that is read again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from latchkey import source
from latchkey.source import read_once, read_yaml


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is parsed from now on; equal bytes are, once."""
    parsed: list[bytes] = []
    load = yaml.load

    def noted(content: bytes, Loader: Any) -> Any:  # noqa: N803 - PyYAML's name
        parsed.append(content)
        return load(content, Loader)

    monkeypatch.setattr(source, "_once", None)
    monkeypatch.setattr(source.yaml, "load", noted)
    read_once()
    return parsed


def test_equal_bytes_are_parsed_once(parsed: list[bytes], tmp_path: Path):
    """Each reader gets a value of its own, dates and aliases as when it was parsed."""
    file = tmp_path / "a.yaml"
    file.write_text("day: 2026-01-01\none: &one {list: [1]}\nother: *one\n")
    first = read_yaml(file)
    first["one"]["list"].append(2)
    second = read_yaml(file)

    assert second == {"day": "2026-01-01", "one": {"list": [1]}, "other": {"list": [1]}}
    assert second["one"] is second["other"]
    assert len(parsed) == 1


def test_changed_bytes_are_parsed_anew(parsed: list[bytes], tmp_path: Path):
    """However soon a file changes, and though its size and time may stay."""
    file = tmp_path / "a.yaml"
    for number in (1, 2, 1):
        file.write_text(f"a: {number}\n")
        assert read_yaml(file) == {"a": number}

    assert parsed == [b"a: 1\n", b"a: 2\n"]
