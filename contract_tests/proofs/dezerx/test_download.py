"""Proofs of the rules of the DezerX license API: download tokens and the file that each gives once."""

from __future__ import annotations

import re

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.dezerx import steps

# Endpoint 2: Generate Download Token


@rule("dezerx.download.token")
def test_token(lab: Lab) -> None:
    """POST download succeeds, and the download takes the token that it gave."""
    url = str(lab.call("generate_download_token", key=lab.key()).passes().member("data", "download_url"))
    steps.download(lab, lab.hide(steps.token_in(url), "DOWNLOAD_TOKEN")).passes()


@rule("dezerx.download.answer")
def test_token_answer(lab: Lab) -> None:
    """POST download answers 200 with success, the published message and data."""
    steps.succeeds(lab.call("generate_download_token", key=lab.key()), "Download token generated successfully")


@rule("dezerx.download.url")
def test_download_url(lab: Lab) -> None:
    """download_url is absolute, and its path is that of the download with the token at its end; a query may go along."""
    answer = lab.call("generate_download_token", key=lab.key()).given()
    url = str(answer.member("data", "download_url"))
    right = re.fullmatch(r"https?://[^/?#]+/api/license/download-file/[^/?#]+(\?[^#]*)?", url) is not None
    check(right, "https://<host>/api/license/download-file/<token>", url)


@rule("dezerx.download.expires-at")
def test_expires_at(lab: Lab) -> None:
    """expires_at is 24 hours from now, in UTC with three decimals and a Z."""
    answer = lab.call("generate_download_token", key=lab.key()).given()
    told = answer.member("data", "expires_at")
    seconds = steps.moment(told, 3) - lab.now()
    # Two minutes of slack for a target whose clock is not ours.
    check(abs(seconds - 86400) < 120, "a moment 86400 s from now", f"{told}, which is {seconds:.0f} s from now")


@rule("dezerx.download.product")
def test_token_product(lab: Lab) -> None:
    """The answer names the product as verify does, and the size is that of the file then downloaded."""
    name = lab.call("verify", key=lab.key()).given().member("data", "product_name")
    answer = lab.call("generate_download_token", key=lab.key()).given()
    told, size = answer.member("data", "product_name"), answer.member("data", "file_size")
    content = steps.download(lab, steps.token_of(lab, answer)).given().content
    check(told == name, f"product_name {name!r}", repr(told))
    check(size == len(content), f"file_size {len(content)}, as many bytes as came", repr(size))


@rule("dezerx.download.disabled")
def test_download_disabled(lab: Lab) -> None:
    """A licence of a product that is not offered through the API verifies and gets 403 instead of a token."""
    key = lab.key("download_disabled")
    lab.call("verify", key=key).given()
    lab.call("generate_download_token", key=key).expect(403)


@rule("dezerx.download.disabled-answer")
def test_download_disabled_answer(lab: Lab) -> None:
    """The refusal says that API download is disabled for the product."""
    answer = lab.call("generate_download_token", key=lab.key("download_disabled"))
    steps.has_member(answer, "success", False)
    steps.has_member(answer, "message", "API download is disabled for this product")


@rule("dezerx.download.no-file")
def test_no_file(lab: Lab) -> None:
    """A licence of a product without a file verifies and gets 404 instead of a token."""
    key = lab.key("no_file")
    lab.call("verify", key=key).given()
    answer = lab.call("generate_download_token", key=key).expect(404)
    steps.has_member(answer, "success", False)
    steps.has_member(answer, "message", "No downloadable file available for this product")


@rule("dezerx.download.own-token")
def test_own_token(lab: Lab) -> None:
    """Two calls give two tokens, and both are good, the earlier one last."""
    first, second = steps.token(lab), steps.token(lab)
    check(first != second, "two different tokens", "the same one twice")
    steps.download(lab, second).passes()
    steps.download(lab, first).passes()


# Endpoint 3: Download File


@rule("dezerx.file.bytes")
def test_file(lab: Lab) -> None:
    """Two tokens of one product give the same bytes, and there are some."""
    contents = {steps.download(lab, steps.token(lab)).passes().content for _ in range(2)}
    check(len(contents) == 1 and b"" not in contents, "the product's file both times", f"{len(contents)} contents")


@rule("dezerx.file.without-key")
def test_file_without_key(lab: Lab) -> None:
    """A download that names no key, no domain and no product is answered with the file."""
    token = steps.token(lab)
    lab.request("GET", f"/api/license/download-file/{token}").passes()


@rule("dezerx.file.disposition")
def test_disposition(lab: Lab) -> None:
    """Content-Disposition names the file."""
    steps.download(lab, steps.token(lab)).given().header(
        "Content-Disposition", r""".*;\s*filename\*?\s*=\s*"?[^\s";]+.*"""
    )


@rule("dezerx.file.attachment")
def test_attachment(lab: Lab) -> None:
    """Content-Disposition is attachment, its filename in quotes."""
    steps.download(lab, steps.token(lab)).given().header(
        "Content-Disposition", r'attachment;\s*filename="[^"]+"(\s*;.*)?'
    )


