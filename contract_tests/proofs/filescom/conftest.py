"""The door that a proof is about."""

from __future__ import annotations

import pytest

from contract_tests.agenda import rule_of
from contract_tests.doors import Door
from contract_tests.lab import Lab


@pytest.fixture
def door(request: pytest.FixtureRequest, lab: Lab) -> Door:
    """The door that the rule is about, which its theme names."""
    return lab.door(rule_of(request.node).split(".")[1])
