"""Proofs of the rules of Files.com: lists in pages."""

from __future__ import annotations

from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import errors, files, steps
from contract_tests.provision import Key

# Paging: SDKs and recorded answers


@rule("filescom.paging.per-page")
def test_paging_per_page(lab: Lab) -> None:
    """Of three keys, files and users, pages of two hold two at most and pages of one hold one."""
    for name, key, folder in lab.some(_lists(lab), 2, "lists"):
        for size in lab.some((2, 1), 1, "sizes"):
            answer = lab.call(name, key=key, path={"path": folder}, query={"per_page": size}).expect(200)
            shown = len(steps.rows(answer))
            check(shown <= size, f"{name} to answer at most {size} rows", shown)


@rule("filescom.paging.cursor")
def test_paging_cursor(lab: Lab) -> None:
    """Followed page by page, lists of keys and files show everything once."""
    for (name, key, folder), member_of in zip(_lists(lab), ("id", "path"), strict=False):
        whole = _whole(lab, name, key, folder)
        wanted = [row.get(member_of) for row in steps.rows(whole)]
        pages = _pages(lab, name, key, folder)
        seen = [row.get(member_of) for page in pages for row in steps.rows(page)]
        check(len(pages) >= 2, f"{name} to have more than one page of two", len(pages))
        check(sorted(map(str, seen)) == sorted(map(str, wanted)), f"{name} to show {wanted} once each", seen)


def _lists(lab: Lab) -> list[tuple[str, Key, str]]:
    """Lists with more rows than two, each with the key that asks for it, and the folder: the keys of a user who has two more
    than the one in use, four files and folders, and the users of the site.
    """
    member = lab.key("member")
    for _ in range(2):
        steps.shared_key(lab, user_id=steps.user_of(lab, member))
    folder = files.path(lab)
    return [("list_api_keys", member, ""), ("list_folder", lab.key(), folder), ("list_users", lab.key(), "")]


def _whole(lab: Lab, name: str, key: Key, folder: str) -> Answer:
    return lab.call(name, key=key, path={"path": folder}, query={"per_page": 1000}).given(200)


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
    for name, key, folder in lab.some(_lists(lab), 2, "lists"):
        pages = _pages(lab, name, key, folder)
        check(len(pages) < 50, f"the pages of {name} to come to an end", "50 pages")
        for last in (_whole(lab, name, key, folder), pages[-1]):
            cursor = last.headers.get("X-Files-Cursor-Next") or last.headers.get("X-Files-Cursor")
            check(not cursor, f"{last.request} to name no next page", cursor)


@rule("filescom.paging.previous")
def test_paging_previous(lab: Lab) -> None:
    """From the second page the cursor of the page before leads to the first again, which names none before it."""
    folder = files.path(lab)
    pages = _pages(lab, "list_folder", lab.key(), folder)
    check(len(pages) >= 2, "more than one page of two files", len(pages))
    first, second = pages[:2]
    check(not first.headers.get("X-Files-Cursor-Prev"), "no page before the first", first.headers)
    cursor = second.header("X-Files-Cursor-Prev", ".+")
    back = steps.list_folder(lab, lab.key(), folder, query={"per_page": 2, "cursor": cursor}).expect(200)
    check(steps.paths(back) == steps.paths(first), f"the first page, {steps.paths(first)}", steps.paths(back))


@rule("filescom.paging.invalid-cursor")
def test_paging_invalid_cursor(lab: Lab) -> None:
    """Neither nonsense nor nonsense in the form of a cursor is one."""
    for cursor in ("tomorrow", "c2:next:bm9uc2Vuc2U"):
        answer = lab.call("list_api_keys", key=lab.key(), query={"cursor": cursor})
        errors.refuses(answer, "bad-request/invalid-cursor", 400, 422)
