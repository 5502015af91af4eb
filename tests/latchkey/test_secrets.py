"""The patterns by which mock and suite hide secrets."""

from __future__ import annotations

import pytest

from latchkey import load
from latchkey.records import Mint
from latchkey.secrets import form, mints

PREFIXED = Mint(prefix="ff_live_", alphabet="abcdefghijklmnopqrstuvwxyz234567", length=32)
BARE = Mint(alphabet="0123456789abcdef", length=16)


@pytest.mark.parametrize(
    ("mint", "text", "found"),
    [
        (PREFIXED, f"key={PREFIXED.prefix}{'a' * 32}.", [PREFIXED.prefix + "a" * 32]),
        (PREFIXED, f"{PREFIXED.prefix}{'a' * 40}", [PREFIXED.prefix + "a" * 40]),
        (PREFIXED, f"{PREFIXED.prefix}{'a' * 31}", []),
        (BARE, f"/files/{'0a' * 8}?x", ["0a" * 8]),
        (BARE, f"{'0a' * 8}z and {'0a' * 9}", []),
    ],
)
def test_what_is_written_like_a_secret_is_found(mint: Mint, text: str, found: list[str]):
    """With a prefix whatever goes on for so long, without one a word of exactly that length."""
    assert [hit[0] for hit in form(mint).finditer(text)] == found
    assert all(hit[1] == mint.prefix for hit in form(mint).finditer(text))


def test_a_pattern_is_compiled_once():
    """However often a contract is read."""
    for one, other in zip(load().providers.values(), load().providers.values(), strict=True):
        for kind, mint in mints(one).items():
            assert form(mint) is form(mints(other)[kind])


def test_the_longest_secret_comes_first():
    """A shorter kind would hide a part of a longer one and leave the rest."""
    for provider in load().providers.values():
        lengths = [mint.length for mint in mints(provider).values()]
        assert lengths == sorted(lengths, reverse=True)
