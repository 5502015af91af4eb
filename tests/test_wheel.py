"""What an installed latchkey consists of."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The files of a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl"))).namelist()


def test_nothing_but_our_packages_lands_in_site_packages(contents: list[str]):
    """No top-level `spec` or `fixtures`."""
    top = {name.split("/")[0] for name in contents}

    assert {name for name in top if not name.endswith(".dist-info")} == {"latchkey", "mockserver", "contract_tests"}


def test_contract_fixtures_and_settings_travel_along(contents: list[str]):
    """Every file of spec/ and fixtures/, the control plane's document, and the proofs' pytest settings."""
    data = [file for folder in ("spec", "fixtures") for file in (ROOT / folder).rglob("*.yaml")]

    assert {f"latchkey/_data/{file.relative_to(ROOT)}" for file in data} <= set(contents)
    assert {"mockserver/control/openapi.yaml", "contract_tests/proofs/pytest.ini"} <= set(contents)
