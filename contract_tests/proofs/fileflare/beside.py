"""What goes with a full key of Fileflare: how an order of its store is known to its customer and to Shopify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.provision import Admin, Key


def found(admin: Admin, key: Key) -> Mapping[str, Any]:
    """The ids of the oldest of the orders with the most lines: it is at hand neither for being the newest nor for its only
    line. Raises NotVerifiable.
    """
    order = max(reversed(admin.rows("orders")), key=lambda row: len(row["lines"]))
    return {"status_id": order["status_id"], "shopify_id": str(order["shopify_id"])}
