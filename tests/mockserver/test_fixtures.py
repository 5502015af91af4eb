"""One's own rows: read as they are documented, and refused with the line and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from latchkey import ContractError, load
from latchkey.source import FIXTURES, read_yaml
from mockserver.check_fixtures import mistakes
from mockserver.fixtures import load_fixtures

CONTRACT = load()

OWN = """\
accounts:
  - id: mine
    name: Mine
    tier: pro
    rows:
      files:
        - id: 0c1b8a7e-0000-4000-8000-000000000001
          original_name: plan.txt
          mime_type: text/plain
          size_bytes: 3
          created_at: '@-1h'
          expires_at: '@+23h'
          storage_key: mine/plan.txt
    keys:
      - situation: full
        key: ff_live_minewhichiinventedmyselftoday22a
        scopes: [files:read]
"""
STORE = """\
accounts:
  - id: store
    name: Store
    rows:
      assets: []
      products: []
      orders:
        - id: o1
          shopify_id: 1
          order_number: 1
          status_id: s
          ordered_at: '@-1d'
          email_sent_at: null
          assets: []
          lines:
            - {product: p1, downloaded: 0, limit: 1}
    keys:
      - {situation: full, key: KEY}
"""


def refused(folder: Path, text: str, name: str = "fileforge.yaml") -> str:
    (folder / name).write_text(text)
    with pytest.raises(ContractError) as problem:
        load_fixtures(CONTRACT, folder)
    return str(problem.value)


@pytest.mark.parametrize("provider", CONTRACT.providers)
def test_the_built_in_rows_pass_their_own_check(provider: str):
    """What is read off them holds for them."""
    raw = read_yaml(FIXTURES / f"{provider}.yaml")

    assert list(mistakes(CONTRACT.providers[provider], raw, raw)) == []


def test_a_provider_without_a_file_keeps_the_built_in_rows(tmp_path: Path):
    """Only the file that is there counts."""
    (tmp_path / "fileforge.yaml").write_text(OWN)
    own, built_in = load_fixtures(CONTRACT, tmp_path), load_fixtures(CONTRACT)

    assert [account.id for account in own["fileforge"].accounts] == ["mine"]
    assert {name for name in own if own[name] == built_in[name]} == set(CONTRACT.providers) - {"fileforge"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("accounts:", "acounts:", "fileforge.yaml: document: "),
        ("name: Mine", "nam: Mine", "fileforge.yaml:2: accounts.0: "),
        ("tier: pro", "tier: gold", "fileforge.yaml:4: accounts.0.tier: choose one of: free, pro, enterprise"),
        ("files:\n", "file:\n", "fileforge.yaml:6: accounts.0.rows.file: nothing reads a table of this name"),
        ("size_bytes: 3", "bytes: 3", 'fileforge.yaml:7: accounts.0.rows.files.0: "size_bytes" is a required property'),
        ("size_bytes: 3", "size_bytes: three", "fileforge.yaml:10: accounts.0.rows.files.0.size_bytes: "),
        ("'@-1h'", "yesterday", "fileforge.yaml:11: accounts.0.rows.files.0.created_at: "),
        ("situation: full", "situation: fall", "fileforge.yaml:15: accounts.0.keys.0.situation: there is no 'fall'; choose"),
        ("situation: full", "situation: revoked", "no account has a key with situation: full; add one"),
        ("ff_live_mine", "ff_test_mine", "fileforge.yaml:16: accounts.0.keys.0.key: does not match ^ff_live_"),
        ("[files:read]", "[files:list]", "accounts.0.keys.0.scopes: there is no 'files:list'; choose one of: "),
        ("scopes: [files:read]", "user: 7", "accounts.0.keys.0.user: there is no 7; choose one of: none"),
        ("name: Mine", "name: [", "fileforge.yaml: line "),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str):
    """File, line, place, and what to write."""
    assert old in OWN
    assert told in refused(tmp_path, OWN.replace(old, new, 1))


def test_a_key_or_row_that_is_there_twice_is_told(tmp_path: Path):
    """Which place repeats which name."""
    account = OWN.partition("\n")[2]
    told = refused(tmp_path, OWN + account.replace("id: mine", "id: other"))

    assert "accounts.1.keys.0.key: 'ff_live_minewhichiinventedmyselftoday22a' is there already; give it another" in told


def test_a_row_that_names_a_missing_row_is_told(tmp_path: Path):
    """Also inside the lines of a row."""
    key = read_yaml(FIXTURES / "fileflare.yaml")["accounts"][0]["keys"][0]["key"]
    told = refused(tmp_path, STORE.replace("KEY", key), "fileflare.yaml")

    assert "fileflare.yaml:16: accounts.0.rows.orders.0.lines.0.product: there is no row 'p1' in products" in told


def test_a_file_of_nobody_is_told(tmp_path: Path):
    """A name that is spelled wrong is not passed over."""
    told = refused(tmp_path, OWN, "filefroge.yaml")

    assert told.startswith(
        "filefroge.yaml: document: is no provider's file; call it one of: dezerx.yaml, fileflare.yaml"
    )
