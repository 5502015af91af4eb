"""Overlays edit the contract, and mistakes in them are told."""

from pathlib import Path

import pytest

from latchkey import ContractError, load

HEAD = "overlay: 1.0.0\ninfo: {title: An edit, version: 1.0.0}\n"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    return tmp_path / "edit.yaml"


def test_an_update_changes_one_place(overlay: Path):
    """The quota is another, everything else as it was."""
    overlay.write_text(
        HEAD + "actions: [{target: \"$['x-providers'].fileforge.limits.requests\", update: {quota: 61}}]"
    )
    edited, plain = load(overlays=[overlay]), load()

    assert edited.providers["fileforge"].limits["requests"].quota == 61
    assert edited.providers["fileforge"].refusals == plain.providers["fileforge"].refusals
    assert edited.operations == plain.operations


def test_a_removal_takes_a_place_away(overlay: Path):
    """An alias of YAML is not shared: only the named operation loses its scopes."""
    target = "$.paths['/v1/files'].get['x-policy'].scopes"
    overlay.write_text(HEAD + f'actions: [{{target: "{target}", remove: true}}]')
    operations = load(overlays=[overlay]).operations

    assert operations["fileforge.list_files"].scopes == ()
    assert operations["fileforge.delete_file"].scopes == ("files:delete",)


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        ("[]", "actions: "),
        ("[{target: $.nothing.here, update: {a: 1}}]", "finds nothing in the contract; correct the path"),
        ("[{target: '$[', update: {a: 1}}]", "not a JSONPath"),
        ("[{target: $.info}]", "actions.0: "),
        ("[{target: \"$['x-providers'].fileforge.limits.requests\", update: {quota: many}}]", "limits.requests.quota"),
    ],
)
def test_a_mistake_is_told(overlay: Path, actions: str, told: str):
    """Whether in the overlay or in what it makes of the contract."""
    overlay.write_text(HEAD + f"actions: {actions}")

    with pytest.raises(ContractError, match=None) as problem:
        load(overlays=[overlay])
    assert told in str(problem.value)
