"""Steps that several modules of proofs of the DezerX license API share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from contract_tests.answer import Answer
from contract_tests.counting import exhausted
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Violation, check
from contract_tests.provision import Key
from contract_tests.race import Call

#: A domain that no licence is for.
ELSEWHERE = "elsewhere.example"
#: A token of the right form that was never made.
NO_TOKEN = "a1b2c3d4" * 8
CLIENT_ERRORS = tuple(range(400, 500))


def token(lab: Lab, key: Key | None = None) -> str:
    """A fresh download token. Raises NotVerifiable where there is none to be had."""
    return token_of(lab, lab.call("generate_download_token", key=key or lab.key()).given())


def token_of(lab: Lab, answer: Answer) -> str:
    """The token in the answer that made it."""
    try:
        url = str(answer.member("data", "download_url"))
    except Violation as problem:
        raise NotVerifiable(f"a step before it gave no download URL: {problem.actual}") from None
    return lab.hide(token_in(url), "DOWNLOAD_TOKEN")


def token_in(url: str) -> str:
    """The token that a download URL tells: the last segment of its path, whatever query goes along."""
    return urlsplit(url).path.rsplit("/", 1)[-1]


def download_call(lab: Lab) -> Call:
    """A download with a fresh token, not sent yet."""
    return lab.prepare("download_file", path={"token": token(lab)})


def headers(key: Key) -> dict[str, str]:
    """The three headers that document 003 names, written out."""
    presents = key.presents
    return {
        "Authorization": f"Bearer {key.raw}",
        "X-Domain": str(presents["domain"]),
        "X-Product-ID": str(presents["product_id"]),
    }


def body(key: Key) -> dict[str, Any]:
    return {"domain": key.presents["domain"], "product_id": int(key.presents["product_id"])}


def without(source: Key | Mapping[str, Any], name: str) -> dict[str, Any]:
    values = source.presents if isinstance(source, Key) else source
    return {key: value for key, value in values.items() if key != name}


def other_product(key: Key) -> dict[str, Any]:
    return {**key.presents, "product_id": str(int(key.presents["product_id"]) + 1)}


def spent_token(lab: Lab) -> str:
    """A token that was used up. Raises NotVerifiable where none ever is."""
    spent = token(lab)
    download(lab, spent).given()
    for _ in range(3):
        if not download(lab, spent).passed:
            return spent
    raise NotVerifiable("a step before it failed: one token was good for four downloads")


def download(lab: Lab, token: str, *, method: str | None = None) -> Answer:
    return lab.call("download_file", path={"token": token}, method=method)


def used_up(lab: Lab, key: Key, operation: str = "verify") -> Answer:
    """The first answer with 429."""
    return exhausted(lab, 60, lambda: lab.call(operation, key=key))


def is_refused(answer: Answer, words: str = "") -> None:
    """Refused as the client's fault, whatever the status, and with these words somewhere in the body."""
    check(400 <= answer.status < 500, f"{answer.request} to be refused", answer)
    speaks_of(answer, words)


def speaks_of(answer: Answer, words: str) -> None:
    said = words.lower() in answer.content.decode("utf-8", "replace").lower()
    check(said, f"{answer.request} to say {words!r}", answer)


def tells(answer: Answer, status: int, message: str, code: str) -> None:
    answer.expect(status)
    has_member(answer, "success", False)
    has_member(answer, "message", message)
    has_member(answer, "error_code", code)


def succeeds(answer: Answer, message: str) -> None:
    answer.expect(200)
    has_member(answer, "success", True)
    has_member(answer, "message", message)
    data = answer.member("data")
    check(isinstance(data, dict), "data to be an object", data)


def has_member(answer: Answer, name: str, value: Any) -> None:
    actual = answer.member(name)
    check(actual == value, f"{answer.request} to answer {name} {value!r}", f"{answer.status} with {actual!r}")


def moment(text: Any, digits: int) -> float:
    """Unix seconds of a time in UTC with this many decimals. Raises Violation for any other form."""
    right = isinstance(text, str) and re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{{digits}}}Z", text)
    check(bool(right), f"a time in UTC with {digits} decimals and a Z", repr(text))
    return datetime.fromisoformat(text).timestamp()


def directives(answer: Answer) -> set[str]:
    return {item.strip().lower() for item in answer.headers.get("Cache-Control", "").split(",")}


def has_no_cache_headers(answer: Answer) -> None:
    missing = {"no-cache", "no-store", "must-revalidate"} - directives(answer)
    told = answer.headers.get("Cache-Control")
    check(not missing, f"{answer.request} to carry Cache-Control with {', '.join(sorted(missing))}", told)
    answer.header("Pragma", "no-cache")
    answer.header("Expires", "0")


def rate_headers(answer: Answer) -> list[str]:
    return [name for name in answer.headers if re.search("rate-?limit", name)]
