"""The suite: how long the gate takes, and what it costs beside a bare HTTP client that sends as many requests."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import credentials, free_port, mock_command, serving
from benchmarks.throughput import FILES

_BARE = """
import sys, time, httpx
with httpx.Client(base_url=sys.argv[1], headers={sys.argv[2]: sys.argv[3]}, trust_env=False) as client:
    client.get(sys.argv[4])
    before = time.process_time()
    for _ in range(int(sys.argv[5])):
        client.get(sys.argv[4]).read()
print(time.process_time() - before)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One run: seconds in all, and CPU seconds of the suite."""

    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A run where nothing is kept, one of the same seed after it, and CPU seconds of a bare client for as many requests."""

    first: Once
    again: Once
    requests: int
    bare: float


def measure() -> Gate:
    port = free_port()
    with serving(mock_command(port), port) as mock, tempfile.TemporaryDirectory() as folder:
        report, target = Path(folder) / "report.json", f"http://127.0.0.1:{port}"
        first, again = (_run(target, report, Path(folder) / "cache") for _ in range(2))
        requests = json.loads(report.read_text())["requests"]
        [(name, value)] = credentials(mock, FILES.provider).items()
        command = [sys.executable, "-c", _BARE, target, name, value, FILES.path, str(requests)]
        bare = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return Gate(first=first, again=again, requests=requests, bare=bare)


def _run(target: str, report: Path, cache: Path) -> Once:
    command = [sys.executable, "-m", "contract_tests", "run", target, "--json", str(report)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "XDG_CACHE_HOME": str(cache)})
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Once(seconds=seconds, cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
