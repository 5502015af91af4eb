"""Proofs of the rules of Files.com: lists in pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key

# Paging: SDKs and recorded answers


@rule("filescom.paging.per-page")
def test_paging_per_page(lab: Lab) -> None:
    """Of three keys, users and files, pages of two hold two at most and pages of one hold one."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        for name in ("list_api_keys", "list_folder", "list_users"):
            for size in (1, 2):
                key = lab.key() if name == "list_users" else member
                answer = lab.call(name, key=key, path={"path": folder}, query={"per_page": size}).expect(200)
                shown = len(steps.rows(answer))
                check(shown <= size, f"{name} to answer at most {size} rows", shown)


@rule("filescom.paging.cursor")
def test_paging_cursor(lab: Lab) -> None:
    """Followed page by page, lists of keys and files show everything once."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        for name, member_of in (("list_api_keys", "id"), ("list_folder", "path")):
            whole = lab.call(name, key=member, path={"path": folder}, query={"per_page": 1000}).given(200)
            wanted = [row.get(member_of) for row in steps.rows(whole)]
            pages = _pages(lab, name, member, folder)
            seen = [row.get(member_of) for page in pages for row in steps.rows(page)]
            check(len(pages) >= 2, f"{name} to have more than one page of two", len(pages))
            check(sorted(map(str, seen)) == sorted(map(str, wanted)), f"{name} to show {wanted} once each", seen)


@contextmanager
def _three(lab: Lab, key: Key) -> Iterator[str]:
    """Three more keys of this key's user, and a folder of theirs with three files: both are more than a page of two."""
    user = steps.user_of(lab, key)
    with ExitStack() as made:
        for _ in range(3):
            made.enter_context(steps.new_key(lab, user_id=user))
        yield lab.once("three files", lambda: _three_files(lab, key, made))


def _three_files(lab: Lab, key: Key, made: ExitStack) -> str:
    folder = made.enter_context(steps.scratch(lab, steps.home(lab, key)))
    for number in range(3):
        steps.upload(lab, key, f"{folder}/{number}.txt", b"one of three").given()
    return folder


def _pages(lab: Lab, name: str, key: Key, folder: str) -> list[Answer]:
    """The pages of two rows, by the cursor in either header."""
    pages: list[Answer] = []
    query: dict[str, Any] = {"per_page": 2}
    while len(pages) < 50:
        page = lab.call(name, key=key, path={"path": folder}, query=query).expect(200)
        pages.append(page)
        cursor = page.headers.get("X-Files-Cursor-Next") or page.headers.get("X-Files-Cursor")
        if not cursor:
            break
        query = {"per_page": 2, "cursor": cursor}
    return pages


@rule("filescom.paging.both-names")
def test_paging_both_names(lab: Lab) -> None:
    """A page with more behind it carries the same cursor under both names."""
    with steps.new_key(lab), steps.new_key(lab):
        answer = lab.call("list_api_keys", key=lab.key(), query={"per_page": 1}).given(200)
        both = {answer.header("X-Files-Cursor"), answer.header("X-Files-Cursor-Next")}
        check(len(both) == 1 and "" not in both, "the same cursor in both headers", both)


@rule("filescom.paging.last")
def test_paging_last(lab: Lab) -> None:
    """A list that fits its page names no next one, and neither does the last page of several."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        for name, key in (("list_api_keys", member), ("list_folder", member), ("list_users", lab.key())):
            whole = lab.call(name, key=key, path={"path": folder}, query={"per_page": 10000}).given(200)
            pages = _pages(lab, name, key, folder)
            check(len(pages) < 50, f"the pages of {name} to come to an end", "50 pages")
            for last in (whole, pages[-1]):
                cursor = last.headers.get("X-Files-Cursor-Next") or last.headers.get("X-Files-Cursor")
                check(not cursor, f"{last.request} to name no next page", cursor)


@rule("filescom.paging.previous")
def test_paging_previous(lab: Lab) -> None:
    """From the second page the cursor of the page before leads to the first again, which names none before it."""
    member = lab.key("member")
    with _three(lab, member) as folder:
        pages = _pages(lab, "list_folder", member, folder)
        check(len(pages) >= 2, "more than one page of two files", len(pages))
        first, second = pages[:2]
        check(not first.headers.get("X-Files-Cursor-Prev"), "no page before the first", first.headers)
        cursor = second.header("X-Files-Cursor-Prev", ".+")
        back = steps.list_folder(lab, member, folder, query={"per_page": 2, "cursor": cursor}).expect(200)
        check(steps.paths(back) == steps.paths(first), f"the first page, {steps.paths(first)}", steps.paths(back))


@rule("filescom.paging.invalid-cursor")
def test_paging_invalid_cursor(lab: Lab) -> None:
    """Neither nonsense nor nonsense in the form of a cursor is one."""
    for cursor in ("tomorrow", "c2:next:bm9uc2Vuc2U"):
        answer = lab.call("list_api_keys", key=lab.key(), query={"cursor": cursor})
        steps.refuses(answer, "bad-request/invalid-cursor", 400, 422)
