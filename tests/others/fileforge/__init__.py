"""FileForge as somebody else might have built it, from its public pages; where they are silent it has ways of its own."""

from tests.others.fileforge.doors import ApiDoor, Door, Reply, Server, StoreDoor
from tests.others.fileforge.forge import (
    DAY,
    SCOPES,
    Asked,
    Bucket,
    Calls,
    Conversions,
    Files,
    Jobs,
    Keys,
    Refused,
    Row,
    Store,
    account,
)

__all__ = [
    "DAY",
    "SCOPES",
    "ApiDoor",
    "Asked",
    "Bucket",
    "Calls",
    "Conversions",
    "Door",
    "Files",
    "Jobs",
    "Keys",
    "Refused",
    "Reply",
    "Row",
    "Server",
    "Store",
    "StoreDoor",
    "account",
]
