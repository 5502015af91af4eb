"""`contract-tests doctor`: one request for each credential, and a sentence about what it is worth."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from contract_tests.cli import main
from contract_tests.doctor import refusal_of
from latchkey import load
from tests.conftest import Served


def examined(file: Path, provider: str, url: str, keys: dict[str, str]) -> Result:
    """What doctor says of a target with these keys, given by variables."""
    lines = [f"[providers.{provider}]", f'base_url = "{url}"', f"[providers.{provider}.keys]"]
    lines += [f'{situation} = "${{{situation.upper()}}}"' for situation in keys]
    file.write_text("\n".join(lines))
    variables = {situation.upper(): key for situation, key in keys.items()}
    return CliRunner().invoke(main, ["doctor", str(file)], env=variables)


def test_good_keys_are_told_to_be_good(mock: Served, tmp_path: Path):
    """Those that work, and those that are refused as their situation wants it; each was tried once."""
    keys = {name: mock.key("fileforge", name) for name in ("full", "revoked", "free_tier", "only_files_read")}
    done = examined(tmp_path / "t.toml", "fileforge", mock.url, keys)

    assert done.exit_code == 0
    assert "✓ full works: GET /v1/formats answered 200" in done.output
    assert "✓ revoked is refused, as it should be: GET /v1/formats answered 401" in done.output
    assert "✓ free_tier is refused, as it should be: GET /v1/formats answered 403" in done.output
    assert "? situations no key for default_scopes," in done.output
    entries = httpx.get(f"{mock.url}/_mock/journal").json()
    assert sum(entry["path"] == "/v1/formats" for entry in entries) == len(keys)


def test_a_revoked_key_that_works_has_to_be_put_right(mock: Served, tmp_path: Path):
    """So has a full key that does not."""
    full, revoked = mock.key("fileflare", "full"), mock.key("fileflare", "revoked")
    done = examined(tmp_path / "t.toml", "fileflare", mock.url, {"full": revoked, "revoked": full})

    assert done.exit_code == 1
    assert "✗ full does not work: GET /api/v1/orders answered 401" in done.output
    assert re.search(r"✗ revoked works, though a key that was revoked should be refused with 401", done.output)


def test_no_secret_is_printed(mock: Served, tmp_path: Path):
    """Neither a good key nor one that does not look like any."""
    keys = {"full": mock.key("fileforge"), "revoked": "a-key-of-something-else"}
    done = examined(tmp_path / "t.toml", "fileforge", mock.url, keys)

    assert "✗ revoked does not look like a key of FileForge" in done.output
    assert not [key for key in keys.values() if key in done.output]


def test_a_key_in_the_file_is_told_with_its_line(mock: Served, tmp_path: Path):
    """It works all the same."""
    file = tmp_path / "t.toml"
    key = mock.key("fileforge")
    file.write_text(f'[providers.fileforge]\nbase_url = "{mock.url}"\n[providers.fileforge.keys]\nfull = "{key}"\n')
    done = CliRunner().invoke(main, ["doctor", str(file)])

    assert done.exit_code == 0
    assert f"{file}:4: a key stands in the file itself; write ${{NAME}}" in done.output.replace("\n", "")
    assert key not in done.output


def test_where_nothing_answers_is_told(tmp_path: Path):
    """The keys are told to be untried."""
    done = examined(tmp_path / "t.toml", "fileforge", "http://127.0.0.1:9", {"full": "ff_live_" + "a" * 32})

    assert done.exit_code == 1
    assert "✗ http://127.0.0.1:9 nothing answers" in done.output
    assert "? full could not be tried" in done.output


@pytest.mark.parametrize("target", ["nowhere.toml", "http://127.0.0.1:9/x"])
def test_what_is_no_target_is_wrong_usage(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file that is not there; a URL is one, without any key."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["doctor", target])

    assert done.exit_code == (2 if target.endswith("toml") else 1)


def test_situations_are_refused_as_the_contract_says():
    """By revocation, by expiry, by plan or licence state; or not at all."""
    providers = load().providers
    told = {
        name: refusal_of(provider, situation)
        for provider in providers.values()
        for name, situation in provider.situations.items()
    }

    assert (told["full"], told["only_files_read"]) == (None, None)
    assert (told["banned"], told["free_tier"], told["inactive"]) == ("banned", "tier_without_api", "inactive")
