"""Tokens: redeemed so often, for so long, and evicted after."""

import pytest

from latchkey.records import Mint, Token
from mockserver.mint import Source
from mockserver.tokens import Unredeemable, Vault

ONCE = Token(name="once", ttl=100, uses=1, mint=Mint(alphabet="abcdef0123456789", length=32))


@pytest.fixture
def vault() -> Vault:
    return Vault(Source(1))


def test_a_token_is_redeemed_once(vault: Vault):
    """The second redemption finds it spent; its data came back with the first."""
    raw = vault.issue(ONCE, "acme", 0.0, {"file": 7})

    assert vault.redeem(ONCE, raw, 1.0).data == {"file": 7}
    with pytest.raises(Unredeemable) as problem:
        vault.redeem(ONCE, raw, 2.0)
    assert problem.value.state == "spent"


@pytest.mark.parametrize(("moment", "alive"), [(99.9, True), (100.0, False)])
def test_a_token_lives_for_its_ttl(vault: Vault, moment: float, alive: bool):
    """It is good until just before its ttl is over."""
    raw = vault.issue(ONCE, "acme", 0.0, {})

    if alive:
        vault.redeem(ONCE, raw, moment)
    else:
        with pytest.raises(Unredeemable, match="expired"):
            vault.redeem(ONCE, raw, moment)


def test_looking_spends_nothing(vault: Vault):
    """A look leaves the use for the redemption."""
    raw = vault.issue(ONCE, "acme", 0.0, {})

    vault.look(ONCE, raw, 1.0)
    assert vault.redeem(ONCE, raw, 1.0)


@pytest.mark.parametrize("change", [str.upper, lambda raw: raw[:-1], lambda raw: raw + "0"])
def test_a_token_that_differs_at_all_is_unknown(vault: Vault, change):
    """Case and length count; the token is kept as a digest of the whole."""
    raw = vault.issue(ONCE, "acme", 0.0, {})

    with pytest.raises(Unredeemable, match="unknown"):
        vault.redeem(ONCE, change(raw), 1.0)


def test_expired_tokens_are_evicted(vault: Vault):
    """The number of tokens does not grow with time."""
    for number in range(10_000):
        vault.issue(ONCE, "acme", float(number), {})
    assert len(vault) < 2_200


def test_a_vault_does_not_keep_the_token(vault: Vault):
    """Nothing in the vault holds the raw token."""
    raw = vault.issue(ONCE, "acme", 0.0, {})

    assert raw not in repr(vars(vault))
