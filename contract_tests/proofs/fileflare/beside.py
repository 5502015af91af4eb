"""What goes with a full key of Fileflare: how an order of its store is known to its customer and to Shopify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.provision import Admin, Key


def found(admin: Admin, key: Key) -> Mapping[str, Any]:
    """The ids of the first order with downloads. Raises NotVerifiable."""
    order = next(row for row in admin.rows("orders") if row["lines"])
    return {"status_id": order["status_id"], "shopify_id": str(order["shopify_id"])}
