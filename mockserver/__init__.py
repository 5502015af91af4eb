"""The mock: an interpreter of the contract that keeps keys, windows, tokens and rows in memory."""

import warnings
from typing import TYPE_CHECKING, Any

# connexion imports Starlette's test client, which nobody here uses and which warns at import.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")

if TYPE_CHECKING:
    from mockserver.app import Mock, create_app

__all__ = ["Mock", "create_app"]


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that the command's --help need not wait for the framework.
    if name in __all__:
        # What connexion imports is deprecated here and there; a test run that makes errors of warnings is not to blame.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mockserver import app

        return getattr(app, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
