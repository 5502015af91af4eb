"""What a request is answered that gets nothing, and what a body has to hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Reply = tuple[int, Mapping[str, str], bytes]


class Refused(Exception):
    """What a request is answered that gets nothing."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.reply = as_json(status, {"error": {"code": status, "text": text}}, headers)


class Invalid(Refused):
    """A body with mistakes: a list of texts for each field. Counted are the fields."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        field, texts = next(iter(errors.items()))
        first, more = f"The {field} is {'required' if 'required' in texts[0] else 'invalid'}.", len(errors) - 1
        super().__init__(422, first)
        counted = f"{first} (and {more} more error{'s' * (more > 1)})" if more else first
        self.reply = as_json(422, {"message": counted, "errors": errors})


def as_json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    kept = {"Content-Type": "application/json; charset=UTF-8", "Cache-Control": "no-store", **(headers or {})}
    return status, kept, json.dumps(body).encode()


# What a body has to hold: checks of each field, with what is told where one fails.


def whole(value: Any) -> bool:
    """Whole numbers, those too that are written as text or as 5.0."""
    return not isinstance(value, bool) and re.fullmatch(r"-?\d{1,18}(\.0)?", str(value)) is not None


def number(value: Any) -> int:
    return int(str(value).removesuffix(".0"))


TEXT = (lambda value: isinstance(value, str), "The {} must be a string.")
SHORT = (lambda value: len(str(value)) <= 255, "The {} must not be more than 255 characters.")
WHOLE = (whole, "Give the {} as a whole number.")
NOT_LESS = (lambda value: not whole(value) or number(value) >= 0, "The {} is below zero.")
SOME = (lambda value: not whole(value) or number(value) > 0, "The {} is nothing.")
URL = (lambda value: re.fullmatch(r"https?://[^\s/?#]+\S*", str(value)) is not None, "The {} leads nowhere.")
LINKED = (lambda value: value == "link", "The {} has to be link.")
MEDIUM = (lambda value: re.fullmatch(r"(application|audio|image|text|video)/[\w.+-]+", str(value)), "No such {} here.")
NUMBERS = (lambda value: isinstance(value, list) and all(map(whole, value)), "The {} have to be numbers.")
TEXTS = (lambda value: isinstance(value, list) and all(isinstance(it, str) for it in value), "The {} have to be ids.")
LINK = {"filename": (TEXT, SHORT), "size": (WHOLE, NOT_LESS), "url": (URL,), "type": (LINKED,)}
FILE = {"filename": (TEXT, SHORT), "size": (WHOLE, SOME), "mime_type": (MEDIUM,)}
PRODUCTS = {"product_ids": (NUMBERS,), "variant_ids": (NUMBERS,)}
ASSETS = {"asset_ids": (TEXTS,)}
OPTIONAL = {"mime_type", "variant_ids"}


def mistakes(
    body: Row, fields: Mapping[str, Sequence[tuple[Callable[[Any], Any], str]]]
) -> Iterator[tuple[str, list[str]]]:
    """Each field with mistakes, and what is told of it: of a name that is missing also that it is no text, and too long."""
    for field, checks in fields.items():
        value = body.get(field)
        if value in (None, "", []):
            told = [] if field in OPTIONAL else [f"The {field} field is required."]
            told += [words.format(field) for check, words in checks if told and words in (TEXT[1], SHORT[1])]
        else:
            told = [words.format(field) for right, words in checks if not right(value)]
        if told:
            yield field, told


def trimmed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: trimmed(item) for name, item in value.items()}
    return value.strip() if isinstance(value, str) else value


def valid(body: Row, fields: Mapping[str, Any]) -> None:
    if errors := dict(mistakes(body, fields)):
        raise Invalid(errors)
