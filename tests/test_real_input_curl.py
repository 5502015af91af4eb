"""What the documents tell their readers to type, typed: curl for FileForge and the license API, axios for Fileflare."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Served

Shell = Callable[[str], str]

needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="curl or bash is not installed on this machine"
)
needs_node = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="node or npm is not installed on this machine"
)


@pytest.fixture
def shell(mock: Served, tmp_path: Path) -> Shell:
    """Runs a line in an empty folder, as a reader would who put his key and address into variables; answers its output."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "FORGE": mock.url,
        "FORGE_KEY": mock.key("fileforge"),
        "SELLER": mock.url,
        "LICENSE_KEY": mock.key("dezerx"),
        "DOMAIN": "acme.example",
        "PRODUCT_ID": "1",
    }

    def run(line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def download_url(shell: Shell) -> str:
    """A fresh one-time URL of the product's file."""
    return str(json.loads(shell(f'curl -X POST "$SELLER/api/license/download" {LICENCE}'))["data"]["download_url"])


#: The headers that the license API's page gives with every line.
LICENCE = """\
  -H "Authorization: Bearer $LICENSE_KEY" \
  -H "X-Domain: $DOMAIN" \
  -H "X-Product-ID: $PRODUCT_ID" \
  -H "Content-Type: application/json"
"""
#: The same in a body; the page sends it with GET too.
LICENCE_IN_BODY = """\
  -H "Authorization: Bearer $LICENSE_KEY" \
  -H "Content-Type: application/json" \
  -d '{"domain": "acme.example", "product_id": 1}'
"""


@needs_curl
class TestFileForge:
    """Document 001, Sending the key."""

    @pytest.mark.parametrize("header", ["Authorization: Bearer $FORGE_KEY", "X-API-Key: $FORGE_KEY"])
    def test_either_header(self, shell: Shell, header: str) -> None:
        """Both lines print the formats."""
        output = shell(f'curl -H "{header}" \\\n     $FORGE/v1/formats')

        assert json.loads(output)["formats"]


@needs_curl
class TestLicence:
    """Document 003, with the code blocks of the page that it was taken from."""

    @pytest.mark.parametrize("ways", [LICENCE, LICENCE_IN_BODY], ids=["headers", "body"])
    def test_verify(self, shell: Shell, mock: Served, ways: str) -> None:
        """Endpoint 1 prints the licence, in both ways of sending domain and product."""
        body = json.loads(shell(f'curl -X GET "$SELLER/api/license/verify" {ways}'))

        assert (True, mock.key("dezerx")) == (body["success"], body["data"]["license_key"])

    @pytest.mark.parametrize("ways", [LICENCE, LICENCE_IN_BODY], ids=["headers", "body"])
    def test_generate_token(self, shell: Shell, mock: Served, ways: str) -> None:
        """Endpoint 2 prints a download URL, in both ways of sending domain and product."""
        body = json.loads(shell(f'curl -X POST "$SELLER/api/license/download" {ways}'))

        assert body["data"]["download_url"].startswith(f"{mock.url}/api/license/download-file/")

    @pytest.mark.parametrize("follow", ["", "-L"], ids=["plain", "following redirects"])
    def test_download_under_its_own_name(self, shell: Shell, download_url: str, tmp_path: Path, follow: str) -> None:
        """Endpoint 3 with -O -J writes product.zip, and it is a zip archive."""
        shell(f'curl {follow} -X GET "{download_url}" -O -J')

        assert [file.name for file in tmp_path.iterdir()] == ["product.zip"]
        assert zipfile.is_zipfile(tmp_path / "product.zip")

    def test_download_joined_flags(self, shell: Shell, download_url: str, tmp_path: Path) -> None:
        """curl -OJ is the same."""
        shell(f'curl -OJ "{download_url}"')

        assert zipfile.is_zipfile(tmp_path / "product.zip")

    def test_download_under_another_name(self, shell: Shell, download_url: str, tmp_path: Path) -> None:
        """Endpoint 3 with -o writes the name that the reader chose."""
        shell(f'curl -X GET "{download_url}" -o "my-product.zip"')

        assert zipfile.is_zipfile(tmp_path / "my-product.zip")

    def test_second_download(self, shell: Shell, download_url: str) -> None:
        """The same line a second time prints that the token is not good any more."""
        shell(f'curl -X GET "{download_url}" -O -J')
        body = json.loads(shell(f'curl -X GET "{download_url}"'))

        assert body == {"success": False, "message": "Invalid or expired download token"}

    def test_whole_workflow(self, shell: Shell, tmp_path: Path) -> None:
        """Verify, generate, download, in one script and without any other tool."""
        shell(f"""
            set -e
            curl -f -X GET "$SELLER/api/license/verify" {LICENCE}
            answer=$(curl -f -X POST "$SELLER/api/license/download" {LICENCE})
            token=$(expr "$answer" : '.*download-file/\\([a-z0-9]*\\)')
            curl -f -X GET "$SELLER/api/license/download-file/$token" -O -J
        """)

        assert (tmp_path / "product.zip").exists()

    def test_rate_limit_status(self, shell: Shell) -> None:
        """Check Rate Limit Status prints the headers of a passing answer, the budget among them."""
        output = shell(f'curl -I -X GET "$SELLER/api/license/verify" {LICENCE}').lower()

        assert output.startswith("http/1.1 200")
        assert "x-ratelimit-limit: 60\n" in output
        assert re.search(r"x-ratelimit-remaining: \d+\n", output)

    def test_saved_headers(self, shell: Shell, tmp_path: Path) -> None:
        """-D writes the headers to a file, those against caching among them."""
        shell(f'curl -D headers.txt -X GET "$SELLER/api/license/verify" {LICENCE}')

        assert "no-store" in (tmp_path / "headers.txt").read_text()

    def test_status_in_a_script(self, shell: Shell) -> None:
        """The script that splits body and status finds 200, and 401 for a key that is not good."""
        script = """
            response=$(curl -s -w "%{http_code}" -X GET "$SELLER/api/license/verify" KEY \
                -H "X-Domain: $DOMAIN" -H "X-Product-ID: $PRODUCT_ID")
            echo "${response: -3}"; echo "${response%???}"
        """
        good = shell(script.replace("KEY", '-H "Authorization: Bearer $LICENSE_KEY"')).splitlines()
        bad = shell(script.replace("KEY", '-H "Authorization: Bearer YOUR_LICENSE_KEY"')).splitlines()

        assert (good[0], bad[0]) == ("200", "401")
        assert json.loads(bad[1])["error_code"] == "INVALID_LICENSE"

    @pytest.mark.parametrize("option", ["-v", '-H "User-Agent: MyApp/1.0"'], ids=["verbose", "user agent"])
    def test_other_options(self, shell: Shell, option: str) -> None:
        """The page's other options change nothing of the answer."""
        assert json.loads(shell(f'curl {option} -X GET "$SELLER/api/license/verify" {LICENCE}'))["success"]


@pytest.fixture(scope="module")
def axios(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which node finds axios."""
    folder = tmp_path_factory.mktemp("axios")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "axios"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install axios within two minutes")
    if done.returncode:
        pytest.skip(f"npm could not install axios: {done.stderr.strip().splitlines()[-1:]}")
    return folder


@needs_node
class TestFileflare:
    """Document 000, the example in JavaScript."""

    def test_axios(self, mock: Served, axios: Path) -> None:
        """With base URL and headers set as shown, axios.get('/orders') prints the orders."""
        script = axios / "orders.mjs"
        script.write_text("""
            import axios from 'axios';

            axios.defaults.baseURL = process.env.FLARE + '/api/v1/';
            axios.defaults.headers.common = {
                'Authorization': `Bearer ${process.env.FLARE_KEY}`,
                'Accept': 'application/json'
            };

            const orders = await axios.get('/orders');
            console.log(JSON.stringify(orders.data));
        """)
        variables = {"PATH": os.environ["PATH"], "FLARE": mock.url, "FLARE_KEY": mock.key("fileflare")}
        done = subprocess.run(
            ["node", str(script)], env=variables, capture_output=True, text=True, timeout=60, check=False
        )

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["data"]
