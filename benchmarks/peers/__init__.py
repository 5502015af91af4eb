"""Other mock servers, given the same contract and the same request, where they are installed."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.servers import Server, free_port, serving
from latchkey import load
from mockserver.app import served

HERE = Path(__file__).parent
Command = Callable[[str, int], list[str] | None]


def _connexion(document: str, port: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.peers.stock", document, str(port)]


def _prism(document: str, port: int) -> list[str] | None:
    found = shutil.which("prism")
    return [found, "mock", "--port", str(port), document] if found else None


def _mockoon(document: str, port: int) -> list[str] | None:
    found = shutil.which("mockoon-cli")
    return [found, "start", "--disable-log-to-file", "--port", str(port), "--data", document] if found else None


def _openapi_backend(document: str, port: int) -> list[str] | None:
    found = shutil.which("node")
    # Node looks for packages beside the script, or where NODE_PATH says.
    return [found, str(HERE / "openapi_backend.cjs"), document, str(port)] if found else None


PEERS: Mapping[str, Command] = {
    "connexion, stock": _connexion,
    "Prism": _prism,
    "Mockoon": _mockoon,
    "openapi-backend": _openapi_backend,
}


@contextmanager
def document(provider: str) -> Iterator[str]:
    """A file with the provider's contract as the mock serves it, its list answered by an example."""
    content = served(load().only(provider))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(content, file)
        file.flush()
        yield file.name


@contextmanager
def peer(name: str, file: str) -> Iterator[Server | None]:
    """The peer behind a port; None where it is not installed or does not start."""
    port = free_port()
    command = PEERS[name](file, port)
    with ExitStack() as stack:
        server = None
        if command:
            with suppress(OSError, RuntimeError):
                server = stack.enter_context(serving(command, port))
        yield server
