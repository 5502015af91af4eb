"""What Files.com promises to the models, and how they ask its API."""

from __future__ import annotations

from collections.abc import Mapping

from contract_tests.answer import Answer
from contract_tests.lab import Lab
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
