"""From a thread of a library into the mock's event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mockserver.protocols import bridge as module
from mockserver.protocols.bridge import Bridge


def across(function: Callable[[], Any]) -> tuple[Any, bool]:
    """What the function answers when it is called from another thread, and whether it ran in the loop's."""
    ran: list[int] = []

    def noted() -> Any:
        ran.append(threading.get_ident())
        return function()

    async def main() -> tuple[Any, bool]:
        bridge = Bridge()
        answer = await asyncio.to_thread(bridge.call, noted)
        return answer, ran == [threading.get_ident()]

    return asyncio.run(main())


def test_a_function_runs_in_the_loop():
    """Its answer comes back."""
    assert across(lambda: 42) == (42, True)


def test_what_it_raises_is_raised_where_it_was_called():
    """As it is."""
    with pytest.raises(KeyError, match="gone"):
        across(lambda: {}["gone"])


def test_a_loop_that_is_busy_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """After some patience; the function then does not run any more."""
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    ran: list[bool] = []

    async def main() -> None:
        bridge, given_up = Bridge(), threading.Event()

        def ask() -> None:
            try:
                bridge.call(lambda: ran.append(True))
            except TimeoutError:
                given_up.set()

        thread = threading.Thread(target=ask)
        thread.start()
        # The loop does not turn while this waits.
        assert given_up.wait(20)
        thread.join(20)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert ran == []


def test_a_loop_that_has_ended_is_told():
    """Not waited for."""

    async def main() -> Bridge:
        return Bridge()

    with pytest.raises(RuntimeError):
        asyncio.run(main()).call(lambda: None)
