"""Rows of an account's tables: users, orders, products, whatever its provider keeps."""

from __future__ import annotations

from typing import Any

from connexion.exceptions import BadRequestProblem, ProblemException

from mockserver.control import accounts
from mockserver.control.app import current_world
from mockserver.world import Account, Row, Table, World

#: The member of a row that no answer shows.
_HIDDEN = "password"


def view(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != _HIDDEN}


def _find(account: str, table: str, row: str) -> tuple[Table, Any]:
    rows = accounts.find(account).table(table)
    for id in (row, int(row) if row.isdecimal() else None):
        if id in rows:
            return rows, id
    raise ProblemException(status=404, title="Not Found", detail=f"table {table!r} has no row {row}")


async def index(account: str, table: str) -> list[Row]:
    return [view(row) for row in accounts.find(account).table(table).values()]


async def create(account: str, table: str, body: Row) -> tuple[Row, int]:
    return view(add(current_world(), accounts.find(account), table, body)), 201


def add(world: World, account: Account, table: str, row: Row) -> Row:
    """The new row, with an id of its own where it says none. Raises the problem 400."""
    rows = account.table(table)
    row.setdefault("id", world.next_id())
    if row["id"] in rows:
        raise BadRequestProblem(detail=f"table {table!r} already has a row {row['id']}")
    rows[row["id"]] = row
    world.note(account)
    return row


async def change(account: str, table: str, row: str, body: Row) -> Row:
    rows, id = _find(account, table, row)
    rows[id].update({name: value for name, value in body.items() if name != "id"})
    current_world().note(accounts.find(account))
    return view(rows[id])


async def delete(account: str, table: str, row: str) -> tuple[None, int]:
    rows, id = _find(account, table, row)
    del rows[id]
    return None, 204
