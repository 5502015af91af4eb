"""Steps that several modules of proofs of the DezerX license API share."""

from __future__ import annotations

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Violation
from contract_tests.provision import Key
from contract_tests.race import Call


def token(lab: Lab, key: Key | None = None) -> str:
    """A fresh download token. Raises NotVerifiable where there is none to be had."""
    return token_of(lab, lab.call("generate_download_token", key=key or lab.key()).given())


def token_of(lab: Lab, answer: Answer) -> str:
    """The token in the answer that made it."""
    try:
        url = str(answer.member("data", "download_url"))
    except Violation as problem:
        raise NotVerifiable(f"a step before it gave no download URL: {problem.actual}") from None
    return lab.hide(url.rsplit("/", 1)[-1], "DOWNLOAD_TOKEN")


def download_call(lab: Lab) -> Call:
    """A download with a fresh token, not sent yet."""
    return lab.prepare("download_file", path={"token": token(lab)})
