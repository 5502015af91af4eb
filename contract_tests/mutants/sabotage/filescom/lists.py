"""Lists, broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.filescom._parts import sabotages
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply


def _without_headers(*names: str) -> Callable[..., Reply]:
    def around(page: Any, *words: Any) -> Reply:
        reply: Reply = page(*words)
        return replace(reply, headers={name: value for name, value in reply.headers.items() if name not in names})

    return around


def _never_last(page: Any, *words: Any) -> Reply:
    reply: Reply = page(*words)
    return replace(
        reply, headers={"X-Files-Cursor": "c2:next:MDo", "X-Files-Cursor-Next": "c2:next:MDo", **reply.headers}
    )


def _next_moved(by: int) -> Callable[..., str]:
    """Cursors of next pages name no item, and an index that is so much too high."""
    return lambda cursor, way, index, place: (
        cursor(way, index + 1 + by, "") if way == "next" else cursor(way, index, place)
    )


def _first_page_instead(read: Any, call: Exchange, text: str) -> Any:
    from mockserver.refusals import Refused

    try:
        return read(call, text)
    except Refused:
        return "next", 0, ""


def _one_more(window: Any, call: Exchange, places: list[str]) -> tuple[int, int]:
    start, stop = window(call, places)
    return start, min(stop + 1, len(places))


@sabotage("filescom-filters-include-equal")
def filters_include_equal() -> None:
    """Greater is at least, less is at most."""
    lists: Any = import_module("mockserver.providers.filescom.lists")
    lists.COMPARISONS = {
        **lists.COMPARISONS,
        "filter_gt": lists.COMPARISONS["filter_gteq"],
        "filter_lt": lists.COMPARISONS["filter_lteq"],
    }


sabotages(
    {
        "filescom-filters-keep-unset": (
            "lists._holds",
            lambda holds, comparison, value, limit: comparison == "filter_lteq" or holds(comparison, value, limit),
        ),
        "filescom-filters-unknown-ignored": ("lists._check_names", lambda check, call: None),
        "filescom-page-one-more": ("lists._window", _one_more),
        "filescom-page-without-cursor": ("lists._page", _without_headers("X-Files-Cursor", "X-Files-Cursor-Next")),
        "filescom-page-old-cursor-only": ("lists._page", _without_headers("X-Files-Cursor-Next")),
        "filescom-page-new-cursor-only": ("lists._page", _without_headers("X-Files-Cursor")),
        "filescom-page-without-previous": ("lists._page", _without_headers("X-Files-Cursor-Prev")),
        "filescom-page-repeats-row": ("lists._cursor", _next_moved(-1)),
        "filescom-page-skips-row": ("lists._cursor", _next_moved(1)),
        "filescom-page-never-last": ("lists._page", _never_last),
        "filescom-page-previous-overlaps": (
            "lists._cursor",
            lambda cursor, way, index, place: (
                cursor(way, index + 1, "") if way == "prev" else cursor(way, index, place)
            ),
        ),
        "filescom-cursor-guessed": ("lists._read", _first_page_instead),
    }
)
