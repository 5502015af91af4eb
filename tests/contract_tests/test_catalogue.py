"""The catalogue checks itself: no rule without a proof, no proof without a rule."""

import json

import pytest
from click.testing import CliRunner

from contract_tests.catalogue import proofs_by_rule
from contract_tests.cli import main
from latchkey import load
from latchkey.rules import Rule, load_rules


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return load_rules(load())


def test_every_testable_rule_has_a_proof(rules: dict[str, Rule]):
    """A promise that can be tried is tried."""
    shown = proofs_by_rule(rules)

    assert [id for id, rule in rules.items() if rule.testable and id not in shown] == []


def test_every_proof_has_a_rule(rules: dict[str, Rule]):
    """A proof shows a rule of the catalogue, and one that can be shown."""
    assert [id for id in proofs_by_rule(rules) if id not in rules or not rules[id].testable] == []


def test_sentences_are_said_once(rules: dict[str, Rule]):
    """No two rules of a provider say the same."""
    said = [(rule.provider, rule.says) for rule in rules.values()]

    assert len(said) == len(set(said))


def test_rules_json_prints_the_catalogue_with_proofs(rules: dict[str, Rule]):
    """Per rule: id, sentence, level, source, provider and the proofs that show it."""
    printed = json.loads(CliRunner().invoke(main, ["rules", "--json"]).output)

    assert [item["id"] for item in printed] == list(rules)
    for item in printed:
        assert {"id", "says", "level", "source", "provider", "proofs"} <= item.keys()
        assert bool(item["proofs"]) == (item["not_testable"] is None)


def test_rules_can_be_narrowed():
    """By provider, pattern and level."""
    arguments = ["rules", "--provider", "fileforge", "--rule", "*.auth.*", "--level", "documented", "--json"]
    printed = json.loads(CliRunner().invoke(main, arguments).output)

    assert printed
    assert {(item["provider"], item["level"], item["id"].split(".")[1]) for item in printed} == {
        ("fileforge", "documented", "auth")
    }