@rule("dezerx.file.type")
def test_file_type(lab: Lab) -> None:
    """A zip archive comes as application/zip, any file at least as application/octet-stream."""
    answer = steps.download(lab, steps.token(lab)).given()
    known = (
        "application/zip|" if answer.content.startswith(b"PK") else r"(?!text/html|application/json)[\w.+-]+/[\w.+-]+|"
    )
    answer.header("Content-Type", rf"({known}application/octet-stream)(\s*;.*)?")


@rule("dezerx.file.length")
def test_file_length(lab: Lab) -> None:
    """Content-Length is the number of bytes that come."""
    answer = steps.download(lab, steps.token(lab)).given()
    _is_whole(lab, answer)
    answer.header("Content-Length", str(len(answer.content)))


@rule("dezerx.file.no-cache")
def test_file_no_cache(lab: Lab) -> None:
    """The file carries the three published headers; directives may stand in any order and beside others."""
    steps.has_no_cache_headers(steps.download(lab, steps.token(lab)).given())


@rule("dezerx.file.head")
def test_file_head(lab: Lab) -> None:
    """HEAD tells name and length of the file, and the token still gives it afterwards."""
    token = steps.token(lab)
    head = steps.download(lab, token, method="HEAD").passes()
    answer = steps.download(lab, token).passes()
    _is_whole(lab, answer)
    for name in ("Content-Disposition", "Content-Length", "Content-Type"):
        told = head.header(name)
        check(
            told == answer.headers.get(name), f"HEAD to tell {name} as GET does", f"{told}; {answer.headers.get(name)}"
        )


@rule("dezerx.file.gone")
def test_file_gone(lab: Lab) -> None:
    """A token whose file was taken away since is answered with 404 and Product file not found."""
    key = lab.key()
    token = steps.token(lab, key)
    lab.admin.change_row("products", key.presents["product_id"], product_file=None)
    answer = steps.download(lab, token).expect(404)
    steps.has_member(answer, "success", False)
    steps.has_member(answer, "message", "Product file not found")


@rule("dezerx.file.suspended-licence")
def test_file_of_suspended_licence(lab: Lab) -> None:
    """A token that was made before its licence was suspended still gives the file."""
    key = lab.new_key()
    token = steps.token(lab, key)
    lab.admin.change_key(key, attributes={"active": False})
    steps.download(lab, token).passes()


# One-time tokens


@rule("dezerx.token.once")
def test_token_once(lab: Lab) -> None:
    """The first download with a token succeeds, and the second and the third are refused."""
    token = steps.token(lab)
    steps.download(lab, token).given()
    for _ in range(2):
        steps.is_refused(steps.download(lab, token))


@rule("dezerx.token.lives")
def test_token_lives(lab: Lab) -> None:
    """A token is good one minute before 24 hours have passed."""
    token = steps.token(lab)
    lab.advance(86400 - 60)
    steps.download(lab, token).passes()


@rule("dezerx.token.expires")
def test_token_expires(lab: Lab) -> None:
    """A token that nobody used is refused when 24 hours have passed."""
    token = steps.token(lab)
    lab.advance(86400 + 1)
    steps.is_refused(steps.download(lab, token), "Invalid or expired download token")


@rule("dezerx.token.kept-on-failure")
def test_token_kept_on_failure(lab: Lab) -> None:
    """A token that met no file gives it once the file is back."""
    key = lab.key()
    product = key.presents["product_id"]
    file = next(row["product_file"] for row in lab.admin.rows("products") if row["id"] == product)
    token = steps.token(lab, key)
    lab.admin.change_row("products", product, product_file=None)
    steps.download(lab, token).given(*steps.CLIENT_ERRORS)
    lab.admin.change_row("products", product, product_file=file)
    steps.download(lab, token).passes()


@rule("dezerx.file.invalid-token")
def test_invalid_token(lab: Lab) -> None:
    """A token that was never made and one that was used are refused as invalid or expired."""
    for token in (steps.NO_TOKEN, steps.spent_token(lab)):
        steps.is_refused(steps.download(lab, token), "Invalid or expired download token")


@rule("dezerx.file.invalid-token-answer")
def test_invalid_token_answer(lab: Lab) -> None:
    """A token that was never made and one that was used are answered with 404."""
    for token in (steps.NO_TOKEN, steps.spent_token(lab)):
        steps.download(lab, token).expect(404)


@rule("dezerx.token.renewed")
def test_token_renewed(lab: Lab) -> None:
    """After a token is used up, a new one gives the file again."""
    steps.spent_token(lab)
    steps.download(lab, steps.token(lab)).passes()


def _is_whole(lab: Lab, answer: Answer) -> None:
    """Raises NotVerifiable where something on the way to a real target cut the body into chunks, which have no length."""
    if lab.thrifty and "chunked" in answer.headers.get("Transfer-Encoding", "").lower():
        raise NotVerifiable("it needs a way to the target on which no proxy cuts bodies into chunks")
