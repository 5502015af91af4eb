"""With --watch a change of the files is taken over at once, and a mistake in them changes nothing."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from latchkey.source import FIXTURES, SPEC

FULL = "ff_live_fullinventedinventedinventedinve"
NEW = "ff_live_minewhichiinventedmyselftoday22a"
OVERLAY = """\
overlay: 1.0.0
info: {title: Another limit, version: 1.0.0}
actions:
  - target: $['x-providers'].fileforge.limits.requests
    update: {quota: QUOTA}
"""


@dataclass
class Watched:
    """A mock process that watches these files."""

    process: subprocess.Popen[str]
    url: str
    spec: Path
    fixtures: Path
    overlay: Path

    def formats(self, key: str) -> int:
        return httpx.get(f"{self.url}/v1/formats", headers={"X-API-Key": key}).status_code

    def change(self, file: Path, old: str, new: str) -> str:
        """Edits a file as editors do, by putting another in its place; answers what the mock said of it."""
        text = file.read_text()
        assert old in text
        beside = file.with_suffix(".new")
        beside.write_text(text.replace(old, new, 1))
        beside.replace(file)
        return self.process.stderr.readline()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    spec, fixtures = shutil.copytree(SPEC, tmp_path / "spec"), shutil.copytree(FIXTURES, tmp_path / "fixtures")
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(OVERLAY.replace("QUOTA", "50"))
    files = ["--spec", str(spec), "--fixtures", str(fixtures), "--overlay", str(overlay)]
    process = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "--port", "0", "--provider", "fileforge", "--watch", *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    url = re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0]
    # Answers only when it is up, and watches by then.
    httpx.get(f"{url}/_mock/status", timeout=20)
    yield Watched(process, url, spec, fixtures, overlay)
    process.kill()
    process.communicate(timeout=10)


def test_changed_fixtures_are_taken_over_and_handmade_state_stays(watched: Watched):
    """A key added to the file opens the door; an account and a key that were made by hand still do, bytes and all."""
    account = httpx.post(f"{watched.url}/_mock/accounts", json={"provider": "fileforge"}).json()["id"]
    keys = [
        httpx.post(f"{watched.url}/_mock/accounts/{owner}/keys", json={}).json()["key"]
        for owner in (account, "acme-fileforge")
    ]
    assert watched.formats(NEW) == 401
    said = watched.change(watched.fixtures / "fileforge.yaml", FULL, NEW)

    assert said == "fileforge.yaml changed: reloaded\n"
    assert [watched.formats(key) for key in (NEW, FULL, *keys)] == [200, 401, 200, 200]


def test_wrong_fixtures_change_nothing(watched: Watched):
    """The line says what is wrong, the old rows stay, and the repaired file is taken over."""
    file = watched.fixtures / "fileforge.yaml"
    wrong = watched.change(file, "situation: full", "situation: fall")
    assert watched.formats(FULL) == 200
    unreadable = watched.change(file, "accounts:", "accounts: [")
    assert watched.formats(FULL) == 200
    still_wrong = watched.change(file, "accounts: [", "accounts:")
    repaired = watched.change(file, "situation: fall", "situation: full")

    for said in (wrong, still_wrong):
        assert re.match(
            r"fileforge.yaml changed: not reloaded, the old ones stay. fileforge.yaml:\d+: acc.* no 'fall'", said
        )
    assert "not reloaded, the old ones stay. fileforge.yaml: line " in unreadable
    assert repaired == "fileforge.yaml changed: reloaded\n"


def test_a_changed_overlay_and_contract_are_taken_over(watched: Watched):
    """The new quota holds for a window that is open already; a contract that is wrong is told and left aside."""
    for _ in range(3):
        assert watched.formats(FULL) == 200
    assert watched.change(watched.overlay, "quota: 50", "quota: 3") == "overlay.yaml changed: reloaded\n"
    assert watched.formats(FULL) == 429
    served = httpx.get(f"{watched.url}/openapi.json").json()["x-providers"]["fileforge"]["limits"]["requests"]
    assert served["quota"] == 3
    told = watched.change(watched.spec / "providers" / "fileforge.yaml", "cors: 'off'", "cors: never")
    assert re.match(r"fileforge.yaml changed: not reloaded, the old ones stay. fileforge.yaml:\d+: ", told)
    assert watched.formats(FULL) == 429


def test_an_operation_without_a_handler_is_told(watched: Watched):
    """A contract that names a function nobody wrote is left aside whole."""
    file = watched.spec / "providers" / "fileforge.yaml"
    told = watched.change(file, "operationId: fileforge.list_files", "operationId: fileforge.list_everything")

    assert "not reloaded, the old ones stay. " in told
    assert "list_everything" in told
    assert watched.formats(FULL) == 200


def test_a_request_under_way_is_finished(watched: Watched):
    """Half a body before the change, half after it: one answer."""
    host, port = watched.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        head = (
            f"POST /v1/files/presign-upload HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {FULL}\r\nContent-Length: 2\r\n\r\n"
        )
        client.sendall(head.encode() + b"{")
        watched.change(watched.overlay, "quota: 50", "quota: 40")
        client.sendall(b"}")

        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
