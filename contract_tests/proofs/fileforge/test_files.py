"""Proofs of the rules of FileForge: uploads and files."""

from __future__ import annotations

from datetime import datetime

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import Violation, check
from contract_tests.proofs.fileforge import steps
from contract_tests.provision import Key

# fileforge-docs.aldrickb.app/api/files


@rule("fileforge.upload.presign")
def test_presign(lab: Lab) -> None:
    """An answer to a presign names the file, where it is to lie and where to send it."""
    answer = steps.presign(lab, lab.key()).passes().conforms()
    check(answer.member("bucket") == "fileforge-inputs", "the bucket fileforge-inputs", answer.member("bucket"))
    check(answer.member("upload_url").startswith("http"), "a URL to upload to", answer.member("upload_url"))


@rule("fileforge.upload.fifteen-minutes")
def test_fifteen_minutes(lab: Lab) -> None:
    """An upload URL is told to live a quarter of an hour."""
    seconds = steps.presign(lab, lab.key()).given().member("expires_in")
    check(seconds == 900, "expires_in 900", seconds)


@rule("fileforge.upload.url-expires")
def test_upload_url_expires(lab: Lab) -> None:
    """10 seconds before its 15 minutes are over the URL takes the upload, and a second after them it does not."""
    early, late = steps.ticket(lab, lab.key()), steps.ticket(lab, lab.key())
    lab.advance(890)
    steps.put(lab, early).expect(200)
    lab.advance(11)
    steps.is_refused(steps.put(lab, late))


@rule("fileforge.upload.put")
def test_put(lab: Lab) -> None:
    """The store takes the bytes from whoever has the URL, and says nothing."""
    answer = steps.put(lab, steps.ticket(lab, lab.key())).expect(200)
    check(answer.content == b"", "no body", answer)


@rule("fileforge.upload.exact-size")
def test_exact_size(lab: Lab) -> None:
    """One byte more and one byte less than declared are refused; as many as declared are taken."""
    upload = steps.ticket(lab, lab.key())
    for content in (steps.PNG + b"\0", steps.PNG[:-1]):
        steps.is_refused(steps.put(lab, upload, content))
    steps.put(lab, upload).expect(200)


@rule("fileforge.upload.file-too-large")
def test_file_too_large(lab: Lab) -> None:
    """Forge Pro may announce 500 MB and no more, whether a megabyte has 1000 or 1024 kilobytes."""
    _has_size_limit(lab, lab.key(), 500_000_000, 500 * 1024 * 1024)


@rule("fileforge.upload.enterprise-size")
def test_enterprise_size(lab: Lab) -> None:
    """Enterprise may announce 2 GB and no more."""
    _has_size_limit(lab, lab.key("enterprise"), 2_000_000_000, 2 * 1024**3)


def _has_size_limit(lab: Lab, key: Key, allowed: int, most: int) -> None:
    steps.presign(lab, key, allowed).passes()
    steps.refuses(steps.presign(lab, key, most + 1), 400, 413, code="file_too_large")


@rule("fileforge.finalize.created")
def test_finalize(lab: Lab) -> None:
    """A finalized upload is a file with the id that was reserved and the size that was sent."""
    upload = steps.uploaded(lab, lab.key())
    answer = steps.finalize(lab, lab.key(), upload, name="one-pixel.png").expect(201).conforms()
    for member, expected in (
        ("id", upload.id),
        ("original_name", lab.named("one-pixel.png")),
        ("mime_type", "image/png"),
        ("size_bytes", len(steps.PNG)),
    ):
        actual = answer.member(member)
        check(actual == expected, f"{member} {expected}", actual)


@rule("fileforge.finalize.upload-first")
def test_finalize_upload_first(lab: Lab) -> None:
    """What was presigned and not uploaded is not found."""
    steps.refuses(steps.finalize(lab, lab.key(), steps.ticket(lab, lab.key())), 404, code="not_found")


