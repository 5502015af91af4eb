"""What Files.com promises to the models, and how they ask its API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.doors import Doors, Opener
from contract_tests.models.key_life import KeyLife
from contract_tests.models.limits import Call, Limits
from contract_tests.models.resources import Members, Resource
from contract_tests.models.token import Issued, Kind, signed
from contract_tests.models.windows import Bucket
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key

# Limits. That there are some is published, no number is.


def _current_key(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("find_current_api_key", key=key, headers=headers)


EXACT_LIMITS = Limits(
    buckets=(Bucket(name="requests", quota=600, by="key"),),
    calls=(Call(send=_current_key, takes=(("requests",),), refused={"Retry-After": "retry_after"}),),
)

# Tokens: upload and download URLs. How often one can be used, nobody says.


def _begin_upload(lab: Lab) -> Issued:
    begun = steps.begin(lab, lab.key(), lab.name("model"), 5).given(200)
    return signed(str(begun.member(0, "upload_uri")))


def _upload(lab: Lab, issued: Issued, method: str | None) -> Answer:
    return lab.request("PUT", issued.url, content=b"hello")


def _offer_download(lab: Lab) -> Issued:
    return signed(str(steps.download(lab, lab.key(), _file(lab)).given(200).member("download_uri")))


def _file(lab: Lab) -> str:
    """A file of the site, uploaded once for each example."""

    def make() -> str:
        path = lab.name("model")
        steps.upload(lab, lab.key(), path, b"hello").given()
        return path

    return lab.once("file", make)


def _download(lab: Lab, issued: Issued, method: str | None) -> Answer:
    return lab.request("GET", issued.url)


TOKENS = (
    Kind(name="DOWNLOAD_SIGNATURE", ttl=60, issue=_offer_download, redeem=_download),
    Kind(name="UPLOAD_SIGNATURE", ttl=900, issue=_begin_upload, redeem=_upload),
)

# Keys.


def _make(lab: Lab, kind: str, lifetime: int | None) -> tuple[Key, float | None]:
    expires = None if lifetime is None else float(int(lab.now()) + lifetime)
    wanted = {} if expires is None else {"expires_at": steps.moment(expires)}
    made = steps.create(lab, name=lab.name("model"), permission_set=kind, **wanted)
    return Key(raw=made.raw, situation=kind, id=made.id), expires


def _finds_itself(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("find_current_api_key", key=key, by=by, headers=headers)


def _lists_root(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("list_folder", key=key, by=by, headers=headers, path={"path": ""})


def _lists_users(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("list_users", key=key, by=by, headers=headers)


def _delete(lab: Lab, key: Key) -> None:
    assert key.id is not None
    steps.delete(lab, key.id).given(204)


def _shown(lab: Lab, key: Key) -> str:
    assert key.id is not None
    return steps.find(lab, key.id).given(200).content.decode()


KEYS = KeyLife(
    make=_make,
    acts={"find itself": _finds_itself, "list a folder": _lists_root, "list users": _lists_users},
    kinds={
        "full": frozenset({"find itself", "list a folder", "list users"}),
        "files_only": frozenset({"find itself", "list a folder"}),
    },
    headers=("filescom_key",),
    dead=(401, 403),
    end=_delete,
    lifetime=100,
    shown=_shown,
)

# Resources: keys, and files in a folder of the example's own.

#: Pages of a list after which it is one without end.
MOST_PAGES = 100


def _add_key(lab: Lab, name: str) -> tuple[str, Members]:
    return str(steps.create(lab, name=name).id), {"name": name}


def _find_key(lab: Lab, id: str) -> Answer:
    return lab.call("find_api_key", key=lab.key(), path={"id": id})


def _rename_key(lab: Lab, id: str, name: str) -> Members:
    changed = {"name": name, "description": f"once {name}"}
    _patch_key(lab, id, changed).passes()
    return changed


def _patch_key(lab: Lab, id: str, changed: Mapping[str, str]) -> Answer:
    return lab.call("update_api_key", key=lab.key(), path={"id": id}, json=changed)


def _seize_key(lab: Lab, id: str) -> Answer:
    return _patch_key(lab, id, {"name": lab.named("theirs")})


def _delete_key(lab: Lab, id: str) -> Answer:
    return lab.call("delete_api_key", key=lab.key(), path={"id": id})


def _pages_of_keys(lab: Lab, name: str, size: int) -> Iterator[list[tuple[str, Members]]]:
    for page in _pages(lab, "list_api_keys", size):
        yield [(str(row.get("id")), row) for row in steps.rows(page)]


def _pages(lab: Lab, operation: str, size: int, **call: Any) -> Iterator[Answer]:
    """The pages that cursors lead to."""
    query: dict[str, Any] = {"per_page": size}
    for _ in range(MOST_PAGES):
        page = lab.call(operation, key=lab.key(), query=query, **call).expect(200)
        yield page
        query["cursor"] = page.headers.get("X-Files-Cursor-Next") or page.headers.get("X-Files-Cursor")
        if not query["cursor"]:
            return
    check(False, f"the pages of {operation} to come to an end", f"{MOST_PAGES} pages")


def _send(lab: Lab, name: str) -> tuple[str, Members]:
    path = f"{_folder(name)}/{name}"
    steps.upload(lab, lab.key(), path, b"hello").given()
    return path, {"path": path, "type": "file", "size": 5}


def _folder(name: str) -> str:
    """The folder of all files that are named like this."""
    return "-".join(name.split("-")[:2])


def _stat(lab: Lab, id: str) -> Answer:
    return steps.stat(lab, lab.key(), id)


def _offer(lab: Lab, id: str) -> Answer:
    return steps.download(lab, lab.key(), id)


def _replace(lab: Lab, id: str, name: str) -> Members:
    content = name.encode()
    steps.uploads(lab, lab.key(), id, content)
    return {"size": len(content)}


def _remove(lab: Lab, id: str) -> Answer:
    return steps.remove(lab, lab.key(), id)


def _pages_of_files(lab: Lab, name: str, size: int) -> Iterator[list[tuple[str, Members]]]:
    """Nothing where there is no such folder."""
    if steps.stat(lab, lab.key(), _folder(name)).passed:
        for page in _pages(lab, "list_folder", size, path={"path": _folder(name)}):
            yield [(str(row.get("path")), row) for row in steps.rows(page)]


RESOURCES = (
    Resource(
        name="key",
        make=_add_key,
        acts={"find": _find_key},
        others={"find": _find_key, "update": _seize_key, "delete": _delete_key},
        shows={"find": Answer.json},
        pages=_pages_of_keys,
        change=_rename_key,
        delete=_delete_key,
    ),
    Resource(
        name="file",
        make=_send,
        acts={"find": _stat, "download": _offer},
        others={"find": _stat, "download": _offer, "delete": _remove},
        shows={"find": Answer.json},
        pages=_pages_of_files,
        change=_replace,
        delete=_remove,
    ),
)

# Doors beside the API: keys that sign in, and files in a folder of the example's own.


def _opener(lab: Lab, name: str) -> Opener:
    made = steps.create(lab, name=name)
    return Opener(raw=made.raw, id=made.id, logins={"id": f"@api-{made.id}", "name": f"@api-{name}"})


def _folder_behind_doors(lab: Lab) -> str:
    path = lab.name("doors")
    lab.call("create_folder", key=lab.key(), path={"path": path}, json={}).given()
    return path


def _bytes(lab: Lab, path: str) -> bytes | None:
    offered = steps.download(lab, lab.key(), path)
    return None if offered.status == 404 else steps.fetch(lab, offered.given(200)).given(200).content


DOORS = Doors(
    protocols=("webdav", "ftp", "sftp"),
    make=_opener,
    end=lambda lab, opener: steps.delete(lab, opener.id).given(),
    folder=_folder_behind_doors,
    clear=lambda lab, folder: steps.remove(lab, lab.key(), folder, recursive=True),
    read=_bytes,
    write=lambda lab, path, content: steps.uploads(lab, lab.key(), path, content),
    remove=lambda lab, path: steps.remove(lab, lab.key(), path).passes(),
)
