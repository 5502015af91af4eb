"""What goes wrong only where requests overlap."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from latchkey.records import Limit
    from mockserver.limiter import Limiter, Reading

#: How long others can get in, seconds: longer than a busy machine takes to read what was sent at once.
GAP = 0.1


@sabotage("limit-race")
def limit_race() -> None:
    """Between the look at a budget and its use others get in; one after another nobody would notice."""
    from mockserver.limiter import Exhausted, Limiter

    take = Limiter.take

    def slow(
        self: Limiter, wanted: list[tuple[Limit, str]], now: float, *, units: int = 1, refuse: bool = True
    ) -> list[Reading]:
        for limit, partition in wanted if refuse else ():
            reading = self.read(limit, partition, now)
            if reading.remaining < (1 if limit.debt else units):
                raise Exhausted(reading)
            sleep(GAP)
        return take(self, wanted, now, units=units, refuse=False)

    _in_threads()
    Limiter.take = slow  # type: ignore[method-assign,assignment]


def _in_threads() -> None:
    """Every request is answered in a thread of its own, so that one gets in where another waits."""
    from mockserver.layers.answer import Answer

    answer, threads = Answer.__call__, ThreadPoolExecutor(128)

    async def threaded(self: Answer, scope: Any, receive: Any, send: Any) -> None:
        came, sent = [await receive()], []
        while came[-1].get("more_body"):
            came.append(await receive())

        async def replay() -> Any:
            return came.pop(0)

        async def keep(message: Any) -> None:
            sent.append(message)

        await asyncio.get_running_loop().run_in_executor(threads, asyncio.run, answer(self, scope, replay, keep))
        for message in sent:
            await send(message)

    Answer.__call__ = threaded  # type: ignore[method-assign]
