"""The small version of the endurance run: what it asserts are counts, never seconds."""

from __future__ import annotations

import pytest

from benchmarks.endurance import Endured, endure


@pytest.fixture(scope="module")
def endured() -> Endured:
    return endure(4000, 400)


def test_nothing_fails(endured: Endured):
    """Thousands of requests of every kind, over many days: no 5xx, and refusals among the answers."""
    assert endured.requests >= 4000
    assert endured.accounts == 400
    assert endured.tokens > 500
    assert endured.days > 30
    assert endured.failed == 0
    assert {200, 201, 202, 204, 401, 404} <= set(endured.statuses)


def test_nothing_is_left(endured: Endured):
    """Accounts that are closed leave no bytes; tokens and windows are over; the journal is as long as it gets."""
    assert endured.left == {"accounts": 0, "objects": 0, "tokens": 0, "windows": 0, "journal": 1000}
