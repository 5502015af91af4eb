"""Steps that several proofs of FileForge's rules share: uploading, converting, and what a refusal says."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from contract_tests.answer import Answer
from contract_tests.counting import rest
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, check
from contract_tests.provision import Key
from latchkey.records import Operation

#: The smallest picture there is, one transparent pixel.
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
#: The harmless file that every scanner reports (EICAR), in two halves so that none reports this one.
MALWARE = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
#: An id that nothing has.
NOTHING = "00000000-0000-4000-8000-000000000000"
RATE_HEADERS = ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
#: How long a conversion of one pixel may take before a proof gives up on it, seconds.
PATIENCE = 120
#: The operations whose limit is that of conversions.
CONVERTING = {"fileforge.create_conversion", "fileforge.create_bulk_conversion"}
DAY = 86400
#: Uploads are kept for a day, outputs for a week; so long they are there for whoever shares them, seconds.
UPLOAD_LASTS, OUTPUT_LASTS = DAY - 3600, 6 * DAY


@dataclass(frozen=True, slots=True)
class Ticket:
    """A presigned upload that nothing has been sent to yet."""

    id: str
    storage_key: str
    url: str


#: A body that asks for a conversion, for proofs that judge neither the pair nor the preset.
ORDER: Mapping[str, Any] = {"input_file_id": NOTHING, "target_format": "jpg", "preset": {"id": "web"}}

#: A well-formed body of each operation that takes one.
BODIES: Mapping[str, Any] = {
    "fileforge.presign_upload": {"filename": "pixel.png", "size": len(PNG), "mime": "image/png"},
    "fileforge.finalize_file": {
        "storage_key": f"nobody/2026/01/01/{NOTHING}-pixel.png",
        "original_name": "pixel.png",
        "declared_mime": "image/png",
    },
    "fileforge.create_conversion": ORDER,
    "fileforge.create_bulk_conversion": {"items": [ORDER]},
}


def every_operation(lab: Lab) -> Iterator[Operation]:
    """The operations that need a key, but for those that nobody publishes."""
    return (operation for operation in lab.secured() if not operation.assumed)


def call_every(lab: Lab, *, but: Collection[str] = (), **call: Any) -> Iterator[Answer]:
    """The answer of each operation, `but` for some, to a well-formed request."""
    for operation in every_operation(lab):
        if operation.id not in but:
            yield lab.call(operation, json=BODIES.get(operation.id), **call)


def refuses(answer: Answer, *statuses: int, code: str) -> None:
    """The answer has one of these statuses and this code."""
    answer.expect(*statuses)
    actual = answer.member("error", "code")
    check(actual == code, f"{answer.request} to answer with the code {code}", actual)


# Uploading.


def presign(lab: Lab, key: Key, size: int = len(PNG), *, name: str = "pixel.png", mime: str = "image/png") -> Answer:
    return lab.call("presign_upload", key=key, json={"filename": lab.named(name), "size": size, "mime": mime})


def ticket(lab: Lab, key: Key, size: int = len(PNG), *, name: str = "pixel.png", mime: str = "image/png") -> Ticket:
    """A presigned upload. A step: it judges nothing."""
    answer = presign(lab, key, size, name=name, mime=mime).given()
    given = Ticket(*(str(answer.told(member)) for member in ("file_id", "storage_key", "upload_url")))
    lab.hide(given.url, "UPLOAD_URL")
    return given


def put(lab: Lab, upload: Ticket, content: bytes = PNG, *, mime: str = "image/png") -> Answer:
    """The upload itself, to the object store, without a key."""
    return lab.request("PUT", upload.url, content=content, headers={"Content-Type": mime})


def finalize(lab: Lab, key: Key, upload: Ticket, *, name: str = "pixel.png", mime: str = "image/png") -> Answer:
    body = {"storage_key": upload.storage_key, "original_name": lab.named(name), "declared_mime": mime}
    return lab.call("finalize_file", key=key, path={"id": upload.id}, json=body)


def uploaded(lab: Lab, key: Key, content: bytes = PNG, *, name: str = "pixel.png", mime: str = "image/png") -> Ticket:
    """An object that waits to be finalized."""
    upload = ticket(lab, key, len(content), name=name, mime=mime)
    put(lab, upload, content, mime=mime).given()
    return upload


def picture(lab: Lab, key: Key) -> str:
    """The id of a file of one pixel, which nobody deletes. What it becomes is known from then on, whatever limit is used up."""
    becomes(lab)
    return lab.once(f"picture of {key.situation}", lambda: own_picture(lab, key), lasts=UPLOAD_LASTS)


def tries_to_delete(lab: Lab, key: Key, owner: Key) -> Answer:
    """What a key is answered that is not to delete the owner's picture, which others share."""
    answer = lab.call("delete_file", key=key, path={"id": picture(lab, owner)})
    if answer.passed:
        lab.lost(f"picture of {owner.situation}")
    return answer


def own_picture(lab: Lab, key: Key) -> str:
    """The id of a fresh file of one pixel, for a proof that deletes it."""
    return str(finalize(lab, key, uploaded(lab, key), name="pixel.png").given().told("id"))


# Converting.


def becomes(lab: Lab) -> Mapping[str, Any]:
    """Target and preset of a conversion that a picture can have here: nobody publishes what the matrix holds."""
    return lab.once("what a picture becomes", lambda: _becomes(lab))


