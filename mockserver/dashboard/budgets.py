"""The budgets page: open windows and what they have left, and the tokens that were issued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from latchkey.rules import Rule
from mockserver.control.budgets import budgets as open_windows
from mockserver.control.tokens import tokens
from mockserver.world import World

#: Windows and tokens on the page.
SHOWN = 100


def budgets(world: World, rules: Mapping[str, Rule], query: Mapping[str, str]) -> dict[str, Any]:
    now = world.clock.now()
    return {
        "budgets": open_windows(world)[:SHOWN],
        "tokens": tokens(world, SHOWN),
        "states": Counter(grant.state(now) for grant in world.tokens.grants()),
        "accounts": world.accounts,
    }
