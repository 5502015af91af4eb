"""The contract as frozen records, read by the mock and by the suite alike."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latchkey.contract import Contract, load
    from latchkey.source import ContractError

__all__ = ["Contract", "ContractError", "load"]
__version__ = "0.1.0"

_HOMES = {"Contract": "contract", "load": "contract", "ContractError": "source"}


def __getattr__(name: str) -> Any:
    # Imported when asked for: where the files lie can be known without reading them.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"latchkey.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
