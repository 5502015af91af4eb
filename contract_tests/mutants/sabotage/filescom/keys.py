"""Keys, as they are created, shown and used, broken."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage.filescom._changes import (
    DAY,
    answered,
    asked,
    silent,
    told,
    unasked,
    without,
)
from contract_tests.mutants.sabotage.filescom._parts import engine, engine_sabotages, sabotages, wrap
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Exchange, Reply
    from mockserver.keys import Key
    from mockserver.world import Row


def _delete_own(delete: Any, call: Exchange, key: Key) -> Reply:
    assert call.caller
    if call.caller.key.user not in {None, key.user}:
        call.refuse("api_key_not_found", "the key of somebody else")
    reply: Reply = delete(call, key)
    return reply


def _delete_siblings(delete: Any, call: Exchange, key: Key) -> Reply:
    for other in call.world.keys.of(call.account.id):
        if other.user == key.user:
            call.world.revoke(other)
    reply: Reply = delete(call, key)
    return reply


def _value_cut(create: Any, call: Exchange, user: int | None) -> Reply:
    reply: Reply = create(call, user)
    return replace(reply, body={**reply.body, "key": f"{reply.body['key'][:8]}"})


def _owner_is_first_user(view: Any, call: Exchange, key: Key) -> Row:
    shown: Row = view(call, key)
    return {**shown, "user_id": shown["user_id"] or 1}


def _last_use_day_old(view: Any, call: Exchange, key: Key) -> Row:
    from mockserver.clock import iso

    return {**view(call, key), "last_use_at": iso((key.last_used_at or call.now) - DAY)}


def _anyone_finds(find: Any, call: Exchange) -> Any:
    return call.world.keys.get(call.parameters["id"]) or find(call)


def _newest(find: Any, call: Exchange) -> Reply:
    call.parameters["id"] = max(key.id for key in call.world.keys.of(call.account.id))
    reply: Reply = find(call)
    return reply


def _oldest(current: Any, call: Exchange) -> Any:
    return call.world.keys.of(call.account.id)[0]


def _own_and_site_wide(visible: Any, call: Exchange, key: Key) -> bool:
    assert call.caller
    return visible(call, key) and key.user in {None, call.caller.key.user}


def _deleted_visible(visible: Any, call: Exchange, key: Key) -> bool:
    assert call.caller
    return call.caller.administrator or key.user == call.caller.key.user


def _no_site_wide(create: Any, call: Exchange, user: int | None) -> Reply:
    assert call.caller
    reply: Reply = create(call, call.caller.key.user if user is None else user)
    return reply


def _body_refused(delete: Any, call: Exchange) -> Reply:
    if call.body:
        call.refuse("request_params_invalid", "a DELETE has no body", summary="body is invalid")
    reply: Reply = delete(call)
    return reply


def _zero_is_nothing(handler: Any, call: Exchange) -> Reply:
    if not call.parameters.get("user_id"):
        call.parameters.pop("user_id", None)
    if call.payload and not call.payload.get("user_id"):
        call.payload.pop("user_id", None)
    reply: Reply = handler(call)
    return reply


def _lenient_date(given: Any, call: Exchange, member: str) -> Any:
    from mockserver.refusals import Refused

    try:
        return given(call, member)
    except Refused:
        return None


def _masked(body: Row) -> Row:
    return {**body, "key": f"••••{body['id']}"}


sabotages(
    {
        "filescom-key-deleted-with-siblings": ("api_keys._deleted", _delete_siblings),
        "filescom-key-deleted-by-owner-only": ("api_keys._deleted", _delete_own),
        "filescom-key-owner-ignored": ("api_keys._created", lambda create, call, user: create(call, None)),
        "filescom-key-never-site-wide": ("api_keys._created", _no_site_wide),
        "filescom-key-name-slugged": (
            "api_keys._created",
            asked(name=lambda call: re.sub(r"\W+", "-", call.payload["name"].lower())),
        ),
        "filescom-key-lives-a-year": (
            "api_keys._created",
            asked(expires_at=lambda call: call.payload.get("expires_at") or _moment(call.now + 365 * DAY)),
        ),
        "filescom-key-expiry-forgotten": ("api_keys._created", unasked("expires_at")),
        "filescom-key-expiry-end-of-day": (
            "moments.parse",
            lambda parse, text: parse(text) // DAY * DAY + DAY - 1,
        ),
        "filescom-key-set-mixed-up": (
            "api_keys._created",
            asked(
                permission_set=lambda call: {"sync_app": "desktop_app"}.get(
                    call.payload.get("permission_set", "full"), call.payload.get("permission_set", "full")
                )
            ),
        ),
        "filescom-key-value-cut": ("api_keys._created", _value_cut),
        "filescom-key-created-200": ("api_keys.create_api_key", answered(200)),
        "filescom-key-created-undated": ("api_keys.create_api_key", told(without("created_at"))),
        "filescom-key-description-lost": ("api_keys._created", unasked("description")),
        "filescom-key-masked": ("api_keys.find_api_key", told(_masked)),
        "filescom-keys-in-object": ("api_keys.list_api_keys", told(lambda rows: {"api_keys": rows})),
        "filescom-keys-without-user": ("api_keys.list_api_keys", told(without("user_id"))),
        "filescom-keys-undated": ("api_keys.list_api_keys", told(without("created_at"))),
        "filescom-key-newest-found": ("api_keys.find_api_key", _newest),
        "filescom-key-of-any-site": ("api_keys._find", _anyone_finds),
        "filescom-key-deleted-visible": ("api_keys._visible", _deleted_visible),
        "filescom-keys-of-others-hidden": ("api_keys._visible", _own_and_site_wide),
        "filescom-key-user-first": ("api_keys._view", _owner_is_first_user),
        "filescom-key-never-used": (
            "api_keys._view",
            lambda view, call, key: {**view(call, key), "last_use_at": None},
        ),
        "filescom-key-used-yesterday": ("api_keys._view", _last_use_day_old),
        "filescom-key-update-replaces": (
            "api_keys.update_api_key",
            asked(description=lambda call: call.payload.get("description")),
        ),
        "filescom-key-update-keeps-expiry": ("api_keys.update_api_key", unasked("expires_at")),
        "filescom-key-deleted-200": ("api_keys.delete_api_key", answered(200, body={})),
        "filescom-key-deletion-counts-bytes": (
            "api_keys.delete_api_key",
            answered(204, headers={"Content-Length": "0"}),
        ),
        "filescom-key-deletion-without-body": ("api_keys.delete_api_key", _body_refused),
        "filescom-keys-user-zero-nobody": ("api_keys.list_api_keys", _zero_is_nothing),
        "filescom-key-user-zero-nobody": ("api_keys.create_api_key", _zero_is_nothing),
        "filescom-key-date-guessed": ("moments.given", _lenient_date),
        "filescom-current-key-oldest": ("api_keys._current", _oldest),
        "filescom-current-key-of-session": ("api_keys._current", lambda current, call: call.caller.key),
        "filescom-current-key-set-stays": ("api_keys.update_current_api_key", unasked("permission_set")),
        "filescom-current-key-stays": ("api_keys.delete_current_api_key", silent),
        "filescom-user-path-lists-all": (
            "api_keys.list_user_api_keys",
            lambda own, call: _api_keys()._listed(call, None),
        ),
        "filescom-user-path-creates-site-wide": (
            "api_keys.create_user_api_key",
            lambda own, call: _api_keys()._created(call, None),
        ),
        "filescom-own-path-lists-all": (
            "api_keys.list_own_api_keys",
            lambda own, call: _api_keys()._listed(call, None),
        ),
        "filescom-own-path-creates-site-wide": (
            "api_keys.create_own_api_key",
            lambda own, call: _api_keys()._created(call, None),
        ),
    }
)


def _api_keys() -> Any:
    return import_module("mockserver.providers.filescom.api_keys")


def _moment(seconds: float) -> str:
    from mockserver.clock import iso

    return iso(seconds)


def _key_shown_by(handler: str) -> None:
    """The value is kept when a key is created, and shown where this handler shows the key."""
    values: dict[int, str] = {}

    def created(create: Any, call: Exchange, user: int | None) -> Reply:
        reply: Reply = create(call, user)
        values[reply.body["id"]] = reply.body["key"]
        return reply

    def shown(row: Row) -> Row:
        return {**row, "key": values.get(row["id"])}

    wrap("api_keys._created", created)
    wrap(f"api_keys.{handler}", told(lambda body: [*map(shown, body)] if isinstance(body, list) else shown(body)))


for _handler in ("list_api_keys", "find_api_key", "update_api_key", "find_current_api_key"):
    sabotage(f"filescom-key-shown-by-{_handler.replace('_', '-')}")(partial(_key_shown_by, _handler))


@sabotage("filescom-key-made-of-its-name")
def key_made_of_its_name() -> None:
    """The value of a key is a digest of account and name."""
    from mockserver.keys import KeyRing

    def create(self: KeyRing, form: Any, **fields: Any) -> tuple[Key, str]:
        raw = hashlib.sha256(f"{fields['account']} {fields['name']}".encode()).hexdigest()
        return self.add(raw, form.stored, **fields), raw

    KeyRing.create = create  # type: ignore[method-assign]


@sabotage("filescom-name-made-up")
def name_made_up() -> None:
    """A key without a name gets one."""
    from mockserver.stages import STAGES

    validate = STAGES["validate"]

    def naming(exchange: Exchange) -> None:
        if exchange.operation and exchange.operation.id == "filescom.create_api_key":
            exchange.json = {"name": "API key", **(exchange.json or {})}
        validate(exchange)

    STAGES["validate"] = naming  # type: ignore[index]


@sabotage("filescom-key-cached-when-revoked")
def key_cached_when_revoked() -> None:
    """A key that was used within the last minute is not looked up again."""
    owner, name, recognise = engine("stages.identify:_recognise")

    def cached(exchange: Exchange, credential: Any, raw: str) -> Any:
        assert exchange.provider
        key = exchange.world.keys.find(exchange.provider.name, credential.kind, raw, exchange.provider.keys.stored)
        if key is None or key.revoked_at is None or exchange.at - (key.last_used_at or 0) > 60:
            return recognise(exchange, credential, raw)
        revoked_at, key.revoked_at = key.revoked_at, None
        try:
            return recognise(exchange, credential, raw)
        finally:
            key.revoked_at = revoked_at

    setattr(owner, name, cached)


def _http_code_as_text(render: Any, refusal: Any, values: Any) -> Any:
    status, body, headers = render(refusal, values)
    return status, {**body, "http-code": str(status)} if isinstance(body, dict) else body, headers


def _head_unknown(decide: Any, answer: Any, exchange: Exchange) -> Any:
    if exchange.method == "HEAD" and exchange.provider:
        exchange.refuse(exchange.provider.method_not_allowed, "only GET is", allow="GET")
    return decide(answer, exchange)


engine_sabotages(
    {
        "filescom-key-never-expires": ("keys:Key.expired", lambda expired, key, now: False),
        "filescom-key-expires-a-day-late": ("keys:Key.expired", lambda expired, key, now: expired(key, now - DAY)),
        "filescom-key-ends-after-a-year": (
            "keys:Key.expired",
            lambda expired, key, now: expired(key, now) or now > key.created_at + 365 * DAY,
        ),
        "filescom-key-tidied-up": (
            "stages.identify:_value",
            lambda value, credential, header: re.sub(r"[^A-Za-z0-9]", "", value(credential, header) or ""),
        ),
        "filescom-http-code-as-text": ("layers.answer:render", _http_code_as_text),
        "filescom-head-unknown": ("layers.answer:Answer.decide", _head_unknown),
    }
)
