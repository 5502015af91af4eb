"""What goes with a user's key of Files.com: the name and the password that the user signs in with."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from contract_tests.provision import Admin, Key


def found(admin: Admin, key: Key) -> Mapping[str, Any]:
    """The user's name, and a new password, for the old one is nowhere to be read. Raises NotVerifiable."""
    # Of the key, so that it repeats with the seed.
    id, password = admin.stored(key)["user"], f"secret-{sha256(key.raw.encode()).hexdigest()[:12]}"
    admin.change_row("users", id, password=password)
    user = next(row for row in admin.rows("users") if row["id"] == id)
    return {"username": user["username"], "password": password}
