"""What happens, told at once to everybody who listens. Nobody is waited for: a slow listener loses its oldest news."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

#: News that wait for one listener; beyond that the oldest are lost, and the listener is told how many.
QUEUE = 256


class Listener:
    """One listener's queue. Iterating ends when the events are closed."""

    def __init__(self) -> None:
        self._news: deque[tuple[str, Any]] = deque()
        self._lost = 0
        self._ended = False
        self._woken = asyncio.Event()

    def put(self, name: str, about: Any) -> None:
        if len(self._news) == QUEUE:
            self._news.popleft()
            self._lost += 1
        self._news.append((name, about))
        self._woken.set()

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def news(self, patience: float) -> AsyncIterator[tuple[str, Any]]:
        """Each event's name and subject as they come; `idle` after `patience` seconds of none, `lost` with a number."""
        while True:
            if self._lost:
                lost, self._lost = self._lost, 0
                yield "lost", lost
            while self._news:
                yield self._news.popleft()
            if self._ended:
                return
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), patience)
            except TimeoutError:
                yield "idle", None


class Events:
    """All listeners of a world."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    def tell(self, name: str, about: Any = None) -> None:
        for listener in self._listeners:
            listener.put(name, about)

    def listen(self) -> Listener:
        listener = Listener()
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def close(self) -> None:
        """Ends every listener's iteration."""
        for listener in self._listeners:
            listener.end()
