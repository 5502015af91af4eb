"""Cold start: from the process's start to the first answered request; and what `--help` costs."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from benchmarks.servers import bare_command, free_port, mock_command, wait_for

Command = Callable[[int], list[str]]
#: The commands whose `--help` must come at once.
COMMANDS = ("mockserver", "contract_tests")


def seconds_to_first_answer(command: Command) -> float:
    port, start = free_port(), time.perf_counter()
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        return time.perf_counter() - start
    finally:
        process.terminate()
        process.wait()


def measure(rounds: int) -> tuple[float, float]:
    """Seconds of the mock and of bare Starlette, medians, by turns."""
    pairs = [(seconds_to_first_answer(mock_command), seconds_to_first_answer(bare_command)) for _ in range(rounds)]
    return median(ours for ours, _ in pairs), median(floor for _, floor in pairs)


def cpu_of_help(module: str, rounds: int) -> float:
    """Seconds of CPU, the median."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", module, "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return median(once() for _ in range(rounds))
