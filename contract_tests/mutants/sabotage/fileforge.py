"""FileForge's handlers broken."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._keys import recognising
from contract_tests.mutants.sabotage._replies import (
    Handler,
    answers_first,
    body,
    header,
    member,
    sabotages,
    status,
    without,
    wrap_handler,
)
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.world import Table

FORMATS, PRESIGN, UPLOAD = "fileforge.list_formats", "fileforge.presign_upload", "fileforge.upload"
FINALIZE, DELETE, LIST = "fileforge.finalize_file", "fileforge.delete_file", "fileforge.list_files"
CONVERT, BULK, STATE = "fileforge.create_conversion", "fileforge.create_bulk_conversion", "fileforge.get_conversion"
OUTPUT, DOWNLOAD = "fileforge.get_conversion_output", "fileforge.download"

#: An id that is not the one it should be.
OTHER = "11111111-1111-4111-8111-111111111111"


def _rows(formats: dict[str, Any], call: Exchange) -> list[dict[str, Any]]:
    return [{"source": source, "targets": targets} for source, targets in formats.items()]


def _names(formats: dict[str, Any], call: Exchange) -> dict[str, Any]:
    return {source: list(targets) for source, targets in formats.items()}


def _without_params(preset: dict[str, Any], call: Exchange) -> dict[str, Any]:
    return {"id": preset["id"], "params": None}


def _sketched(reply: Reply, call: Exchange) -> Reply:
    """The answer as the overview has it."""
    if not isinstance(reply.body, dict) or "id" not in reply.body:
        return reply
    return replace(reply, body={"conversion_id": reply.body["id"], "status": "queued"})


sabotages(
    {
        "fileforge-formats-listed": (FORMATS, member("formats", value=_rows)),
        "fileforge-formats-named": (FORMATS, member("formats", value=_names)),
        "fileforge-formats-203": (FORMATS, status(203)),
        "fileforge-presign-bucket": (PRESIGN, member("bucket", value="uploads")),
        "fileforge-presign-url-relative": (
            PRESIGN,
            member("upload_url", value=lambda url, call: url.removeprefix(call.origin)),
        ),
        "fileforge-presign-milliseconds": (PRESIGN, member("expires_in", value=900_000)),
        "fileforge-upload-talks": (UPLOAD, body({"stored": True})),
        "fileforge-upload-204": (UPLOAD, status(204)),
        "fileforge-finalize-200": (FINALIZE, status(200)),
        "fileforge-finalize-other-id": (FINALIZE, member("id", value=OTHER)),
        "fileforge-finalize-size-text": (FINALIZE, member("size_bytes", value=lambda size, call: str(size))),
        "fileforge-delete-200": (DELETE, status(200)),
        "fileforge-delete-talks": (
            DELETE,
            lambda reply, call: header("Content-Length", "7")(body(b"deleted")(reply, call), call),
        ),
        "fileforge-list-empty": (LIST, member("files", value=[])),
        "fileforge-convert-200": (CONVERT, status(200)),
        "fileforge-convert-pending": (CONVERT, member("status", value="pending")),
        "fileforge-convert-no-id": (CONVERT, without("id")),
        "fileforge-convert-sketched": (CONVERT, _sketched),
        "fileforge-convert-params-lost": (CONVERT, member("preset", value=_without_params)),
        "fileforge-state-untimed": (STATE, without("queued_at")),
        "fileforge-state-other-id": (STATE, member("id", value=OTHER)),
        "fileforge-state-fraction": (STATE, member("progress_pct", value=lambda percent, call: percent / 200)),
        "fileforge-state-processing": (STATE, member("status", value="processing")),
        "fileforge-state-no-output": (STATE, member("output", value=None)),
        "fileforge-bulk-one-id": (
            BULK,
            member("items", value=lambda items, call: [{**item, **_id_of(items[0])} for item in items]),
        ),
        "fileforge-bulk-other-ids": (
            BULK,
            member("items", value=lambda items, call: [{**item, "conversion_id": _uuid(call)} for item in items]),
        ),
        "fileforge-bulk-no-total": (BULK, without("total")),
        "fileforge-bulk-input-lost": (
            BULK,
            member("items", value=lambda items, call: [_id_of(item) for item in items]),
        ),
        "fileforge-output-303": (OUTPUT, status(303)),
        "fileforge-output-relative": (OUTPUT, header("Location", "/fileforge-outputs/")),
        "fileforge-download-empty": (DOWNLOAD, body(b"")),
    }
)


def _id_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"conversion_id": item["conversion_id"]}


def _uuid(call: Exchange) -> str:
    return call.world.source.uuid()


@sabotage("fileforge-sandbox-accepted")
def sandbox_accepted() -> None:
    """A key is looked up without its prefix, so that the sandbox's opens what the live one does."""
    recognising(
        lambda recognise, exchange, credential, raw: recognise(
            exchange, credential, raw.replace("ff_test_", "ff_live_")
        )
    )


