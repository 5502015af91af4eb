"""How the contract's secrets look: whoever hides them, mock or suite, finds them by the same patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from string import ascii_letters, digits

from latchkey.records import Mint, Provider


def mints(provider: Provider) -> Mapping[str, Mint]:
    """How each kind of a provider's secrets (key, session, token NAME) is written, the longest first, so that none is
    hidden in part only.
    """
    found = {"key": provider.keys.mint} | ({"session": provider.session} if provider.session else {})
    found |= {f"token {name}": token.mint for name, token in provider.tokens.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1].length))


@cache  # a contract has few, and they are looked for in everything that is shown
def form(mint: Mint) -> re.Pattern[str]:
    """What finds secrets written so; its first group is the prefix. Whatever begins so and goes on for so long is one;
    without a prefix, a word of exactly that length.
    """
    body = f"[{re.escape(''.join(sorted(set(mint.alphabet))))}]{{{mint.length}"
    if mint.prefix:
        return re.compile(f"({re.escape(mint.prefix)}){body},}}")
    around = re.escape(ascii_letters + digits)
    return re.compile(f"()(?<![{around}]){body}}}(?![{around}])")
