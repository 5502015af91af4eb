"""The clock runs, stands still, and moves forward."""

import ast
from pathlib import Path

import pytest

import mockserver
from mockserver.clock import Clock, iso


def test_a_running_clock_follows_its_source_and_keeps_what_it_advanced():
    """Advancing adds to the running time."""
    source = [100.0]
    clock = Clock(source=lambda: source[0])
    clock.advance(60)
    source[0] = 105.0

    assert clock.now() == 165.0


def test_a_frozen_clock_only_moves_when_told():
    """Frozen, the source does not matter; run again, time goes on from there."""
    source = [100.0]
    clock = Clock(source=lambda: source[0])
    clock.freeze()
    source[0] = 200.0
    clock.advance(10)
    assert clock.now() == 110.0

    clock.run()
    source[0] = 203.0
    assert clock.now() == 113.0


def test_time_does_not_go_back():
    """A negative step is refused."""
    with pytest.raises(ValueError, match="forward"):
        Clock().advance(-1)


@pytest.mark.parametrize(("digits", "text"), [(0, "2026-01-01T00:00:00Z"), (3, "2026-01-01T00:00:00.250Z")])
def test_iso(digits: int, text: str):
    """Unix seconds as RFC 3339 in UTC."""
    assert iso(1767225600.25, digits=digits) == text


def test_nothing_else_in_the_mock_reads_the_time():
    """Only the clock's own module names a source of time, and nothing sleeps."""
    package = Path(mockserver.__file__).parent
    readers = {
        file.name
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if (isinstance(node, ast.Import) and any(name.name == "time" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "time")
        or (isinstance(node, ast.Attribute) and node.attr in {"sleep", "today", "utcnow"})
        or (isinstance(node, ast.Attribute) and node.attr == "now" and getattr(node.value, "id", "") == "datetime")
    }
    assert readers == {"clock.py"}
