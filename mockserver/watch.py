"""Follows the files that a running mock was made from, and keeps the last good ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from watchfiles import Change, awatch

from latchkey import ContractError
from mockserver.app import Mock
from mockserver.sources import Sources

#: Milliseconds without a further change before files are read: an editor writes several at once.
SETTLED = 50


async def watch(mock: Mock, sources: Sources, tell: Callable[[str], None]) -> None:
    """Reloads the mock whenever a file changes, until cancelled. `tell` is given a line on each."""
    changes = awatch(*sources.folders(), watch_filter=_concerns(sources), recursive=False, step=SETTLED)
    async for changed in changes:
        names = ", ".join(sorted({Path(path).name for _, path in changed}))
        tell(f"{names} changed: {await reload(mock, sources)}")


async def reload(mock: Mock, sources: Sources) -> str:
    """Reads the files again and, where they are right, lets the mock go on with them. Says what came of it."""
    try:
        # Reading takes a second: requests are answered meanwhile.
        mock.reload(*await asyncio.to_thread(sources.read))
    except (ContractError, ImportError, AttributeError) as problem:
        return f"not reloaded, the old ones stay. {problem}"
    except KeyError as missing:
        return f"not reloaded, the old ones stay. There is no provider {missing} any more."
    return "reloaded"


def _concerns(sources: Sources) -> Callable[[Change, str], bool]:
    overlays = {str(overlay.resolve()) for overlay in sources.overlays}
    ours = {str(folder.resolve()) for folder in (sources.spec, sources.fixtures)}

    def concerns(change: Change, path: str) -> bool:
        file = Path(path).resolve()
        return str(file) in overlays or (file.suffix == ".yaml" and any(map(str(file).startswith, ours)))

    return concerns
