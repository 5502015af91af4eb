"""HTTPS, with a certificate made on the spot or one's own."""

from __future__ import annotations

import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from mockserver.certificate import made
from mockserver.cli import main
from tests.conftest import Started


def curl_line(printed: str) -> list[str]:
    return shlex.split(next(line for line in printed.splitlines() if line.strip().startswith("curl ")))


def trusting(file: str) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=file), trust_env=False)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_certificate_is_made_on_the_spot(started: Started, ending: signal.Signals):
    """The printed curl line works as it is, the control plane too, links are https; the files go with the mock."""
    process, printed = started("--provider", "fileforge", "--tls")
    base, file = re.search(r"https://[\d.]+:\d+", printed)[0], re.search(r"certificate by (\S+)", printed)[1]
    command = [*curl_line(printed), "-s", "-o", os.devnull, "-w", "%{http_code}"]

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "200"
    with trusting(file) as client:
        key = {"X-API-Key": "ff_live_fullinventedinventedinventedinve"}
        wanted = {"filename": "a.txt", "size": 3, "mime": "text/plain"}
        upload = client.post(f"{base}/v1/files/presign-upload", json=wanted, headers=key).json()["upload_url"]
        assert upload.startswith(base)
        assert client.put(upload, content=b"abc").status_code == 200
        assert client.get(f"{base.replace('127.0.0.1', 'localhost')}/_mock/status").status_code == 200
    process.send_signal(ending)
    process.communicate(timeout=10)
    assert not Path(file).parent.exists()


def test_ones_own_certificate_is_served(started: Started, tmp_path: Path):
    """Whoever trusts it is served; the printed curl line names it."""
    own = made(tmp_path, "127.0.0.1")
    _, printed = started("--provider", "fileforge", "--tls-cert", str(own.chain), "--tls-key", str(own.key))

    assert curl_line(printed)[1:3] == ["--cacert", str(own.chain)]
    with trusting(str(own.ca)) as client:
        assert client.get(re.search(r"https://[\d.]+:\d+", printed)[0] + "/openapi.json").status_code == 200


def test_the_suite_runs_on_it(started: Started, tmp_path: Path):
    """A target file that names the certificate reaches provider and control plane."""
    _, printed = started("--provider", "fileforge", "--tls")
    base, file = re.search(r"https://[\d.]+:\d+", printed)[0], re.search(r"certificate by (\S+)", printed)[1]
    target = tmp_path / "secure.toml"
    target.write_text(f'name = "secure"\n[tls]\nca = "{file}"\n[providers.fileforge]\nbase_url = "{base}"\n')
    command = [sys.executable, "-m", "contract_tests", "run", str(target), "--rule", "fileforge.auth.*", "--strict"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert (done.returncode, " 0 violated" in done.stdout) == (0, True), done.stdout + done.stderr


def test_the_dev_server_lines_do_not_ask_for_trust(started: Started):
    """Vite and webpack do not know the certificate."""
    _, printed = started("--provider", "fileforge", "--tls", "--cors", "http://localhost:5173")

    assert re.search(r"Vite .*target: 'https://.*secure: false", printed)
    assert re.search(r"webpack .*target: 'https://.*secure: false", printed)


def test_a_certificate_that_is_none_is_told(tmp_path: Path):
    """One line and no traceback; a chain without its key is wrong usage."""
    file = tmp_path / "cert.pem"
    file.write_text("nothing")
    wrong = CliRunner().invoke(main, ["--tls-cert", str(file), "--tls-key", str(file)])
    alone = CliRunner().invoke(main, ["--tls-cert", str(file)])

    assert (wrong.exit_code, "are no certificate and its key" in wrong.output) == (1, True)
    assert (alone.exit_code, "go together" in alone.output) == (2, True)


def test_without_trustme_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    told = CliRunner().invoke(main, ["--tls", "--port", "0", "--provider", "fileforge"])

    assert (told.exit_code, "pip install 'latchkey[tls]'" in told.output) == (1, True)