def _becomes(lab: Lab) -> Mapping[str, Any]:
    for target, about in matrix(lab).get("image/png", {}).items():
        with suppress(KeyError, IndexError, TypeError):
            return {"target_format": target, "preset": {"id": about["presets"][0]["id"]}}
    raise NotVerifiable("it needs a server that converts image/png by some preset, and the formats name none")


def matrix(lab: Lab) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """The formats. A step: where they have another shape than is published, that is a rule of its own."""
    answer = lab.call("list_formats", key=lab.key()).given()
    formats = answer.told("formats")
    rows = list(formats.values()) if isinstance(formats, dict) else [None]
    if not all(isinstance(row, dict) and all(isinstance(about, dict) for about in row.values()) for row in rows):
        raise NotVerifiable(f"a step before it failed: {answer.request} told formats of another shape: {answer}")
    return cast(Mapping[str, Mapping[str, Mapping[str, Any]]], formats)


def order(lab: Lab, file: str, **wanted: Any) -> dict[str, Any]:
    """The body that asks for a conversion of a picture."""
    return {"input_file_id": file, **becomes(lab), **wanted}


def convert(lab: Lab, key: Key, file: str, **wanted: Any) -> Answer:
    return lab.call("create_conversion", key=key, json=order(lab, file, **wanted))


def convert_all(lab: Lab, key: Key, file: str, items: int) -> Answer:
    """A bulk of this many conversions of one file."""
    return lab.call("create_bulk_conversion", key=key, json={"items": [order(lab, file)] * items}, units=items)


def queued(answer: Answer) -> str:
    """The id of the conversion that was asked for, by either of its two published names. A step: it judges nothing."""
    told = answer.given().json()
    for name in ("id", "conversion_id"):
        if isinstance(told, dict) and isinstance(id := told.get(name), str):
            return id
    raise NotVerifiable(f"a step before it failed: {answer.request} told no id: {answer}")


def conversion(lab: Lab, key: Key) -> str:
    """The id of a fresh conversion."""
    return queued(convert(lab, key, picture(lab, key)))


def status(lab: Lab, key: Key, id: str) -> Answer:
    return lab.call("get_conversion", key=key, path={"id": id})


def ended(lab: Lab, key: Key, id: str) -> Answer:
    """The status of this conversion once it is neither queued nor processing."""
    waited = 0
    while (answer := status(lab, key, id).given()).told("status") in ("queued", "processing"):
        if waited >= PATIENCE:
            raise NotVerifiable(f"the conversion is still {answer.told('status')} after {waited} s")
        lab.advance(5)
        waited += 5
    return answer


def completed(lab: Lab, key: Key, *, lasts: float = OUTPUT_LASTS) -> str:
    """The id of a conversion that has completed, so many seconds ago at most."""
    return lab.once(f"completed for {key.situation}", lambda: _completed(lab, key), lasts=lasts)


def _completed(lab: Lab, key: Key) -> str:
    id = conversion(lab, key)
    state = ended(lab, key, id).told("status")
    if state != "completed":
        raise NotVerifiable(f"the conversion of one pixel ended as {state}")
    return id


def output(lab: Lab, key: Key, id: str) -> Answer:
    return lab.call("get_conversion_output", key=key, path={"id": id})


def output_url(lab: Lab, key: Key, id: str) -> str:
    """A presigned URL of what this conversion made."""
    answer = output(lab, key, id).given(302)
    if not (url := answer.headers.get("Location", "")):
        raise NotVerifiable(f"a step before it failed: {answer.request} answered 302 without Location")
    return lab.hide(url, "OUTPUT_URL")


def has_message(answer: Answer, message: str) -> None:
    actual = answer.member("error", "message")
    check(actual == message, f"{answer.request} to answer with the message {message!r}", actual)


def large_bulk(lab: Lab) -> tuple[Answer, Answer]:
    """The answers to a bulk of 21 and then to one of 20, by a rested key."""

    def both() -> tuple[Answer, Answer]:
        key, file = converter(lab)
        return convert_all(lab, key, file, 21), first_bulk(lab, key, file, 20)

    return lab.once("large bulks", both)


def first_bulk(lab: Lab, key: Key, file: str, items: int) -> Answer:
    """The answer to a bulk of this many by a key that has converted nothing for a minute. That what others have converted does
    not count for it is a rule of its own: where it seems to, all of them rest.
    """
    answer = convert_all(lab, key, file, items)
    if answer.status == 429 and lab.thrifty:
        rest(lab)
        answer = convert_all(lab, key, file, items)
    return answer


def converter(lab: Lab) -> tuple[Key, str]:
    """A key that may convert and has converted nothing for a minute, and a file. Where waiting is dear, any such key."""
    for situation in ("only_convert_write", "default_scopes") if lab.thrifty else ():
        with suppress(NotVerifiable):
            key = lab.key(situation)
            if lab.untouched("conversions", key):
                lab.may_spend()
                return key, picture(lab, lab.key())
    return lab.key(), rested(lab, lab.key())


def rested(lab: Lab, key: Key) -> str:
    """The id of a fresh file, the key's limits untouched for a minute."""
    lab.may_spend()
    file = picture(lab, key)
    if not lab.untouched("conversions", key):
        rest(lab)
    return file


def is_refused(answer: Answer) -> None:
    check(400 <= answer.status < 500, f"{answer.request} to be refused", answer)
