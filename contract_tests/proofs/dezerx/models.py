"""What the DezerX license API promises to the models, and how they ask it. Numbers are those of document 003."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.key_life import KeyLife, revoke
from contract_tests.models.limits import Call, Limits
from contract_tests.models.token import Issued, Kind
from contract_tests.models.told import some_rate_header
from contract_tests.models.windows import Bucket
from contract_tests.proofs.dezerx.steps import token_in
from contract_tests.provision import Key

#: A token of the right form that was never made.
NO_TOKEN = "a1b2c3d4" * 8

# Limits.


def _verify(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("verify", key=key, headers=headers)


def _ask_for_token(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("generate_download_token", key=key, headers=headers)


def _guess(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    return lab.call("verify", key=lab.forged(), headers=headers, presents=key.presents)


def _download(lab: Lab, key: Key, headers: Mapping[str, str], size: int) -> Answer:
    """A download with a token that was never made: refused, and never for a limit."""
    return lab.call("download_file", headers=headers, path={"token": NO_TOKEN})


#: Whether the two calls share their sixty nobody says, so each has its own here and may count in the other's.
LIMITS = Limits(
    buckets=(Bucket(name="verify", quota=60, by="address"), Bucket(name="download", quota=60, by="address")),
    tells=some_rate_header,
    calls=(
        Call(send=_verify, takes=(("verify",),), perhaps=("download",)),
        Call(send=_ask_for_token, takes=(("download",),), perhaps=("verify",)),
        Call(send=_download, takes=(), answers=(404,)),
    ),
)
_REFUSED = {"Retry-After": "retry_after"}
EXACT_LIMITS = Limits(
    buckets=(Bucket(name="requests", quota=60, by="address"),),
    passing={"X-RateLimit-Limit": "quota", "X-RateLimit-Remaining": "remaining"},
    calls=(
        Call(send=_verify, takes=(("requests",),), refused=_REFUSED),
        Call(send=_ask_for_token, takes=(("requests",),), refused=_REFUSED),
        Call(send=_guess, takes=(("requests",),), answers=(401,), refused=_REFUSED),
        Call(send=_download, takes=(), answers=(404,)),
    ),
)

# Tokens.


def _issue(lab: Lab) -> Issued:
    url = str(lab.call("generate_download_token", key=lab.key()).given().member("data", "download_url"))
    token = token_in(url)
    return Issued(token, token)


def _redeem(lab: Lab, issued: Issued, method: str | None) -> Answer:
    return lab.call("download_file", path={"token": issued.secret}, method=method)


TOKENS = (Kind(name="DOWNLOAD_TOKEN", ttl=86400, uses=1, issue=_issue, redeem=_redeem, head=True),)

# Keys, which are licences.


def _make(lab: Lab, kind: str, lifetime: int | None) -> tuple[Key, float | None]:
    return lab.new_key(), None


def _verifies(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("verify", key=key, by=by, headers=headers, presents=_presents(lab, key))


def _asks_for_token(lab: Lab, key: Key | str, by: str, headers: Mapping[str, str]) -> Answer:
    return lab.call("generate_download_token", key=key, by=by, headers=headers, presents=_presents(lab, key))


def _presents(lab: Lab, key: Key | str) -> Mapping[str, Any]:
    """The domain and product of the licence; of a key that was never issued, those of a good one."""
    return key.presents if isinstance(key, Key) else lab.key().presents


def _switch(lab: Lab, key: Key, on: bool) -> None:
    lab.admin.change_key(key, attributes={"active": on})


KEYS = KeyLife(
    make=_make,
    acts={"verify": _verifies, "download": _asks_for_token},
    kinds={"licence": frozenset({"verify", "download"})},
    headers=("dezerx_bearer",),
    dead=(401,),
    end=revoke,
    rotate=Lab.rotate,
    switch=_switch,
)
