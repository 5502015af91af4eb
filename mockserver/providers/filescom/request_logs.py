"""The log of API requests: who asked what, as far as the journal reaches back."""

from __future__ import annotations

from typing import Any

from mockserver.exchange import Exchange, Reply
from mockserver.journal import Entry
from mockserver.providers.filescom import moments
from mockserver.providers.filescom.lists import listed


def list_api_request_logs(call: Exchange) -> Reply:
    entries = [entry for entry in call.world.journal if entry.account == call.account.id]
    return listed(
        call, entries[::-1], field=_field, place=lambda entry: entry.id, view=lambda entry: _view(call, entry)
    )


def _field(entry: Entry, name: str) -> Any:
    return {
        "api_key_id": entry.key_id,
        "user_id": entry.user,
        "request_id": entry.id,
        "request_method": entry.verb,
        "success": entry.status < 400,
    }[name]


def _view(call: Exchange, entry: Entry) -> dict[str, Any]:
    assert call.provider
    key = call.world.keys.get(entry.key_id) if entry.key_id is not None else None
    refusal = call.provider.refusals.get(entry.refusal or "")
    refused = refusal.body if refusal else None
    by_key = key is not None and key.kind == "key"
    return {
        "request_id": entry.id,
        "created_at": moments.told(entry.at),
        "timestamp": moments.told(entry.at),
        "api_key_id": key.id if key and by_key else None,
        "api_key_prefix": key.prefix if key and by_key else None,
        "user_id": entry.user,
        "username": call.table("users").get(entry.user, {}).get("username"),
        "interface": call.facts["interfaces"][entry.protocol],
        "request_method": entry.verb,
        "request_path": entry.path,
        "request_ip": entry.client,
        "api_name": entry.operation,
        "error_type": refused["type"] if isinstance(refused, dict) else None,
        "error_message": entry.reason,
        "response_code": entry.status,
        "success": entry.status < 400,
    }
