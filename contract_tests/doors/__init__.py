"""Ways to the same files beside the API: what is asked and answered there, by real clients of the protocols."""

from contract_tests.doors.door import EXAMPLES, Door, missing
from contract_tests.doors.session import Session
from contract_tests.doors.wire import Heard, Wire

__all__ = ["EXAMPLES", "Door", "Heard", "Session", "Wire", "missing"]
