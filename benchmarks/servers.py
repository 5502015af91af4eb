"""The contestants: each a process on a core of its own, started, asked and ended."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from latchkey import load

#: The server's core and the load generator's; the same where there is only one.
SERVER, GENERATOR = ([*sorted(os.sched_getaffinity(0)), *sorted(os.sched_getaffinity(0))])[:2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of the benchmark, and where its answer comes from."""

    name: str
    provider: str
    method: str
    path: str
    body: Any = None

    def raw(self, port: int, headers: Mapping[str, str]) -> bytes:
        """The request as it goes over the wire."""
        content = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if content:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running process. `cpu` and `memory` are what it has used so far: seconds, bytes."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: Sequence[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The command's server, once it listens on the port; ended afterwards."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER}),
    )
    try:
        wait_for(port, process)
        yield Server(port=port, process=process)
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Returns when a request is answered. Raises RuntimeError if the process ends."""
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/")
            connection.getresponse()
            return
        except OSError:
            pass
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        time.sleep(0.002)


def mock_command(port: int) -> list[str]:
    return [sys.executable, "-m", "mockserver", "--port", str(port)]


def bare_command(port: int) -> list[str]:
    options = ["--no-access-log", "--log-level", "warning", "--no-server-header", "--port", str(port)]
    return [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", *options]


@contextmanager
def bare(answers: Mapping[str, Any]) -> Iterator[Server]:
    """Starlette alone, answering these bytes: path to method, body and headers."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(answers, file)
        file.flush()
        port = free_port()
        with serving(bare_command(port), port, {"BARE_ANSWERS": file.name}) as server:
            yield server


def credentials(server: Server, provider: str) -> dict[str, str]:
    """Headers with a fresh key of this provider whose windows count but never refuse."""
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}/_mock", trust_env=False) as control:
        account = control.post("/accounts", json={"provider": provider}).raise_for_status().json()["id"]
        body = {"unlimited": True, "name": "load"}
        key = control.post(f"/accounts/{account}/keys", json=body).raise_for_status().json()
    first = load().providers[provider].credentials[0]
    return {first.header: f"{first.scheme} {key['key']}" if first.scheme else key["key"]}


def drive(server: Server, request: bytes, *, connections: int, seconds: float) -> dict[str, Any]:
    """What the load generator says, with the server's CPU time per request in microseconds as `cpu`."""
    before = server.cpu()
    arguments = ["127.0.0.1", str(server.port), str(connections), str(seconds)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *arguments],
        input=request,
        capture_output=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {GENERATOR}),
    )
    told: dict[str, Any] = json.loads(done.stdout)
    count = sum(told["statuses"].values())
    return {**told, "count": count, "cpu": (server.cpu() - before) / count * 1e6}
