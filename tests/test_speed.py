"""What makes the mock fast, counted rather than timed: counts do not depend on the machine."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest

from mockserver.app import Mock, create_app

#: Slow to import, and not needed to say what a command can do.
HEAVY = {
    "connexion",
    "hypothesis",
    "httpx",
    "jsonschema_rs",
    "pytest",
    "rich",
    "schemathesis",
    "starlette",
    "uvicorn",
    "yaml",
}


def ask(mock: Mock, raw: str, method: str, path: str, body: bytes = b"") -> int:
    """The status of the answer."""
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"host", b"localhost"), (b"authorization", b"Bearer " + raw.encode())]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "scheme": "http", "headers": headers}
    # Nothing in a mock waits: its coroutine runs to its end at once, without an event loop.
    with pytest.raises(StopIteration):
        mock(scope, receive, send).send(None)
    return int(statuses[0])


@pytest.fixture(scope="module")
def asked() -> tuple[Mock, str]:
    """A mock, and a key whose limits never refuse."""
    mock = create_app("fileforge")
    provider = mock.world.contract.providers["fileforge"]
    key, raw = mock.world.create_key(mock.world.open_account(provider), scopes=tuple(provider.scopes))
    key.unlimited = True
    return mock, raw


def test_validators_are_built_once(asked: tuple[Mock, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request of an operation builds no validator."""
    mock, raw = asked
    body = b'{"filename": "a.png", "size": 5, "mime": "image/png"}'
    ask(mock, raw, "POST", "/v1/files/presign-upload", body)
    built = []
    original = jsonschema_rs.Draft202012Validator

    def building(*args: Any, **words: Any) -> Any:
        built.append(args)
        return original(*args, **words)

    monkeypatch.setattr(jsonschema_rs, "Draft202012Validator", building)

    assert ask(mock, raw, "POST", "/v1/files/presign-upload", body) == 201
    assert built == []


def calls_of_a_request(mock: Mock, raw: str) -> int:
    """Python functions called from the first layer to the last byte."""
    count = 0

    def counting(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    assert ask(mock, raw, "GET", "/v1/files") == 200
    sys.setprofile(counting)
    try:
        ask(mock, raw, "GET", "/v1/files")
    finally:
        sys.setprofile(None)
    return count


def test_a_request_calls_few_functions(asked: tuple[Mock, str]) -> None:
    """Layers, checks and handler of a list together: 110 calls when this was written."""
    assert calls_of_a_request(*asked) < 125


@pytest.mark.parametrize("module", ["mockserver", "contract_tests"])
def test_help_imports_nothing_heavy(module: str) -> None:
    """`--help` loads the command line alone."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", module, "--help"], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in told.stderr.splitlines()}

    assert loaded & HEAVY == set()


def test_the_control_plane_is_made_when_first_asked_for() -> None:
    """Starting the mock does not read the control plane's document."""
    mock = create_app("fileforge")

    assert {"control", "page", "document"} & set(vars(mock)) == set()


def test_a_start_loads_no_pages() -> None:
    """A mock that is about to serve providers has loaded neither its control plane nor its dashboard."""
    script = (
        "import sys\n"
        "from mockserver import banner, create_app, server\n"
        "mock = create_app()\n"
        "banner.banner(mock, 'http://127.0.0.1:8080')\n"
        "server.Server(mock).config.load()\n"
        "print(*(name for name in sys.modules if name.startswith('mockserver.')))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert {"mockserver.control.app", "mockserver.dashboard.app", "latchkey.rules"} & set(told.stdout.split()) == set()
