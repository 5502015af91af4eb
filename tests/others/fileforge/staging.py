"""How this FileForge stands before the suite: with keys alone, or looked after by somebody who makes keys and turns its clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from contract_tests.provision import Denied, Key, NotVerifiable, Provider
from contract_tests.target import Target
from tests import elsewhere
from tests.elsewhere import Clock, part
from tests.others import fileforge


@contextlib.contextmanager
def serving(clock: Clock, *changed: type) -> Iterator[Target]:
    """The server on two free ports, with a key for each situation."""
    keys, store = part(fileforge.Keys, changed)(clock.now), part(fileforge.Store, changed)(clock.now)
    files = part(fileforge.Files, changed)(clock.now, store)
    jobs = part(fileforge.Jobs, changed)(clock.now, files, part(fileforge.Conversions, changed)(clock.now))
    calls = part(fileforge.Calls, changed)(clock.now)
    door = part(fileforge.ApiDoor, changed)
    api = fileforge.Server(door, keys=keys, files=files, jobs=jobs, calls=calls, now=clock.now)
    objects = fileforge.Server(part(fileforge.StoreDoor, changed), store=store)
    store.url = objects.url
    with elsewhere.serving(api), elsewhere.serving(objects):
        target = elsewhere.described("fileforge", api.url, given(keys))
        yield replace(target, provisioner_options={"keys": keys, "clock": clock})


def given(keys: fileforge.Keys) -> dict[str, str]:
    mine, theirs, large, free, banned = (fileforge.account(plan) for plan in ("pro", "pro", "enterprise", "pro", "pro"))
    made = {
        "full": keys.issue(mine, "build server", fileforge.SCOPES),
        "default_scopes": keys.issue(mine, "zapier"),
        "no_scopes": keys.issue(mine, "status board", []),
        **{f"only_{scope.replace(':', '_')}": keys.issue(mine, scope, [scope]) for scope in fileforge.SCOPES},
        "revoked": keys.issue(mine, "old laptop", fileforge.SCOPES),
        "old": keys.issue(mine, "first script"),
        "replaced": keys.issue(mine, "label printer"),
        "upgraded": keys.issue(mine, "till", fileforge.SCOPES),
        "revoked_on_free": keys.issue(mine, "lost phone"),
        "enterprise": keys.issue(large, "print shop", fileforge.SCOPES),
        "free_tier": keys.issue(free, "holiday script", fileforge.SCOPES),
        "banned": keys.issue(banned, "mailer", fileforge.SCOPES),
        "neighbour": keys.issue(theirs, "next door", fileforge.SCOPES),
    }
    rows = {situation: keys.row(raw) for situation, raw in made.items()}
    free["plan"], banned["banned"] = "free", True
    rows["old"]["created_at"] -= 400 * fileforge.DAY
    keys.revoke(rows["revoked"])
    keys.revoke(rows["revoked_on_free"])
    return {**made, "replacement": keys.rotate(rows["replaced"])}


class Owner:
    """Looks after the server: makes accounts and keys on it, and can turn its clock."""

    def __init__(self, keys: fileforge.Keys, clock: Clock) -> None:
        self.keys, self.clock = keys, clock

    def open(self, provider: Provider, *, neighbour: bool = False) -> OwnAccount:
        return OwnAccount(self.keys, provider)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def now(self) -> float:
        return self.clock.now()


class OwnAccount:
    """An account that one proof has to itself."""

    def __init__(self, keys: fileforge.Keys, provider: Provider) -> None:
        self.keys, self.provider, self.account = keys, provider, fileforge.account("pro")
        self.known: dict[str, Key] = {}

    def key(self, situation: str = "full", **fields: Any) -> Key:
        about = self.provider.situations[situation]
        if about.account or about.revoked or "unlimited" in fields or about.key.keys() - {"scopes"}:
            raise NotVerifiable("no key of this kind can be made")
        if fields or situation not in self.known:
            scopes = fields.get("scopes", about.key.get("scopes"))
            chosen = {} if scopes is None else {"scopes": scopes}
            try:
                raw = self.keys.issue(self.account, fields.get("name", situation), **chosen)
            except fileforge.Refused as refusal:
                raise Denied(str(refusal)) from None
            self.known[raw if fields else situation] = Key(raw=raw, situation=situation)
            return Key(raw=raw, situation=situation)
        return self.known[situation]

    def row(self, key: Key) -> dict[str, Any]:
        return self.keys.row(key.raw)

    def revoke(self, key: Key) -> None:
        self.keys.revoke(self.row(key))

    def rotate(self, key: Key) -> Key:
        try:
            return replace(key, raw=self.keys.rotate(self.row(key)))
        except fileforge.Refused as refusal:
            raise Denied(str(refusal)) from None

    def stored(self, key: Key) -> dict[str, Any]:
        row = self.row(key)
        return {"prefix": row["key_prefix"], **{name: row[name] for name in ("digest", "name", "scopes")}}

    def change_account(self, *, tier: str) -> None:
        self.account["plan"] = tier

    def close(self) -> None:
        self.account["plan"] = "closed"
