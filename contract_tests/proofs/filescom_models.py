"""What Files.com promises to the models, and how they ask its API."""

from __future__ import annotations

from collections.abc import Mapping

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.key_life import KeyLife
from contract_tests.models.limiter import Call, Limits
from contract_tests.models.token import Issued, Kind, signed
from contract_tests.models.windows import Bucket
from contract_tests.proofs import filescom_steps as steps
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
