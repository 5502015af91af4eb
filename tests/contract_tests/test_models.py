"""Models find what they watch, tell it in a few lines, and leave open what the documents leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from contract_tests.models.plan import Plan
from contract_tests.mutants.catalogue import Mutant
from contract_tests.mutants.hunt import tried
from contract_tests.outcome import Outcome, Result

Edit = str | Sequence[Mapping[str, Any]]


def broken(rule: str, edit: Edit, seed: int = 0) -> Result:
    """What the model of this rule came to on a mock with this sabotage, or with these edits of its contract."""
    provider = rule.partition(".")[0]
    sabotage, actions = (edit, ()) if isinstance(edit, str) else (None, edit)
    mutant = Mutant(id=rule, provider=provider, says=rule, rule=rule, sabotage=sabotage, actions=tuple(actions))
    (result,) = tried(mutant, seed, (rule,)).results
    return result


def limit(provider: str, name: str, **edit: Any) -> Edit:
    return [{"target": f"$['x-providers'].{provider}.limits.{name}", "update": edit}]


def token(provider: str, name: str, **edit: Any) -> Edit:
    return [{"target": f"$['x-providers'].{provider}.tokens.{name}", "update": edit}]


LIMITER: Mapping[str, tuple[str, Edit, int]] = {
    "a limit is 61": ("dezerx.model.limiter", limit("dezerx", "requests", quota=61), 1),
    "a limit is 59": ("dezerx.model.limiter", limit("dezerx", "requests", quota=59), 1),
    "a smaller limit is 4": ("fileforge.model.limiter", limit("fileforge", "conversions", quota=4), 8),
    "a window never ends": ("fileforge.model.limiter", "window-never-resets", 10),
    "a window is too long": ("fileforge.model.limiter", limit("fileforge", "conversions", window=3600), 10),
    "a window ends early": ("fileforge.model.limiter-exact", limit("fileforge", "conversions", window=30), 10),
    "what remains stands still": ("fileflare.model.limiter", "remaining-stands-still", 2),
    "all keys share a bucket": ("fileforge.model.limiter", "bucket-shared", 20),
    "refused calls are counted": ("fileflare.model.limiter-exact", "refused-calls-count", 5),
    "a debt is forgiven": ("fileforge.model.limiter", "debt-forgiven", 10),
    "headers tell another limit": ("fileflare.model.limiter-exact", "fileflare-first-limit-told", 2),
}
TOKEN: Mapping[str, tuple[str, Edit, int]] = {
    "it works twice": ("dezerx.model.token", token("dezerx", "download", uses=2), 2),
    "it lives 25 hours": ("dezerx.model.token", token("dezerx", "download", ttl=90000), 3),
    "it ends after 23 hours": ("dezerx.model.token", token("dezerx", "download", ttl=82800), 3),
    "a forged one is accepted": ("dezerx.model.token", "token-not-compared", 12),
    "its case does not matter": ("dezerx.model.token", "token-any-case", 2),
    "a new one ends the old one": ("dezerx.model.token", "dezerx-new-token-ends-old", 3),
    "it is good for another object": ("fileforge.model.token", "fileforge-object-not-compared", 3),
}
KEY_LIFE: Mapping[str, tuple[str, Edit, int]] = {
    "a revoked key opens": ("dezerx.model.key-life", "revoke-late", 3),
    "an old key survives its rotation": ("fileforge.model.key-life", "rotate-keeps-old", 3),
    "a rotated key lacks its scopes": ("fileforge.model.key-life", "rotate-forgets", 6),
    "a downgrade is ignored": (
        "fileforge.model.key-life",
        [{"target": "$['x-providers'].fileforge.entitlements[1]", "remove": True}],
        3,
    ),
    "an upgrade does not restore": ("fileforge.model.key-life", "downgrade-revokes", 4),
}
RESOURCES: Mapping[str, tuple[str, Edit, int]] = {
    "another account sees it": ("filescom.model.resources", "filescom-key-of-any-site", 3),
    "a deleted one is listed": ("fileflare.model.resources", "fileflare-deletes-later", 4),
    "it is detached only once": ("fileflare.model.resources-exact", "fileflare-detaching-conflicts", 5),
    "a page loses a row": ("filescom.model.resources", "filescom-page-skips-row", 6),
}
DEFECTS = {**LIMITER, **TOKEN, **KEY_LIFE, **RESOURCES}


@pytest.mark.parametrize(("rule", "edit", "most"), DEFECTS.values(), ids=DEFECTS)
def test_a_model_finds_what_it_is_for_and_tells_it_in_a_few_lines(rule: str, edit: Edit, most: int):
    """The rule is not kept, and the sequence that led there is the shortest, repeated calls in one line."""
    result = broken(rule, edit)

    assert result.outcome in {Outcome.VIOLATED, Outcome.NOTED}
    assert 1 <= len(result.curl) <= most, "\n".join(map(str, result.curl))


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("rule", ["dezerx.model.limiter", "fileflare.model.limiter"])
def test_no_seed_overlooks_a_unit_too_many(rule: str, seed: int):
    """Each limit is used up without a pause at least once, however the examples are dealt."""
    assert broken(rule, limit(rule.partition(".")[0], "requests", quota=61), seed).outcome is Outcome.VIOLATED


@pytest.mark.parametrize("sabotage", ["sliding-log", "token-bucket", "windows-aligned"])
def test_a_window_of_another_kind_is_as_good(sabotage: str):
    """The documents say how many and how long, so the model accepts it; that it is not ours is no more than a note."""
    assert broken("fileflare.model.limiter", sabotage).outcome is Outcome.VERIFIED
    assert broken("fileflare.model.limiter-exact", sabotage).outcome is Outcome.NOTED


@pytest.mark.parametrize(
    ("rule", "sabotage"),
    [
        ("dezerx.model.token", "head-spends"),
        ("fileforge.model.limiter", "refused-calls-count"),
        ("dezerx.model.token", "boundaries-inclusive"),
    ],
)
def test_what_no_document_says_is_left_open(rule: str, sabotage: str):
    """Whether HEAD spends, whether a refused call counts, and what the very last moment is, a model does not judge."""
    assert broken(rule, sabotage).outcome is Outcome.VERIFIED


def test_a_plan_takes_every_turn_before_any_comes_again():
    """However many options there are, each is chosen once in so many times, and every step as often as it is weighted."""
    plan, steps = Plan("a seed"), {"often": (3, 0.0), "late": (1, 9.0)}

    assert all({plan.turn("it", 7 * around + time, 7) for time in range(7)} == set(range(7)) for around in range(5))
    assert [plan.step(steps, number) for number in range(5)] == [
        ("often", 0),
        ("often", 1),
        ("often", 2),
        ("late", 0),
        ("often", 3),
    ]
