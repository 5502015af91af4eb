"""What a mock that stands in for a target hands over as its keys."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.provision import Key
from contract_tests.rehearsal import handed_over
from contract_tests.target import StaticKey
from latchkey import load
from latchkey.records import Provider


class Owner:
    """An administrator with one order."""

    def key(self, situation: str = "full", **fields: Any) -> Key:
        return Key(raw=f"key-{situation}", situation=situation)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [{"status_id": "0" * 32, "shopify_id": 7, "lines": [{}]}]


@pytest.fixture(scope="module")
def provider() -> Provider:
    return load().providers["fileflare"]


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ({}, {}),
        ({"status_id": "theirs"}, {"status_id": "0" * 32}),
        ({"status_id": "theirs", "shopify_id": "8", "colour": "red"}, {"status_id": "0" * 32, "shopify_id": "7"}),
    ],
)
def test_what_goes_with_a_key_is_the_stand_in_s_own(provider: Provider, written: dict[str, str], given: dict[str, str]):
    """Of what a target file gives with a key the stand-in gives the same, as far as the contract knows it."""
    keys = handed_over(provider, {"full": [StaticKey(key="theirs", presents=written)]}, Owner(), Owner())  # type: ignore[arg-type]

    assert keys == {"full": (StaticKey(key="key-full", presents=given),)}
