"""A provider's tree as WsgiDAV wants resources."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeVar

from wsgidav.dav_error import DAVError
from wsgidav.dav_provider import DAVCollection, DAVNonCollection, DAVProvider

from mockserver.exchange import Exchange
from mockserver.node import Node
from mockserver.protocols.door import Door
from mockserver.refusals import Refused
from mockserver.world import Row

T = TypeVar("T")

#: Where the visit lies in the environment of a request.
VISIT = "latchkey.visit"


class Visit:
    """One request: its exchange, and what became of it."""

    def __init__(self, door: Door, exchange: Exchange) -> None:
        self.door = door
        self.exchange = exchange
        self.written: list[bytes] = []
        self.created = False
        self.refused: Refused | None = None

    def ask(self, function: Callable[..., T], *words: Any, **named: Any) -> T:
        """Calls a function of the tree. Raises DAVError where it refuses."""
        try:
            return function(self.exchange, *words, **named)
        except Refused as refused:
            self.refused = refused
            raise DAVError(self.door.code(refused), refused.reason, src_exception=refused) from None

    def find(self, path: str) -> Row | None:
        """None where nothing is, or nothing that the caller sees."""
        try:
            return self.door.tree.find(self.exchange, path)
        except Refused as refused:
            self.refused = refused
            return None


class Files(DAVProvider):  # type: ignore[misc] # WsgiDAV has no types
    """Where WsgiDAV looks for what a path names."""

    def get_resource_inst(self, path: str | None, environ: dict[str, Any]) -> Folder | File | None:
        visit: Visit = environ[VISIT]
        # None is what WsgiDAV calls the folder that the root lies in.
        row = None if path is None else visit.find(path)
        return None if row is None else _resource(visit, row, environ)


def _resource(visit: Visit, row: Row, environ: dict[str, Any]) -> Folder | File:
    node = visit.door.tree.node(visit.exchange, row)
    return (Folder if node.folder else File)(f"/{node.path}", environ, row, node)


class _Resource:
    """What folders and files have in common."""

    environ: dict[str, Any]
    path: str
    row: Row | None
    node: Node | None

    @property
    def visit(self) -> Visit:
        visit: Visit = self.environ[VISIT]
        return visit

    @property
    def known(self) -> Node:
        assert self.node
        return self.node

    def get_creation_date(self) -> float:
        return self.known.created_at

    def get_last_modified(self) -> float:
        return self.known.changed_at

    def get_display_name(self) -> str:
        return self.known.name

    def handle_delete(self) -> bool:
        self.visit.ask(self.visit.door.tree.delete, self.row, recursive=True)
        return True

    def handle_move(self, dest_path: str) -> bool:
        visit = self.visit
        visit.created = visit.find(dest_path) is None
        visit.ask(visit.door.tree.move, self.row, dest_path, replace=True)
        return True

    def handle_copy(self, dest_path: str, *, depth_infinity: bool) -> bool:
        visit, tree = self.visit, self.visit.door.tree
        there = visit.find(dest_path)
        visit.created = there is None
        if self.known.folder and not depth_infinity:
            if there is not None:
                visit.ask(tree.delete, there, recursive=True)
            visit.ask(tree.make_folder, dest_path)
        else:
            visit.ask(tree.copy, self.row, dest_path, replace=True)
        return True


class Folder(_Resource, DAVCollection):  # type: ignore[misc]
    def __init__(self, path: str, environ: dict[str, Any], row: Row, node: Node) -> None:
        DAVCollection.__init__(self, path, environ)
        self.row, self.node = row, node

    def get_member_list(self) -> list[Folder | File]:
        visit = self.visit
        return [_resource(visit, row, self.environ) for row in visit.ask(visit.door.tree.children, self.row)]

    def get_member_names(self) -> list[str]:
        return [member.known.name for member in self.get_member_list()]

    def get_etag(self) -> None:
        return None

    def create_empty_resource(self, name: str) -> File:
        return File(f"{self.path.rstrip('/')}/{name}", self.environ, None, None)

    def create_collection(self, name: str) -> None:
        self.visit.ask(self.visit.door.tree.make_folder, f"{self.path}/{name}")


class File(_Resource, DAVNonCollection):  # type: ignore[misc]
    def __init__(self, path: str, environ: dict[str, Any], row: Row | None, node: Node | None) -> None:
        DAVNonCollection.__init__(self, path, environ)
        self.row, self.node = row, node

    def get_content_length(self) -> int:
        return self.known.size

    def get_content_type(self) -> str:
        return self.known.media_type

    def get_etag(self) -> str:
        return self.known.digest

    def get_property_value(self, name: str) -> Any:
        # As the header writes it (RFC 4918, 15.6).
        value = super().get_property_value(name)
        return f'"{value}"' if name == "{DAV:}getetag" else value

    def support_etag(self) -> bool:
        return True

    def support_ranges(self) -> bool:
        return True

    def get_content(self) -> io.BytesIO:
        return io.BytesIO(self.visit.ask(self.visit.door.tree.read, self.row))

    def begin_write(self, *, content_type: str | None = None) -> io.BytesIO:
        # The body is there already, whole.
        return io.BytesIO()

    def end_write(self, *, with_errors: bool) -> None:
        visit, tree = self.visit, self.visit.door.tree
        self.row, _ = visit.ask(tree.write, self.path, visit.exchange.body)
        self.node = tree.node(visit.exchange, self.row)
