"""Proofs of the rules of FileForge: formats and conversions."""

from __future__ import annotations

from contract_tests.lab import Lab, reopens, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileforge import steps

# fileforge-docs.aldrickb.app/api/conversions, formats


@rule("fileforge.formats.matrix")
def test_formats_matrix(lab: Lab) -> None:
    """The matrix holds sources, each with targets, each with a worker and presets."""
    answer = lab.call("list_formats", key=lab.key()).expect(200).conforms()
    formats = answer.member("formats")
    check(any(formats.values()), "a source type with a target", answer)
    check(all("/" in source for source in formats), "MIME types as sources", ", ".join(formats))


@rule("fileforge.formats.paid")
def test_formats_paid(lab: Lab) -> None:
    """The matrix of a Forge Pro key has targets that free has not, and those it has."""
    formats = steps.matrix(lab)
    allowed = {target.get("freeAllowed") for targets in formats.values() for target in targets.values()}
    check(allowed == {True, False}, "targets with freeAllowed true and such with false", allowed)


# fileforge-docs.aldrickb.app/api/conversions


@rule("fileforge.conversion.queued")
def test_conversion_queued(lab: Lab) -> None:
    """A conversion that was asked for is accepted and queued."""
    answer = steps.convert(lab, lab.key(), steps.picture(lab, lab.key())).expect(202).conforms()
    check(answer.member("status") == "queued", "status queued", answer.member("status"))


@rule("fileforge.conversion.told")
def test_conversion_told(lab: Lab) -> None:
    """What was asked for is told back: target and preset, and who does it."""
    answer, wanted = steps.convert(lab, lab.key(), steps.picture(lab, lab.key())).given(), steps.becomes(lab)
    for path, expected in (
        (("target_format",), wanted["target_format"]),
        (("preset", "id"), wanted["preset"]["id"]),
    ):
        actual = answer.member(*path)
        check(actual == expected, f"{'.'.join(path)} {expected}", actual)
    check(isinstance(answer.member("preset", "params"), dict), "preset.params to be an object", answer)
    check(isinstance(answer.member("worker_type"), str), "worker_type to be a string", answer)


@rule("fileforge.conversion.unsupported-pair")
def test_unsupported_pair(lab: Lab) -> None:
    """No picture becomes a song."""
    answer = steps.convert(lab, lab.key(), steps.picture(lab, lab.key()), target_format="mp3")
    steps.refuses(answer, 400, code="unsupported_pair")


@rule("fileforge.conversion.unknown-preset")
def test_unknown_preset(lab: Lab) -> None:
    """A preset has to be one of the pair's."""
    answer = steps.convert(lab, lab.key(), steps.picture(lab, lab.key()), preset={"id": "no-such-preset"})
    steps.refuses(answer, 400, code="unknown_preset")


@rule("fileforge.conversion.metadata")
def test_conversion_metadata(lab: Lab) -> None:
    """Forge Pro keeps its metadata if it asks for that."""
    steps.convert(lab, lab.key(), steps.picture(lab, lab.key()), preserve_metadata=True).expect(202)


@rule("fileforge.conversion.status")
def test_conversion_status(lab: Lab) -> None:
    """The status tells of the conversion that was asked for, at its start and at its end."""
    id = steps.conversion(lab, lab.key())
    for answer in (steps.status(lab, lab.key(), id).expect(200), steps.ended(lab, lab.key(), id)):
        answer.conforms()
        for member, expected in (("id", id), ("target_format", steps.becomes(lab)["target_format"])):
            check(answer.member(member) == expected, f"{member} {expected}", answer.member(member))


@rule("fileforge.conversion.completes")
def test_conversion_completes(lab: Lab) -> None:
    """A conversion of one pixel comes to an end within a day."""
    id = steps.conversion(lab, lab.key())
    for seconds in (5, 15, 40, 120, 420, 3000, 82800):
        lab.advance(seconds)
        state = steps.status(lab, lab.key(), id).given().member("status")
        if state not in ("queued", "processing"):
            break
    check(state in ("completed", "failed", "cancelled"), "completed, failed or cancelled", state)


@rule("fileforge.conversion.output")
def test_conversion_output(lab: Lab) -> None:
    """A completed conversion tells its file, where to get it and for how long."""
    answer = steps.status(lab, lab.key(), steps.completed(lab, lab.key())).given(200).conforms()
    check(isinstance(answer.member("output", "file_id"), str), "output.file_id to be a string", answer)
    check(answer.member("output", "download_url").startswith("http"), "output.download_url to be a URL", answer)
    seconds = answer.member("output", "expires_in")
    check(isinstance(seconds, int) and seconds > 0, "output.expires_in to be seconds", seconds)


