"""A limit of time for what might never end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Ends the block after so many seconds with TimeoutError. In the main thread only; without effect on Windows."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    over = False

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal over
        over = True
        # No Exception: pytest and Hypothesis would take it for a proof's failure, and go on.
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except KeyboardInterrupt:
        if not over:
            raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    # pytest ends its run at the interrupt and returns.
    if over:
        raise TimeoutError(f"not done after {seconds:g} s")
