"""The contract as frozen records, read by the mock and by the suite alike."""

from latchkey.contract import Contract, load
from latchkey.source import ContractError

__all__ = ["Contract", "ContractError", "load"]
__version__ = "0.1.0"