@rule("fileforge.bulk.queued")
def test_bulk_queued(lab: Lab) -> None:
    """Each item of a bulk is a conversion of its own, with a status."""
    key = lab.key()
    answer = steps.convert_all(lab, key, steps.picture(lab, key), 2).passes().conforms()
    ids = [item["conversion_id"] for item in answer.member("items")]
    check(len(set(ids)) == 2, "2 different conversions", f"{len(set(ids))} of them")
    for id in ids:
        steps.status(lab, key, id).expect(200)


@rule("fileforge.bulk.total")
def test_bulk_total(lab: Lab) -> None:
    """A bulk tells how many it queued, and what of what."""
    key = lab.key()
    file = steps.picture(lab, key)
    answer = steps.convert_all(lab, key, file, 2).given()
    check(answer.member("total") == 2, "total 2", answer.member("total"))
    for index in range(2):
        for member, expected in (("input_file_id", file), ("target_format", steps.becomes(lab)["target_format"])):
            actual = answer.member("items", index, member)
            check(actual == expected, f"items.{index}.{member} {expected}", actual)


@rule("fileforge.bulk.too-large")
@reopens
def test_bulk_too_large(lab: Lab) -> None:
    """Forge Pro may send 20 items at once and no 21st."""
    larger, answer = steps.large_bulk(lab)
    steps.refuses(larger, 400, code="bulk_too_large")
    check(answer.status != 400, "a bulk of 20 not to be too large", answer)
    answer.given()


@rule("fileforge.bulk.enterprise")
@reopens
def test_bulk_enterprise(lab: Lab) -> None:
    """Enterprise may send 100 items at once and no 101st."""
    key = lab.key("enterprise")
    file = steps.rested(lab, key)
    steps.refuses(steps.convert_all(lab, key, file, 101), 400, code="bulk_too_large")
    answer = steps.convert_all(lab, key, file, 100)
    check(answer.status != 400, "a bulk of 100 not to be too large", answer)
    answer.given()


@rule("fileforge.output.redirect")
def test_output_redirect(lab: Lab) -> None:
    """The output is elsewhere: the answer says where."""
    answer = steps.output(lab, lab.key(), steps.completed(lab, lab.key())).expect(302)
    answer.header("Location", r"https?://.+")


@rule("fileforge.output.fresh")
def test_output_fresh(lab: Lab) -> None:
    """Two calls, two seconds apart, get two URLs."""
    done = steps.completed(lab, lab.key())
    first = steps.output_url(lab, lab.key(), done)
    lab.advance(2)
    check(steps.output_url(lab, lab.key(), done) != first, "another URL than before", "the same URL")


@rule("fileforge.output.download")
def test_output_download(lab: Lab) -> None:
    """The URL gives the file to whoever has it."""
    answer = lab.request("GET", steps.output_url(lab, lab.key(), steps.completed(lab, lab.key()))).expect(200)
    check(answer.content != b"", "the bytes of the converted file", answer)


@rule("fileforge.output.five-minutes")
def test_output_five_minutes(lab: Lab) -> None:
    """A download works 10 seconds before its 5 minutes are over, and not a second after them."""
    url = steps.output_url(lab, lab.key(), steps.completed(lab, lab.key()))
    lab.advance(290)
    lab.request("GET", url).expect(200)
    lab.advance(11)
    steps.is_refused(lab.request("GET", url))


@rule("fileforge.output.not-ready")
def test_output_not_ready(lab: Lab) -> None:
    """The output of a conversion that has just been queued is not there yet."""
    id = steps.conversion(lab, lab.key())
    answer = steps.output(lab, lab.key(), id)
    if answer.passed and steps.status(lab, lab.key(), id).given().member("status") == "completed":
        raise NotVerifiable("the conversion was completed before its output could be asked for")
    steps.refuses(answer, 400, code="not_ready")


@rule("fileforge.output.retention")
def test_output_retention(lab: Lab) -> None:
    """An hour before its 7 days are over the output is still to be had, and can be downloaded."""
    done = steps.completed(lab, lab.key(), lasts=1800)
    lab.advance(7 * steps.DAY - 3600)
    steps.output(lab, lab.key(), done).expect(302)
    lab.request("GET", steps.output_url(lab, lab.key(), done)).expect(200)
