"""What all lists have in common: filters, one order, and pages that lead to one another by cursors."""

from __future__ import annotations

import operator
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from mockserver.exchange import Exchange, Reply
from mockserver.providers.filescom import moments

Item = TypeVar("Item")
#: Reads a field of an item.
Field = Callable[[Item, str], Any]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "filter": operator.eq,
    "filter_gt": operator.gt,
    "filter_gteq": operator.ge,
    "filter_lt": operator.lt,
    "filter_lteq": operator.le,
    "filter_prefix": lambda value, start: str(value).lower().startswith(start.lower()),
}
_ASKED = re.compile(r"(filter\w*|sort_by)\[(\w+)\]")
_CURSOR = re.compile(r"c2:(next|prev):(.*)")


def listed(
    call: Exchange,
    items: Sequence[Item],
    *,
    field: Field[Item],
    place: Callable[[Item], str],
    view: Callable[[Item], dict[str, Any]],
) -> Reply:
    """One page of the items that the query asks for. `place` is what a cursor remembers an item by."""
    _check_names(call)
    return _page(call, _sorted(call, _filtered(call, items, field), field), place, view)


def _check_names(call: Exchange) -> None:
    """Refuses filters and orders that this list does not have; unknown, they would show too much."""
    assert call.operation
    for name, _ in parse_qsl(call.query, keep_blank_values=True) if call.query else ():
        hit = _ASKED.fullmatch(name)
        known = {parameter.name for parameter in call.operation.parameters}
        if hit and name not in known:
            refusal = "invalid_sort_field" if hit[1] == "sort_by" else "invalid_filter_field"
            call.refuse(refusal, f"{name} is not among {', '.join(sorted(known))}", filter=name)


def _filtered(call: Exchange, items: Sequence[Item], field: Field[Item]) -> Sequence[Item]:
    for name, wanted in call.parameters.items():
        way, member = _way(name)
        if way in COMPARISONS:
            limit = _moment(call, name, wanted) if member.endswith("_at") else wanted
            items = [item for item in items if _holds(way, field(item, member), limit)]
    return items


@cache  # the contract has so many names
def _way(parameter: str) -> tuple[str, str]:
    """What a parameter of the contract asks, and of which field; nothing where it is of another kind."""
    hit = _ASKED.fullmatch(parameter)
    return (hit[1], hit[2]) if hit else ("", "")


def _holds(comparison: str, value: Any, limit: Any) -> bool:
    return value is not None and COMPARISONS[comparison](value, limit)


def _moment(call: Exchange, name: str, text: str) -> int:
    try:
        return int(moments.parse(text))
    except ValueError:
        call.refuse("invalid_filter_param_value", f"{name} is no date", filter=name)


def _sorted(call: Exchange, items: Sequence[Item], field: Field[Item]) -> Sequence[Item]:
    for name, direction in call.parameters.items():
        way, member = _way(name)
        if way == "sort_by":
            return sorted(items, key=lambda item: _rank(field(item, member)), reverse=direction == "desc")
    return items


def _rank(value: Any) -> tuple[bool, Any]:
    return value is None, value


def _page(
    call: Exchange, items: Sequence[Item], place: Callable[[Item], str], view: Callable[[Item], dict[str, Any]]
) -> Reply:
    start, stop = _window(call, [place(item) for item in items])
    headers = {}
    if stop < len(items):
        # Old SDKs follow the first name, new ones the second.
        cursor = _cursor("next", stop - 1, place(items[stop - 1]))
        headers = {"X-Files-Cursor": cursor, "X-Files-Cursor-Next": cursor}
    if start > 0:
        headers["X-Files-Cursor-Prev"] = _cursor("prev", start, place(items[start]) if start < len(items) else "")
    return Reply(body=[view(item) for item in items[start:stop]], headers=headers)


def _window(call: Exchange, places: list[str]) -> tuple[int, int]:
    """Where the page starts and stops. A cursor goes on from the item it names or, if that is gone, from its index."""
    assert call.operation
    sizes, name = call.facts["per_page"], call.operation.path.rsplit("/", 1)[-1]
    size = min(call.parameters.get("per_page", sizes["default"]), sizes.get(name, sizes["max"]))
    cursor = call.parameters.get("cursor")
    if not cursor:
        return 0, min(size, len(places))
    way, index, place = _read(call, cursor)
    if place in places:
        index = places.index(place)
        if way == "next":
            index += 1
    index = min(index, len(places))
    return (index, min(index + size, len(places))) if way == "next" else (max(0, index - size), index)


def _cursor(way: str, index: int, place: str) -> str:
    return f"c2:{way}:{urlsafe_b64encode(f'{index}:{place}'.encode()).decode().rstrip('=')}"


def _read(call: Exchange, cursor: str) -> tuple[str, int, str]:
    hit = _CURSOR.fullmatch(cursor)
    assert hit
    text = urlsafe_b64decode(hit[2] + "=" * (-len(hit[2]) % 4)).decode("utf-8", "replace")
    index, _, place = text.partition(":")
    if not (index.isascii() and index.isdecimal() and len(index) < 10):
        call.refuse(
            "invalid_cursor", "the cursor was not made by this mock", summary="cursor is not a cursor of this list"
        )
    return hit[1], int(index), place