@sabotage("fileforge-other-formats")
def other_formats() -> None:
    """A picture becomes a GIF and nothing else, by a preset of another name."""
    preset = {"id": "still", "label": "One picture", "params": {}}
    target = {"worker": "pictures", "freeAllowed": True, "presets": [preset]}
    picture = {"id": "image/png", "targets": {"gif": target}}

    def wrap(handler: Handler) -> Handler:
        def other(call: Exchange) -> Reply:
            shared = call.shared

            def told(name: str) -> Table:
                rows = shared(name)
                return {**rows, "image/png": picture} if name == "formats" else rows

            call.shared = told  # type: ignore[method-assign]
            return handler(call)

        return other

    for operation in (FORMATS, CONVERT, BULK):
        wrap_handler(operation, wrap)


@sabotage("fileforge-size-not-compared")
def size_not_compared() -> None:
    """An upload of any size is taken."""
    _with_grant(lambda call, grant: {**grant.data, "size": len(call.body)})


@sabotage("fileforge-size-at-most")
def size_at_most() -> None:
    """An upload may be smaller than it was signed for."""
    _with_grant(lambda call, grant: {**grant.data, "size": min(len(call.body), grant.data["size"])})


@sabotage("fileforge-object-not-compared")
def object_not_compared() -> None:
    """A signature is good for any object."""
    _with_grant(lambda call, grant: {**grant.data, "storage_key": call.parameters["storage_key"]})


def _with_grant(data: Any) -> None:
    """An upload is compared with `data` and not with what was signed."""

    def wrap(handler: Handler) -> Handler:
        def lenient(call: Exchange) -> Reply:
            look = call.look

            def told(token: str, raw: str, refusal: str) -> Any:
                grant = look(token, raw, refusal)
                return replace(grant, data=data(call, grant))

            call.look = told  # type: ignore[method-assign]
            return handler(call)

        return lenient

    wrap_handler(UPLOAD, wrap)


@sabotage("fileforge-upload-assumed")
def upload_assumed() -> None:
    """Finalizing does not look whether anything was uploaded."""

    def wrap(handler: Handler) -> Handler:
        def blind(call: Exchange) -> Reply:
            call.account.objects.setdefault(call.payload["storage_key"], b"\x89PNG\r\n\x1a\n")
            return handler(call)

        return blind

    wrap_handler(FINALIZE, wrap)


@sabotage("fileforge-type-believed")
def type_believed() -> None:
    """A file is what it was declared to be."""
    fileforge: Any = import_module("mockserver.providers.fileforge")
    fileforge._detected = lambda content, declared: declared


@sabotage("fileforge-no-scanner")
def no_scanner() -> None:
    """No file is scanned."""
    fileforge: Any = import_module("mockserver.providers.fileforge")
    fileforge.MALWARE = b"nothing that a file holds"


@sabotage("fileforge-malware-kept")
def malware_kept() -> None:
    """A flagged object stays where it is."""

    def wrap(handler: Handler) -> Handler:
        def keeping(call: Exchange) -> Reply:
            storage_key = call.payload["storage_key"]
            content, upload = call.account.objects.get(storage_key), call.table("uploads").get(storage_key)
            try:
                return handler(call)
            except Exception:
                if content is not None and upload is not None:
                    call.account.objects[storage_key] = content
                    call.table("uploads")[storage_key] = upload
                raise

        return keeping

    wrap_handler(FINALIZE, wrap)


@sabotage("fileforge-delete-later")
def delete_later() -> None:
    """Deleting a file only asks for it; a job at night does it."""

    def wrap(handler: Handler) -> Handler:
        def later(call: Exchange) -> Reply:
            from mockserver.exchange import Reply

            import_module("mockserver.providers.fileforge")._find_file(call, call.parameters["id"])
            return Reply(204)

        return later

    wrap_handler(DELETE, wrap)


@sabotage("fileforge-any-preset")
def any_preset() -> None:
    """A preset that does not exist is the default one."""
    _ordering(lambda wanted: {name: value for name, value in wanted.items() if name != "preset"})


@sabotage("fileforge-any-pair")
def any_pair() -> None:
    """Whatever cannot be made becomes a JPEG."""
    _ordering(lambda wanted: {**wanted, "target_format": "jpg"})


def _ordering(change: Any) -> None:
    fileforge: Any = import_module("mockserver.providers.fileforge")
    ordered = fileforge._ordered
    fileforge._ordered = lambda call, wanted: ordered(call, change(wanted))


@sabotage("fileforge-output-same-url")
def output_same_url() -> None:
    """The URL of an output is made once and told again."""

    def wrap(handler: Handler) -> Handler:
        told: dict[str, Reply] = {}

        def again(call: Exchange) -> Reply:
            id = call.parameters["id"]
            if id not in told:
                told[id] = handler(call)
            return told[id]

        return again

    wrap_handler(OUTPUT, wrap)


@sabotage("fileforge-output-early")
def output_early() -> None:
    """The output is handed out before it is made, whatever the status says."""
    fileforge: Any = import_module("mockserver.providers.fileforge")
    progress = fileforge._progress

    def done(call: Exchange, row: Any) -> Any:
        state, started, completed = progress(call, row)
        handing_out = call.operation is not None and call.operation.id == OUTPUT
        return "completed" if handing_out else state, started, completed

    fileforge._progress = done


@sabotage("fileforge-delete-late")
def delete_late() -> None:
    """A deleted file can be converted for a while."""
    answers_first("fileforge", "delete_file", 204)
