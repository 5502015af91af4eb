"""What FileForge promises to the models, and how they ask its API. Numbers are those of its pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.key_life import KeyLife, revoke
from contract_tests.models.limits import Call, Limits
from contract_tests.models.resources import Members, Resource
from contract_tests.models.token import Issued, Kind, signed
from contract_tests.models.windows import Bucket
from contract_tests.proofs.fileforge import steps
from contract_tests.provision import Key

# Limits.


def _list_formats(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("list_formats", key=key, headers=headers)


def _convert(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("create_conversion", key=key, headers=headers, json=steps.order(lab, _picture(lab)))


def _convert_many(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    items = {"items": [steps.order(lab, _picture(lab))] * size}
    return lab.call("create_bulk_conversion", key=key, headers=headers, json=items)


def _picture(lab: Lab) -> str:
    """A file of the account, uploaded once for each example and with another key than those whose limits are tried."""
    return lab.once("picture", lambda: steps.picture(lab, lab.key()), lasts=steps.UPLOAD_LASTS)


_BUCKETS = (
    Bucket(name="requests", quota=60, by="key"),
    Bucket(name="conversions", quota=5, by="key", debt=True),
)
_REQUESTS_USED_UP = {
    "X-RateLimit-Limit": "quota",
    "X-RateLimit-Remaining": "remaining",
    "X-RateLimit-Reset": "reset",
    "Retry-After": "retry_after",
}
#: The size of a bulk: over the five of a minute, and the largest that Forge Pro takes.
_SIZES = (6, 20)

#: The two limits are independent; whether a conversion also counts among the sixty calls, nobody says.
LIMITS = Limits(
    buckets=_BUCKETS,
    retry_after=True,
    calls=(
        Call(send=_list_formats, takes=(("requests",),), refused=_REQUESTS_USED_UP),
        Call(
            send=_convert,
            takes=(("conversions",),),
            perhaps=("requests",),
            answers=(202,),
            refused={"Retry-After": "retry_after"},
        ),
        Call(
            send=_convert_many,
            takes=(("conversions",),),
            perhaps=("requests",),
            sizes=_SIZES,
            sized="conversions",
            answers=tuple(range(200, 300)),
            refused={"Retry-After": "retry_after"},
        ),
    ),
)
EXACT_LIMITS = Limits(
    buckets=_BUCKETS,
    calls=(
        Call(send=_list_formats, takes=(("requests",),), refused=_REQUESTS_USED_UP),
        Call(send=_convert, takes=(("requests",), ("conversions",)), answers=(202,), refused=_REQUESTS_USED_UP),
        Call(
            send=_convert_many,
            takes=(("requests",), ("conversions",)),
            sizes=_SIZES,
            sized="conversions",
            answers=(202,),
            refused=_REQUESTS_USED_UP,
        ),
    ),
)

# Tokens: upload URLs. How often one can be used, nobody says.


def _presign(lab: Lab) -> Issued:
    return signed(str(steps.presign(lab, lab.key()).given().told("upload_url")))


def _upload(lab: Lab, issued: Issued, method: str | None) -> Answer:
    return lab.request("PUT", issued.url, content=steps.PNG, headers={"Content-Type": "image/png"})


TOKENS = (Kind(name="UPLOAD_SIGNATURE", ttl=900, issue=_presign, redeem=_upload),)

# Keys.


def _make(lab: Lab, kind: str, lifetime: int | None) -> tuple[Key, float | None]:
    return lab.key(kind, name="model"), None


def _reads_status(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("get_conversion", key=key, by=by, headers=headers, path={"id": steps.NOTHING})


def _converts(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("create_conversion", key=key, by=by, headers=headers, json=steps.ORDER)


def _gets_output(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("get_conversion_output", key=key, by=by, headers=headers, path={"id": steps.NOTHING})


def _presigns(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    body = {"filename": lab.named("pixel.png"), "size": len(steps.PNG), "mime": "image/png"}
    return lab.call("presign_upload", key=key, by=by, headers=headers, json=body)


def _deletes(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("delete_file", key=key, by=by, headers=headers, path={"id": steps.NOTHING})


def _switch(lab: Lab, key: Key, on: bool) -> None:
    lab.admin.change_account(tier="pro" if on else "free")


def _shown(lab: Lab, key: Key) -> str:
    return json.dumps(lab.admin.stored(key))


KEYS = KeyLife(
    make=_make,
    acts={
        "read a status": _reads_status,
        "convert": _converts,
        "get an output": _gets_output,
        "presign": _presigns,
        "delete": _deletes,
    },
    kinds={
        "full": frozenset({"read a status", "convert", "get an output", "presign", "delete"}),
        "default_scopes": frozenset({"read a status", "convert", "get an output"}),
        "no_scopes": frozenset({"read a status"}),
        "only_convert_write": frozenset({"read a status", "convert"}),
        "only_files_read": frozenset({"read a status", "get an output"}),
        "only_files_write": frozenset({"read a status", "presign"}),
        "only_files_delete": frozenset({"read a status", "delete"}),
    },
    headers=("fileforge_bearer", "fileforge_key"),
    dead=(401,),
    end=revoke,
    rotate=Lab.rotate,
    switch=_switch,
    switches_all=True,
    none_while_off=True,
    shown=_shown,
)

# Resources: files, and the conversions of one.


def _unlimited(lab: Lab) -> Key:
    return lab.once("unlimited", lab.unlimited_key)


def _add(lab: Lab, name: str) -> tuple[str, Members]:
    key = _unlimited(lab)
    shown = {"original_name": f"{name}.png", "mime_type": "image/png", "size_bytes": len(steps.PNG)}
    made = steps.finalize(lab, key, steps.uploaded(lab, key), name=f"{name}.png").given()
    return str(made.told("id")), shown


def _convert_it(lab: Lab, id: str) -> Answer:
    return steps.convert(lab, _unlimited(lab), id)


def _delete(lab: Lab, id: str) -> Answer:
    return lab.call("delete_file", key=_unlimited(lab), path={"id": id})


def _list(lab: Lab, name: str, size: int) -> Iterator[list[tuple[str, Members]]]:
    """The whole list: nobody speaks of pages."""
    for file in lab.call("list_files", key=_unlimited(lab)).expect(200).member("files"):
        yield [(file["id"], file)]


def _queue(lab: Lab, name: str) -> tuple[str, Members]:
    picture = lab.once("picture to convert", lambda: steps.picture(lab, _unlimited(lab)), lasts=steps.UPLOAD_LASTS)
    id = steps.queued(_convert_it(lab, picture))
    return id, {"id": id, "target_format": steps.becomes(lab)["target_format"]}


def _status(lab: Lab, id: str) -> Answer:
    return steps.status(lab, _unlimited(lab), id)


def _take_output(lab: Lab, id: str) -> Answer:
    return steps.output(lab, _unlimited(lab), id)


_FILE = Resource(
    name="file",
    make=_add,
    acts={"convert": _convert_it},
    others={"convert": _convert_it, "delete": _delete},
    delete=_delete,
)
_CONVERSION = Resource(
    name="conversion",
    make=_queue,
    acts={"read its status": _status},
    others={"read its status": _status, "take its output": _take_output},
    shows={"read its status": Answer.json},
)

#: That files can be listed is documented, but by which route nobody says.
RESOURCES = (_FILE, _CONVERSION)
EXACT_RESOURCES = (replace(_FILE, pages=_list), _CONVERSION)
