"""What to make of a request that got lost on its way."""

from __future__ import annotations

import httpx

from contract_tests.client import Fault

#: Seconds before each further attempt.
PAUSES = (0.5, 1.0, 2.0)
#: After so many proofs in succession that got lost, a target is taken for dead, and asked no more.
GIVE_UP = 3
#: What a proxy answers for a server that it cannot reach.
_PROXY = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


def checked(response: httpx.Response) -> httpx.Response:
    """The response, if it is the target's. Raises Fault for one that a proxy gives in its place."""
    if response.status_code in _PROXY:
        told = f"{response.status_code} {_PROXY[response.status_code]}"
        raise Fault(f"{response.request.method} {response.request.url.path} was answered {told}")
    return response
