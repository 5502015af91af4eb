"""Keys, users, sessions, the log and the lists of Files.com, broken."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._filescom import engine, engine_sabotages, sabotages, wrap
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from mockserver.exchange import Caller, Exchange, Reply
    from mockserver.keys import Key
    from mockserver.world import Row

DAY = 86400


def told(change: Callable[[Any], Any]) -> Callable[..., Reply]:
    """Around a handler: its answer's body as `change` makes it."""
    return lambda handler, call: (reply := handler(call), replace(reply, body=change(reply.body)))[1]


def answered(status: int, **words: Any) -> Callable[..., Reply]:
    """Around a handler: its answer with this status."""
    return lambda handler, call: replace(handler(call), status=status, **words)


def silent(handler: Any, call: Exchange) -> Reply:
    """In a handler's place: says that it is done, and does nothing."""
    from mockserver.exchange import Reply

    return Reply(204)


def as_administrator(handler: Any, call: Exchange) -> Reply:
    """Around a handler: whoever asks counts as an administrator."""
    assert call.caller
    call.caller = replace(call.caller, user=None)
    reply: Reply = handler(call)
    return reply


def asked(**members: Any) -> Callable[..., Any]:
    """Around whatever reads the body: these members are in it, or, where the value is a function, what it makes of the call."""

    def around(handler: Any, call: Exchange, *words: Any) -> Any:
        made = {name: value(call) if callable(value) else value for name, value in members.items()}
        call.payload = {**(call.payload or {}), **made}
        return handler(call, *words)

    return around


def unasked(*names: str) -> Callable[..., Any]:
    """Around whatever reads parameters and body: these are in neither."""

    def around(handler: Any, call: Exchange, *words: Any) -> Any:
        call.parameters = {name: value for name, value in call.parameters.items() if name not in names}
        if isinstance(call.payload, dict):
            call.payload = {name: value for name, value in call.payload.items() if name not in names}
        return handler(call, *words)

    return around


def without(*names: str) -> Callable[[Any], Any]:
    """The body, or each row of it, without these members."""

    def change(body: Any) -> Any:
        if isinstance(body, list):
            return [change(row) for row in body]
        return {name: value for name, value in body.items() if name not in names}

    return change


# Who may.

sabotages(
    {
        f"filescom-unchecked-{name.replace('_', '-')}": (f"{module}.{name}", as_administrator)
        for module, names in {
            "api_keys": (
                "list_api_keys",
                "create_api_key",
                "create_own_api_key",
                "create_user_api_key",
                "find_api_key",
                "update_api_key",
                "delete_api_key",
                "delete_current_api_key",
            ),
            "files": ("find_file", "download_file", "delete_file"),
            "uploads": ("begin_upload",),
        }.items()
        for name in names
    }
)


@sabotage("filescom-nobody-is-nobody")
def nobody_is_nobody() -> None:
    """Only users can be administrators, and a site-wide key has no user."""
    from mockserver.exchange import Caller

    setattr(Caller, "administrator", property(lambda self: bool((self.user or {}).get("site_admin"))))  # noqa: B010


@sabotage("filescom-users-are-members")
def users_are_members() -> None:
    """What a user's key may do does not depend on whether the user is an administrator."""
    from mockserver.exchange import Caller

    setattr(Caller, "administrator", property(lambda self: self.user is None))  # noqa: B010


@sabotage("filescom-last-caller-remembered")
def last_caller_remembered() -> None:
    """A request without a credential is taken for one of whoever asked last."""
    from mockserver.refusals import Refused
    from mockserver.stages import STAGES

    identify = STAGES["identify"]
    last: list[Caller | None] = []

    def remembering(exchange: Exchange) -> None:
        try:
            identify(exchange)
        except Refused:
            if not last or "x-filesapi-key" in exchange.headers:
                raise
            exchange.caller = last[-1]
        last.append(exchange.caller)

    STAGES["identify"] = remembering  # type: ignore[index]


@sabotage("filescom-folders-public")
def folders_public() -> None:
    """Whoever asks for a folder without a credential sees what the first site has."""
    from mockserver.exchange import Caller
    from mockserver.refusals import Refused
    from mockserver.stages import STAGES

    identify = STAGES["identify"]

    def public(exchange: Exchange) -> None:
        try:
            identify(exchange)
        except Refused as refused:
            open_to_all = exchange.operation and exchange.operation.id == "filescom.list_folder"
            if not open_to_all or refused.name != "authentication_required":
                raise
            account = next(exchange.world.accounts_of("filescom"))
            exchange.caller = Caller(account=account, key=exchange.world.keys.of(account.id)[0], raw="")

    STAGES["identify"] = public  # type: ignore[index]


