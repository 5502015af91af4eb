"""What goes with a user's key of Files.com: the name and the password that the user signs in with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from contract_tests.provision import Admin, Key


def found(admin: Admin, key: Key) -> Mapping[str, Any]:
    """The user's name, and a new password, for the old one is nowhere to be read. Raises NotVerifiable."""
    id, password = admin.stored(key)["user"], f"secret-{secrets.token_hex(6)}"
    admin.change_row("users", id, password=password)
    user = next(row for row in admin.rows("users") if row["id"] == id)
    return {"username": user["username"], "password": password}
