"""The mock: an interpreter of the contract that keeps keys, windows, tokens and rows in memory."""

import warnings

# connexion imports Starlette's test client, which nobody here uses and which warns at import.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")

from mockserver.app import Mock, create_app  # noqa: E402 - after the filter

__all__ = ["Mock", "create_app"]