def _refuse_administrators(delete: Any, call: Exchange) -> Reply:
    if call.table("users").get(call.parameters["id"], {}).get("site_admin"):
        call.refuse("users_cannot_manage_keys", "administrators are not deleted")
    reply: Reply = delete(call)
    return reply


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


def _keys_to_nobody(delete: Any, call: Exchange) -> Reply:
    keys = [key for key in call.world.keys.of(call.account.id) if key.user == call.parameters["id"]]
    reply: Reply = delete(call)
    for key in keys:
        key.user, key.revoked_at = None, None
    return reply


def _soft_delete(delete: Any, call: Exchange) -> Reply:
    call.table("users")[call.parameters["id"]]["disabled"] = True
    return silent(delete, call)


sabotages(
    {
        "filescom-administrators-stay": ("users.delete_user", _refuse_administrators),
        "filescom-user-deleted-softly": ("users.delete_user", _soft_delete),
        "filescom-user-leaves-keys-to-nobody": ("users.delete_user", _keys_to_nobody),
        "filescom-users-find-first": (
            "users.find_user",
            lambda find, call: (call.parameters.update(id=min(call.table("users"))), find(call))[1],
        ),
        "filescom-users-without-role": ("users.list_users", told(without("site_admin"))),
        "filescom-users-all-members": (
            "users.list_users",
            told(lambda rows: [{**row, "site_admin": False} for row in rows]),
        ),
        "filescom-users-without-username": ("users.list_users", told(without("username"))),
        "filescom-users-show-password": (
            "users._view",
            lambda view, call, user: {**view(call, user), "password": user.get("password")},
        ),
        "filescom-users-200-deleted": ("users.delete_user", answered(200, body={})),
    }
)

# Keys: created, shown, used.


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


def _lenient_date(expiry: Any, call: Exchange) -> Any:
    from mockserver.refusals import Refused

    try:
        return expiry(call)
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
        "filescom-key-date-guessed": ("api_keys._expiry", _lenient_date),
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

# Lists.


def _without_headers(*names: str) -> Callable[..., Reply]:
    def around(page: Any, *words: Any) -> Reply:
        reply: Reply = page(*words)
        return replace(reply, headers={name: value for name, value in reply.headers.items() if name not in names})

    return around


def _never_last(page: Any, *words: Any) -> Reply:
    reply: Reply = page(*words)
    return replace(
        reply, headers={"X-Files-Cursor": "c2:next:MDo", "X-Files-Cursor-Next": "c2:next:MDo", **reply.headers}
    )


def _next_moved(by: int) -> Callable[..., str]:
    """Cursors of next pages name no item, and an index that is so much too high."""
    return lambda cursor, way, index, place: (
        cursor(way, index + 1 + by, "") if way == "next" else cursor(way, index, place)
    )


def _first_page_instead(read: Any, call: Exchange, text: str) -> Any:
    from mockserver.refusals import Refused

    try:
        return read(call, text)
    except Refused:
        return "next", 0, ""


def _one_more(window: Any, call: Exchange, places: list[str]) -> tuple[int, int]:
    start, stop = window(call, places)
    return start, min(stop + 1, len(places))


@sabotage("filescom-filters-include-equal")
def filters_include_equal() -> None:
    """Greater is at least, less is at most."""
    lists: Any = import_module("mockserver.providers.filescom.lists")
    lists.COMPARISONS = {
        **lists.COMPARISONS,
        "filter_gt": lists.COMPARISONS["filter_gteq"],
        "filter_lt": lists.COMPARISONS["filter_lteq"],
    }


