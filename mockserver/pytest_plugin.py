"""Fixtures for any project's tests: a mock for the whole run, and an account of each provider for every test.

`latchkey_settings` can be overridden to start the mock otherwise. Under pytest-xdist each worker has a mock of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from latchkey.source import PROVIDERS

if TYPE_CHECKING:
    from mockserver.app import Mock
    from mockserver.server import Running
    from mockserver.tenant import Tenant


@pytest.fixture(scope="session")
def latchkey_settings() -> dict[str, Any]:
    """What `mockserver.create_app` is given, e.g. {"auth": "presence"}."""
    return {}


@pytest.fixture(scope="session")
def mock(latchkey_settings: dict[str, Any]) -> Iterator[Running[Mock]]:
    """A mock on a free loopback port, in a thread of its own: `.base_url`, `.app`."""
    # Imported here: projects that do not use it do not wait for it.
    from mockserver import create_app
    from mockserver.server import running

    with running(create_app(**latchkey_settings)) as served:
        yield served


def _account_of(provider: str) -> Callable[..., Iterator[Tenant]]:
    def account(mock: Running[Mock]) -> Iterator[Tenant]:
        from mockserver.tenant import Tenant

        with Tenant.of(mock, provider) as tenant:
            yield tenant

    account.__doc__ = f"A fresh account of {provider}; closed after the test, its faults removed and the clock running."
    return account


for _file in sorted(PROVIDERS.glob("*.yaml")):
    globals()[_file.stem] = pytest.fixture(name=_file.stem)(_account_of(_file.stem))
