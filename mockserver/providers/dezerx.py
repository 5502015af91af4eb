"""DezerX license API: a key is a licence for one domain and one product; a one-time token gets the product's file."""

from __future__ import annotations

from base64 import b64decode

from mockserver.clock import iso
from mockserver.exchange import Exchange, Reply, attachment
from mockserver.world import Account, Row


def verify(call: Exchange) -> Reply:
    assert call.caller
    key = call.caller.key
    product = _product(call.account, key.attributes["product_id"])
    licence = {
        "license_id": key.id,
        "license_key": call.caller.raw,
        "product_id": key.attributes["product_id"],
        "product_name": product.get("name", ""),
        "user_id": key.user or 0,
        "is_active": True,
        "last_rotated": iso(key.created_at, digits=6),
        "created_at": iso(key.created_at, digits=6),
        "domain": key.attributes["domain"],
    }
    return Reply(body={"success": True, "message": "License is valid and active", "data": licence})


def generate_download_token(call: Exchange) -> Reply:
    assert call.caller and call.provider
    id = call.caller.key.attributes["product_id"]
    product = _product(call.account, id)
    if product and not product["is_downloadable_via_api"]:
        call.refuse("download_disabled", f"product {id} has is_downloadable_via_api off")
    if not product.get("product_file"):
        call.refuse("no_file", f"product {id} has no product_file")
    token = call.issue("download", product_id=id)
    data = {
        "download_url": f"{call.origin}/api/license/download-file/{token}",
        "expires_at": iso(call.now + call.provider.tokens["download"].ttl, digits=3),
        "product_name": product["name"],
        "file_size": len(b64decode(product["product_file"]["base64"])),
    }
    return Reply(body={"success": True, "message": "Download token generated successfully", "data": data})


def download_file(call: Exchange) -> Reply:
    token = call.parameters["token"]
    grant = call.look("download", token, "invalid_token")
    account = call.world.accounts.get(grant.account)
    file = _product(account, grant.data["product_id"]).get("product_file") if account else None
    if not file:
        # The token stays good: only a download that succeeds uses it up.
        call.refuse("file_gone", f"product {grant.data['product_id']} has no product_file any more")
    call.redeem("download", token, "invalid_token")
    headers = {"Content-Type": file["content_type"], "Content-Disposition": attachment(file["name"])}
    return Reply(body=b64decode(file["base64"]), headers=headers)


def _product(account: Account, id: int) -> Row:
    """The product, or nothing of one that is gone."""
    return account.table("products").get(id, {})
