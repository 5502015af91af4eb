"""Errors of Files.com: what each has to say, and some that are easily had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from contract_tests import counting
from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.filescom import files, keys, steps
from contract_tests.provision import Key
from contract_tests.story import answered


def refuses(answer: Answer, type: str, *statuses: int) -> None:
    """The error's type, or one that begins with it where it ends in a slash, and one of these statuses."""
    answer.expect(*statuses)
    actual = answer.member("type")
    kept = isinstance(actual, str) and (actual.startswith(type) if type.endswith("/") else actual == type)
    check(kept, f"{answer.request} to answer with a type {type}", actual)


def has_title_of_its_type(answer: Answer) -> None:
    """The title is the last part of the type, in words."""
    words = str(answer.member("type")).rsplit("/", 1)[-1].split("-")
    wanted = " ".join(word.capitalize() for word in words)
    check(answer.member("title") == wanted, f"the title {wanted}", answer.member("title"))


def over(lab: Lab) -> Iterator[Key]:
    """A revoked and an expired key, as far as there are such."""
    for situation in ("revoked", "expired"):
        with suppress(NotVerifiable):
            yield lab.key(situation)


def kinds(lab: Lab) -> list[Answer]:
    """One error of each kind that is easily had: 401 twice, 404 twice, and a missing member."""
    answers = [
        answered(lab, "nobody", lambda: lab.call("list_api_keys")),
        answered(lab, "a forged key", lambda: lab.call("list_api_keys", key=lab.forged())),
        files.missing(lab),
        keys.missing(lab),
        keys.nameless(lab),
    ]
    for answer in answers:
        if answer.passed:
            raise NotVerifiable(f"a step before it failed: {answer.request} answered {answer}, an error was needed")
    return answers


def limited(lab: Lab) -> Answer:
    """The refusal of a call too many in one minute, to be judged."""
    return counting.refused(lab, 600, lambda: steps.current(lab, lab.key())).given(429)