@rule("fileforge.finalize.mime-mismatch")
def test_mime_mismatch(lab: Lab) -> None:
    """A picture that calls itself a PDF is found out."""
    upload = steps.uploaded(lab, lab.key(), name="lease.pdf", mime="application/pdf")
    answer = steps.finalize(lab, lab.key(), upload, name="lease.pdf", mime="application/pdf")
    steps.refuses(answer, 422, code="mime_mismatch")


@rule("fileforge.finalize.malware")
def test_malware(lab: Lab) -> None:
    """The test file of the scanners is flagged."""
    steps.refuses(_infected(lab)[1], 422, code="malware_detected")


@rule("fileforge.finalize.malware-deleted")
def test_malware_deleted(lab: Lab) -> None:
    """A flagged object cannot be flagged again: it is gone."""
    upload, answer = _infected(lab)
    answer.given(422)
    again = _finalize_text(lab, upload)
    steps.is_refused(again)
    code = again.member("error", "code")
    check(code != "malware_detected", "the object to be gone when it is finalized again", code)


def _infected(lab: Lab) -> tuple[steps.Ticket, Answer]:
    """An upload that the scanner flags, and the answer to its finalization."""
    upload = steps.uploaded(lab, lab.key(), steps.MALWARE, name="invoice.txt", mime="text/plain")
    return upload, _finalize_text(lab, upload)


def _finalize_text(lab: Lab, upload: steps.Ticket) -> Answer:
    return steps.finalize(lab, lab.key(), upload, name="invoice.txt", mime="text/plain")


@rule("fileforge.files.list")
def test_files_list(lab: Lab) -> None:
    """The list has a file of the account, not one of another, and is closed to a key that may not read."""
    other = lab.neighbour()
    mine, theirs = steps.picture(lab, lab.key()), steps.picture(other, other.key())
    answer = lab.call("list_files", key=lab.key("only_files_read")).expect(200).conforms()
    listed = {file["id"] for file in answer.member("files")}
    check(mine in listed, "the file of the account in the list", f"{len(listed)} files without it")
    check(theirs not in listed, "no file of another account in the list", "one of another account")
    steps.is_refused(lab.call("list_files", key=lab.key("only_files_write")))


@rule("fileforge.files.delete")
def test_delete(lab: Lab) -> None:
    """A deleted file leaves nothing to be said."""
    lab.call("delete_file", key=lab.key(), path={"id": steps.own_picture(lab, lab.key())}).expect(204)


@rule("fileforge.files.delete-hard")
def test_delete_hard(lab: Lab) -> None:
    """Right after its deletion a file can be neither converted nor deleted nor finalized."""
    key = lab.key()
    upload = steps.uploaded(lab, key)
    steps.finalize(lab, key, upload).given()
    steps.convert(lab, key, upload.id).given()
    lab.call("delete_file", key=key, path={"id": upload.id}).given()
    steps.convert(lab, key, upload.id).expect(404)
    lab.call("delete_file", key=key, path={"id": upload.id}).expect(404)
    steps.is_refused(steps.finalize(lab, key, upload))


@rule("fileforge.files.retention")
def test_retention(lab: Lab) -> None:
    """Between creation and expiry of an upload lies a day or, as the terms of service have it, a week."""
    answer = steps.finalize(lab, lab.key(), steps.uploaded(lab, lab.key())).given()
    created, expires = (_moment(answer, member) for member in ("created_at", "expires_at"))
    # The two times may be taken at the two ends of a slow scan.
    kept = expires - created
    fits = any(abs(kept - days * steps.DAY) <= 120 for days in (1, 7))
    check(fits, "expires_at 24 hours after created_at, or 7 days", f"{kept:.0f} s")


def _moment(answer: Answer, member: str) -> float:
    text = str(answer.member(member))
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Violation(f"{member} to be a date and time", text) from None