sabotages(
    {
        "filescom-filters-keep-unset": (
            "lists._holds",
            lambda holds, comparison, value, limit: comparison == "filter_lteq" or holds(comparison, value, limit),
        ),
        "filescom-filters-unknown-ignored": ("lists._check_names", lambda check, call: None),
        "filescom-page-one-more": ("lists._window", _one_more),
        "filescom-page-without-cursor": ("lists._page", _without_headers("X-Files-Cursor", "X-Files-Cursor-Next")),
        "filescom-page-old-cursor-only": ("lists._page", _without_headers("X-Files-Cursor-Next")),
        "filescom-page-new-cursor-only": ("lists._page", _without_headers("X-Files-Cursor")),
        "filescom-page-without-previous": ("lists._page", _without_headers("X-Files-Cursor-Prev")),
        "filescom-page-repeats-row": ("lists._cursor", _next_moved(-1)),
        "filescom-page-skips-row": ("lists._cursor", _next_moved(1)),
        "filescom-page-never-last": ("lists._page", _never_last),
        "filescom-page-previous-overlaps": (
            "lists._cursor",
            lambda cursor, way, index, place: (
                cursor(way, index + 1, "") if way == "prev" else cursor(way, index, place)
            ),
        ),
        "filescom-cursor-guessed": ("lists._read", _first_page_instead),
    }
)

# Sessions.


def _session_of(choose: Callable[[Exchange, int | None], int | None]) -> Callable[..., Reply]:
    """Around the handler that opens a session: it is of the user that `choose` says."""

    def around(create: Any, call: Exchange) -> Reply:
        reply: Reply = create(call)
        assert call.provider
        session = call.world.keys.find(call.provider.name, "session", reply.body["id"], call.provider.keys.stored)
        assert session
        session.user = choose(call, session.user)
        return reply

    return around


def _of_key(call: Exchange, user: int | None) -> int | None:
    assert call.provider
    raw = call.headers.get("x-filesapi-key", "")
    key = call.world.keys.find(call.provider.name, "key", raw, call.provider.keys.stored)
    return key.user if key else user


def _unknown_told(sign_in: Any, call: Exchange) -> Any:
    assert call.provider
    names = {
        user.get("username")
        for site in call.world.accounts_of(call.provider.name)
        for user in site.table("users").values()
    }
    if call.payload.get("username") not in names:
        call.refuse("user_not_found", "nobody has this name")
    return sign_in(call)


def _all_sessions_end(delete: Any, call: Exchange) -> Reply:
    assert call.caller
    for session in call.world.keys.of(call.account.id, "session"):
        if session.user == call.caller.key.user:
            call.world.keys.remove(session)
    return silent(delete, call)


sabotages(
    {
        "filescom-session-200": ("sessions.create_session", answered(200)),
        "filescom-session-password-any-case": (
            "sessions._matches",
            lambda matches, user, name, password: matches(user, name, password.lower()),
        ),
        "filescom-session-unknown-user-told": ("sessions._sign_in", _unknown_told),
        "filescom-session-of-key": ("sessions.create_session", _session_of(_of_key)),
        "filescom-session-of-nobody": ("sessions.create_session", _session_of(lambda call, user: None)),
        "filescom-session-of-first-member": ("sessions.create_session", _session_of(lambda call, user: 2)),
        "filescom-session-stays": ("sessions.delete_session", silent),
        "filescom-session-ends-all": ("sessions.delete_session", _all_sessions_end),
        "filescom-session-end-by-key": (
            "sessions.delete_session",
            lambda delete, call: delete(call) if call.caller.key.kind == "session" else silent(delete, call),
        ),
    }
)

# The log.


def _logged(**members: Any) -> Callable[..., Row]:
    return lambda view, call, entry: {**view(call, entry), **members}


sabotages(
    {
        "filescom-log-first-user": ("request_logs._view", _logged(user_id=1)),
        "filescom-log-no-user": ("request_logs._view", _logged(user_id=None, username=None)),
        "filescom-log-site-wide-user": (
            "request_logs._view",
            lambda view, call, entry: {**view(call, entry), "user_id": entry.user or 1},
        ),
        "filescom-log-no-key": ("request_logs._view", _logged(api_key_id=None, api_key_prefix=None)),
        "filescom-log-always-201": ("request_logs._view", _logged(response_code=201)),
        "filescom-log-no-path": ("request_logs._view", _logged(request_path="/api/rest/v1")),
        "filescom-log-other-id": ("request_logs._view", _logged(request_id="unknown")),
        "filescom-log-always-success": ("request_logs._view", _logged(success=True)),
        "filescom-log-no-error": ("request_logs._view", _logged(error_type=None)),
        "filescom-log-passed-only": (
            "request_logs.list_api_request_logs",
            told(lambda rows: [row for row in rows if row["success"]]),
        ),
    }
)
