"""The body of a request, whole: once in memory, and no larger than is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive

#: What fits where nothing else was asked for: the largest file of a provider and some room.
MAX_BODY = 128 * 1024 * 1024


class TooLarge(Exception):
    """The body is larger than is allowed, or says so before it comes."""


class Gone(Exception):
    """The client left before its request was read."""


async def read_body(receive: Receive, headers: Mapping[str, str], most: int) -> bytes:
    """The body. Raises TooLarge as soon as it is known to have more than `most` bytes, and Gone."""
    declared = headers.get("content-length")
    if declared and declared.isdecimal() and int(declared) > most:
        raise TooLarge
    whole, size, more = None, 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > most:
            raise TooLarge
        if whole is None:
            if not more:
                return bytes(chunk)
            # What getvalue gives shares the buffer: joined chunks would be in memory twice.
            whole = BytesIO()
        whole.write(chunk)
    return whole.getvalue() if whole else b""
