"""How situations come about on a target: from keys given by hand, through a mock's control plane, or by the user's class."""

from contract_tests.outcome import NotVerifiable
from contract_tests.provision.control import Control, ControlAdmin, find_control
from contract_tests.provision.own import OwnAdmin, OwnProvisioner, own
from contract_tests.provision.protocol import Admin, Denied, Key, Provisioner, turns_clock
from contract_tests.provision.static import Static, StaticAdmin
from latchkey.records import Provider

__all__ = [
    "Admin",
    "Control",
    "ControlAdmin",
    "Denied",
    "Key",
    "NotVerifiable",
    "OwnAdmin",
    "OwnProvisioner",
    "Provider",
    "Provisioner",
    "Static",
    "StaticAdmin",
    "find_control",
    "own",
    "turns_clock",
]
