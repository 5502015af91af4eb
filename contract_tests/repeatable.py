"""Takes from the generators what would make two runs with one seed differ: profiles, databases, and the code around them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import hypothesis.internal.conjecture.providers as drawing
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.configuration import set_hypothesis_home_dir, storage_directory
from hypothesis.internal import charmap
from hypothesis.internal.constants_ast import Constants
from hypothesis.internal.intervalsets import IntervalSet

from contract_tests.cache_folder import cache_folder

#: Whole, so that neither a profile of the environment (hypothesis loads one where CI is set) nor of the user's tests shines
#: through. Only generating: nothing is replayed or explained, nor shrunk where nobody asks for it.
SETTINGS = settings(
    settings.get_profile("default"),
    phases=[Phase.generate],
    database=None,
    deadline=None,
    derandomize=False,
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
    print_blob=False,
    backend="hypothesis",
)

_tried_out = charmap.intervals_from_codec


@contextmanager
def repeatable() -> Iterator[None]:
    """Inside, values are drawn from the seed alone.

    Hypothesis would also draw constants that stand in the source code of whatever is imported from outside site-packages, and
    remember them: then a checkout generates other cases than a wheel. And it would keep its tables of Unicode in a folder of
    the working directory.
    """
    home, known, found = _home(), drawing.CONSTANTS_CACHE, drawing._get_local_constants
    nothing = Constants()
    set_hypothesis_home_dir(cache_folder())
    charmap.intervals_from_codec = _encodable
    drawing.CONSTANTS_CACHE = type(known)(1024)
    drawing._get_local_constants = lambda: nothing
    try:
        yield
    finally:
        set_hypothesis_home_dir(home)
        charmap.intervals_from_codec = _tried_out
        drawing.CONSTANTS_CACHE, drawing._get_local_constants = known, found


@cache
def _encodable(codec: str) -> tuple[IntervalSet, IntervalSet]:
    """The characters that a codec can write, and those of them that it reads as others.

    UTF-8 writes all but surrogates; hypothesis would find that out by writing each character once, which takes a second.
    """
    if codec == "utf-8":
        return IntervalSet([(0, 0xD7FF), (0xE000, sys.maxunicode)]), IntervalSet()
    return _tried_out(codec)


def _home() -> Path:
    return storage_directory(intent_to_write=False).home_directory
