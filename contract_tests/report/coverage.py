"""What a run was told to do, and what it saw of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from contract_tests.run import Run


def configuration(run: Run, patterns: Sequence[str], *, require: Sequence[str], strict: bool) -> dict[str, Any]:
    """The target and the gate as JSON data. Of keys and headers only the names are told."""
    endpoints = {
        name: {
            "base_url": endpoint.base_url,
            "keys": list(endpoint.keys),
            "headers": list(endpoint.headers),
            "window": endpoint.window,
        }
        for name, endpoint in run.target.endpoints.items()
        if name in run.contract.providers
    }
    permit = {name: _finite(value) for name, value in asdict(run.target.permit).items()}
    rules = list(patterns) or ["*"]
    return {
        "control": bool(run.target.control),
        "permit": permit,
        "rules": rules,
        "require": list(require),
        "strict": strict,
        "providers": endpoints,
    }


def _finite(value: Any) -> Any:
    """JSON has no infinity: without a limit."""
    return None if value == float("inf") else value


def coverage(run: Run) -> list[dict[str, Any]]:
    """Each operation with the statuses that the contract describes and how often each was answered."""
    return [
        {
            "operation": operation.id,
            "provider": operation.provider,
            "method": operation.method,
            "path": operation.path,
            "described": sorted(run.contract.answers[operation.id]),
            "seen": {
                str(status): number
                for (id, status), number in sorted(run.client.answered.items())
                if id == operation.id
            },
        }
        for operation in run.contract.operations.values()
    ]
