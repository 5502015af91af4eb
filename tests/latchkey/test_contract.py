"""The contract loads, is a complete OpenAPI document, and refuses mistakes by file, line and place."""

import json
import shutil
from pathlib import Path

import openapi_spec_validator
import pytest
import schemathesis

from latchkey import Contract, ContractError, load
from latchkey.rules import load_rules
from latchkey.source import SPEC


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the contract's files to break."""
    return Path(shutil.copytree(SPEC, tmp_path / "spec"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_the_bundle_is_one_valid_openapi_document(contract: Contract):
    """It needs no other file, and OpenAPI's own validator accepts it."""
    document = json.loads(json.dumps(contract.bundle))

    openapi_spec_validator.validate(document)
    assert "providers/" not in json.dumps(document["paths"])


def test_the_bundle_loads_in_schemathesis_with_every_operation(contract: Contract):
    """Every operation of the contract is an operation there."""
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(contract.bundle)))

    assert len(list(schema.get_all_operations())) == len(contract.operations)


def test_every_policy_that_refuses_is_an_answer_of_the_bundle(contract: Contract):
    """A secured operation shows its 401, a limited one its 429, with the refusals as examples."""
    for operation in contract.operations.values():
        provider = contract.providers[operation.provider]
        answers = contract.answers[operation.id]
        if operation.credentials:
            assert str(provider.refusals[provider.identify.missing].status) in answers
        for limit in operation.limits:
            refusal = provider.limits[limit].refusal
            content = answers[str(provider.refusals[refusal].status)]["content"]
            assert refusal in content["application/json"]["examples"]


def test_every_example_of_a_refusal_matches_the_error_schema(contract: Contract):
    """A refusal's body, its placeholders aside, has the members that the provider's error schema requires."""
    for provider in contract.providers.values():
        schema = contract.document["components"]["schemas"][provider.error_schema.rsplit("/", 1)[1]]
        for refusal in provider.refusals.values():
            if isinstance(refusal.body, dict):
                assert set(schema["required"]) <= set(refusal.body), refusal.name


def test_only_some_providers(contract: Contract):
    """A narrowed contract has nothing of the others."""
    narrowed = contract.only("fileforge")

    assert {operation.provider for operation in narrowed.operations.values()} == {"fileforge"}
    assert set(narrowed.bundle["paths"]) == {operation.path for operation in narrowed.operations.values()}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "quota: 60, window: 60",
            "quota: sixty, window: 60",
            ["x-provider.limits.requests.quota", '"sixty" is not of type'],
        ),
        (
            "x-policy: {scopes: [files:delete]",
            "x-policy: {scopes: [files:remove]",
            ["x-policy.scopes.0", "'files:remove'", "files:delete"],
        ),
        ("malformed: invalid_key", "malformed: invalid_kee", ["x-provider.identify.malformed", "define it or correct"]),
        (
            "partition: key, refusal: rate_limited",
            "partition: moon, refusal: rate_limited",
            ["limits.requests.partition"],
        ),
        ("operationId: fileforge.list_files", "operationId: list_files", ["operationId must be <provider>.<handler>"]),
        ("  /v1/files/{id}:\n", "  /v1/file/{id}:\n", ["openapi.yaml", "correct the reference"]),
        ("x-provider:", "x-provider: [", ["not valid YAML"]),
    ],
)
def test_a_mistake_is_refused_with_its_place(copy: Path, old: str, new: str, told: list[str]):
    """The message names file, line, place, and what to do."""
    file = copy / "providers" / "fileforge.yaml"
    replace(file, old, new)

    with pytest.raises(ContractError) as problem:
        load(copy)
    for words in told:
        assert words in str(problem.value)


def test_a_mistake_names_its_line(copy: Path):
    """The line is the one on which the wrong value stands."""
    file = copy / "providers" / "fileforge.yaml"
    replace(file, "quota: 60, window: 60", "quota: 0, window: 60")
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if "quota: 0" in text)

    with pytest.raises(ContractError, match=rf"fileforge\.yaml:{line}: "):
        load(copy)


def test_a_path_that_the_entry_does_not_list_is_refused(copy: Path):
    """Nothing of a provider's file is left out unseen."""
    entry = copy / "openapi.yaml"
    entry.write_text("".join(line for line in entry.read_text().splitlines(True) if "/v1/formats:" not in line))

    with pytest.raises(ContractError, match="not listed in openapi.yaml"):
        load(copy)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("openapi: 3.0.3", "x-providers: is missing"),
        ("- 1", "x-providers: is missing"),
        ("x-providers: {a: 3}", "must be a reference"),
    ],
)
def test_an_entry_without_references_is_refused(copy: Path, text: str, told: str):
    """The entry is a table of references, and says so where it is not."""
    (copy / "openapi.yaml").write_text(text)

    with pytest.raises(ContractError, match=told):
        load(copy)


def test_a_missing_file_is_named(copy: Path):
    """A reference to a file that is not there says which."""
    (copy / "providers" / "fileforge.yaml").unlink()

    with pytest.raises(ContractError, match="fileforge.yaml: document: no such file"):
        load(copy)


def test_a_rule_of_an_unknown_operation_is_refused(copy: Path):
    """The catalogue speaks of operations that exist."""
    rules = copy / "rules" / "fileforge.yaml"
    replace(rules, "operations: [fileforge.", "operations: [fileforge.no_")

    with pytest.raises(ContractError, match="there is no operation fileforge.no_"):
        load_rules(load(copy), copy)


def test_a_refusal_of_an_unknown_rule_is_refused(copy: Path):
    """A refusal's reason leads to a rule that exists."""
    replace(copy / "providers" / "fileforge.yaml", "rule: fileforge.", "rule: fileforge.no-such-")

    with pytest.raises(ContractError, match="add it or correct the name"):
        load_rules(load(copy), copy)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("rules/filescom.yaml", "protocols: [ftp]", "protocols: [gopher]", "filescom has no gopher; correct it"),
        ("providers/filescom.yaml", "rule: 'filescom.*.", "rule: 'filescom.*.no-such-", "add it or correct the name"),
    ],
)
def test_what_is_said_of_doors_is_checked(copy: Path, file: str, old: str, new: str, told: str):
    """A rule takes protocols that its provider has; a pattern of rules matches one at least."""
    replace(copy / file, old, new)

    with pytest.raises(ContractError, match=told):
        load_rules(load(copy), copy)


def test_a_provider_without_keys_is_refused(copy: Path):
    """One of the credentials carries a key: sessions alone open nothing to start with."""
    replace(copy / "providers" / "filescom.yaml", "    - {name: filescom_key, header: X-FilesAPI-Key}\n", "")

    with pytest.raises(ContractError, match=r"x-provider\.credentials: None of"):
        load(copy)
