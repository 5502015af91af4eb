"""Windows of limits that pass faster on a target than the contract promises, because whoever keeps it has set them so."""

from __future__ import annotations

from dataclasses import replace

from contract_tests.target.records import Endpoint
from latchkey.records import Provider


def part(provider: Provider, endpoint: Endpoint) -> float:
    """What part of the promised seconds a window of this provider lasts there; 1 where the target does not say."""
    promised = max((limit.window for limit in provider.limits.values()), default=1)
    return 1.0 if endpoint.window is None else endpoint.window / promised


def as_there(provider: Provider, endpoint: Endpoint) -> Provider:
    """The provider with the windows that it has there, whole seconds each."""
    if endpoint.window is None:
        return provider
    limits = {
        name: replace(limit, window=max(1, round(limit.window * part(provider, endpoint))))
        for name, limit in provider.limits.items()
    }
    return replace(provider, limits=limits)
