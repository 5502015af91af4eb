"""The command `mockserver`: what it prints, and how it fails."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from latchkey import load

COMMAND = [sys.executable, "-m", "mockserver"]


def failing(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A mock process on a free port, and what it printed when it started."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--log-level", "info"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.startswith("Control plane"):
            break
    yield process, "".join(printed)
    process.terminate()
    process.communicate(timeout=10)


def test_every_printed_curl_line_works(started: tuple[subprocess.Popen[str], str]):
    """The curl line of each provider, pasted as it is, is answered with 200."""
    lines = [line.strip() for line in started[1].splitlines() if line.strip().startswith("curl ")]

    assert len(lines) == len(load().providers)
    for line in lines:
        command = [*shlex.split(line), "-s", "-o", os.devnull, "-w", "%{http_code}"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "200", line


def test_keys_are_printed_by_situation(started: tuple[subprocess.Popen[str], str]):
    """Each provider's base URL and its keys, `full` and `revoked` among them."""
    for provider in load().providers.values():
        assert re.search(
            rf"^{re.escape(provider.title)}  http://127\.0\.0\.1:\d+  instead of {provider.server}", started[1], re.M
        )
    assert len(re.findall(r"^  full +\S+", started[1], re.M)) == len(load().providers)
    assert len(re.findall(r"^  revoked +\S+", started[1], re.M)) == len(load().providers)


def test_printed_pages_are_there(started: tuple[subprocess.Popen[str], str]):
    """The control plane's page, Swagger UI and the contract answer where the last line says."""
    for url in re.findall(r"http://\S+", "".join(started[1].splitlines()[-2:])):
        # The first to ask waits until what serves these pages is loaded.
        assert httpx.get(url, timeout=30).status_code == 200, url


def test_a_taken_port_is_one_line():
    """No traceback: what is wrong, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = failing("--port", str(taken.getsockname()[1]))

    assert done.returncode == 1
    assert re.fullmatch(r"Error: cannot listen on 127\.0\.0\.1:\d+: .+; try --port 0\n", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "70000"], "70000 is not in the range"),
        (["--provider", "nobody"], "no provider is called 'nobody'"),
        (["--host", "0.0.0.0"], "0.0.0.0 is not loopback: give the control plane a --token"),
        (["--log-level", "loud"], "'loud' is not one of"),
        (["--seed", "x"], "'x' is not a valid integer"),
    ],
)
def test_a_bad_option_is_told(arguments: list[str], told: str):
    """Exit code 2, and no traceback."""
    done = failing(*arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_with_a_seed_ids_keys_and_times_repeat():
    """Two mocks with one seed answer a creation alike, byte for byte."""
    answers = []
    for _ in range(2):
        process = subprocess.Popen([*COMMAND, "--port", "0", "--seed", "5"], stdout=subprocess.PIPE, text=True)
        base = re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0]
        account = httpx.post(f"{base}/_mock/accounts", json={"provider": "fileforge"}).json()
        key = httpx.post(f"{base}/_mock/accounts/{account['id']}/keys", json={}).json()
        answers.append((account, key, httpx.get(f"{base}/_mock/clock").json()))
        process.terminate()
        process.communicate(timeout=10)
    assert answers[0] == answers[1]
