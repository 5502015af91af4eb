"""Where the implementation under test is, which credentials there are, and what may be done to it."""

from contract_tests.target.read import TargetError, at_url, literals, read_target
from contract_tests.target.records import NEIGHBOUR, PREFIX, Endpoint, Permit, StaticKey, Target, Timeouts, Tls
from contract_tests.target.way import Way, trusted
from contract_tests.target.windows import as_there, part

__all__ = [
    "NEIGHBOUR",
    "PREFIX",
    "Endpoint",
    "Permit",
    "StaticKey",
    "Target",
    "TargetError",
    "Timeouts",
    "Tls",
    "Way",
    "as_there",
    "at_url",
    "literals",
    "part",
    "read_target",
    "trusted",
]
