"""From a thread of a library into the mock's event loop, where alone its state is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

#: Seconds until a thread gives up on a loop that is busy, or ending.
PATIENCE = 10.0


class Bridge:
    """Calls functions in the loop that it was made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def call(self, function: Callable[[], T]) -> T:
        """What the function answers, or raises, there. Raises TimeoutError, and RuntimeError once the loop is closed."""
        done: Future[T] = Future()

        def work() -> None:
            # Nobody waits for it any more where it was given up.
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(function())
            except BaseException as problem:
                done.set_exception(problem)

        self._loop.call_soon_threadsafe(work)
        try:
            return done.result(PATIENCE)
        finally:
            done.cancel()
