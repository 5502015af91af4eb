"""What somebody can give with a key for a proof, as an administrator finds it: each provider's package of proofs knows where."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from contract_tests.provision import Admin, Key


def found_beside(provider: str, admin: Admin, key: Key) -> Mapping[str, Any]:
    """The values that the contract names under `beside` of the key's situation. Raises NotVerifiable where the administrator
    does not find them.
    """
    found: Mapping[str, Any] = import_module(f"contract_tests.proofs.{provider}.beside").found(admin, key)
    return found
