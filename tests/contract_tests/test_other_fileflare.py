"""The suite on a server of Fileflare's API that shares no code with the mock: it judges promises, not our mock's habits."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from contract_tests.outcome import Outcome
from latchkey import Contract, load
from tests.elsewhere import having, named, verified
from tests.others.fileflare import App, Handler, Store, Throttle, judged, kept
from tests.others.fileflare.refusals import Refused, as_json

#: Where no document says anything the server does otherwise than our contract: that is noted, and fails nothing.
ITS_OWN_WAY = {
    "assets.one-shape",  # an asset stands alone, not under data
    "attach.detach-again",  # what is not attached cannot be detached: 404
    "auth.message",  # "Who are you?", under another name
    "auth.only-header",  # a key may stand in the query, as api_token
    "customer.unknown",  # 404 for whatever is no id
    "delete.all-body",  # how many were queued
    "delete.gone",  # a queue leaves what was deleted in orders and products, and by its id, for half a minute
    "error.id-form",  # 422 for what is no UUID
    "error.missing-once",  # a missing filename is told as the document shows it, three times
    "error.not-json",  # 400
    "error.other-wording",
    "error.query",  # what is no number is as if it were not there
    "error.summary-count",  # the fields are counted, as in the document's example
    "key.format",  # a number, a bar, and 40 hexadecimal digits
    "limit.fixed-window",  # minutes of the clock on the wall
    "limit.headers-unidentified",  # a 401 tells a whole budget: each response has the headers
    "limit.refused-headers",  # no Retry-After
    "limit.send-email-apart",  # e-mails are not among the 60
    "limit.send-email-headers",  # which tell the e-mails' own budget, whatever is left of the 60
    "model.resources-exact",  # as assets.one-shape, store.update-partial, attach.detach-again and delete.gone
    "orders.email-sent-at",  # when the first e-mail was sent
    "orders.own-id",  # Shopify's id names an order, and nothing else
    "request.no-accept",  # 406: the header is required
    "store.update-partial",  # 422: all three fields are required
    "sweep.error-envelope",  # errors stand under error
    "upload.confirm-created",  # 204
    "upload.confirm-needs-bytes",  # nobody looks
    "upload.pending-hidden",  # a placeholder is listed
}
#: What only an administrator can show: keys that are generated, regenerated and revoked, and histories with several keys.
HISTORIES = {"key.regenerate-ends-old", "race.rotate", "model.limiter-exact"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


def test_an_honest_server_is_never_accused(contract: Contract):
    """With keys alone, sweeps and races included: nothing is violated, warned of or an error; what it does in its own way is
    noted; and nine tenths of what is documented and published are verified.
    """
    verdict = judged(contract)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert having(verdict, Outcome.NOTED) == ITS_OWN_WAY
    assert verified(contract, verdict) > 0.9


def test_an_honest_server_is_never_accused_by_its_owner(contract: Contract):
    """With a store for each proof, models included and no request dear, all that is documented and published is verified."""
    verdict = kept(contract)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert having(verdict, Outcome.NOTED) == ITS_OWN_WAY | HISTORIES
    assert verified(contract, verdict) == 1


# Servers that are wrong in one place.


class SixtyOne(Throttle):
    quota = 61


class ThirtyOne(Throttle):
    emails = 31


class HalfAMinute(Throttle):
    seconds = 30


class StandingStill(Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.told = {**self.told, "X-RateLimit-Remaining": "47"}
        super().send(status, headers, content)


class OneForAll(Handler):
    def count(self, raw: str, *, emails: bool) -> None:
        super().count("everybody", emails=emails)


class ErrorsWithoutHeaders(Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.told = self.told if status < 400 else {}
        super().send(status, headers, content)


class RevokedWorks(App):
    def store(self, raw: str) -> Store:
        self.keys = {digest: (name, False) for digest, (name, _) in self.keys.items()}
        return super().store(raw)


class ForbiddenAsPaid(Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        super().send(403 if status == 402 else status, headers, content)


class FirstFieldOnly(Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        if status == 422:
            body = json.loads(content)
            content = json.dumps({**body, "errors": dict(list(body["errors"].items())[:1])}).encode()
        super().send(status, headers, content)


class ForeignAssets(App):
    def asset(self, store: Store, *asked: Any) -> Any:
        owner = next((other for other in self.stores.values() if asked[-1] in other.assets), store)
        return super().asset(owner, *asked)


class AttachedOnce(App):
    def sell(self, *asked: Any) -> Any:
        reply = super().sell(*asked)
        if reply[0] == 200:
            raise Refused(409, "It is sold with them already")
        return reply


class PagesRepeat(App):
    def paged(self, path: str, rows: Sequence[Any], query: Mapping[str, Any]) -> Any:
        shown = json.loads(super().paged(path, rows, {**query, "page": "1"})[2])["data"]
        reply = json.loads(super().paged(path, rows, dict(query))[2])
        return as_json(200, {**reply, "data": shown if reply["data"] else []})


class DeletedLater(Store):
    def listed(self) -> Any:
        return [asset for asset in self.assets.values() if asset.get("ends", self.now() + 1) > self.now()]


class SignedForEver(App):
    def signature(self, id: str, ends: str) -> str:
        return super().signature(id, "")

    def stored(self, id: str, query: Mapping[str, str], content: bytes) -> Any:
        return super().stored(id, {**query, "Until": "9" * 12}, content)


class UnsignedUploads(App):
    def stored(self, id: str, query: Mapping[str, str], content: bytes) -> Any:
        return super().stored(id, {**query, "X-Amz-Signature": self.signature(id, query.get("Until", ""))}, content)


@pytest.mark.parametrize(
    ("changed", "themes", "wrong"),
    [
        (SixtyOne, "limit race", {"limit.sixty", "limit.value", "race.limit"}),
        (ThirtyOne, "limit race", {"limit.send-email", "race.send-email"}),
        (HalfAMinute, "limit race", {"limit.sixty", "limit.send-email"}),
        (StandingStill, "limit", {"limit.counts-down"}),
        (OneForAll, "limit key", {"limit.per-key"}),
        (ErrorsWithoutHeaders, "limit error", {"limit.headers-on-errors"}),
        (RevokedWorks, "auth key", {"auth.revoked-key"}),
        (ForbiddenAsPaid, "error limit", {"error.plan-limit", "error.larger-than-plan"}),
        (
            FirstFieldOnly,
            "error store",
            {"error.all-fields", "error.field-map", "error.required-wording", "store.required"},
        ),
        (ForeignAssets, "error auth", {"error.other-account"}),
        (AttachedOnce, "attach assets", {"attach.idempotent"}),
        (PagesRepeat, "orders list", {"orders.paging"}),
        (DeletedLater, "delete race", {"delete.unlisted", "delete.all", "race.delete"}),
        (SignedForEver, "upload", {"upload.expiry"}),
        (UnsignedUploads, "upload", {"upload.signature"}),
    ],
    ids=named,
)
def test_what_is_broken_is_found_by_its_own_rules(contract: Contract, changed: type, themes: str, wrong: set[str]):
    """Of what is documented and published those rules are violated that the server breaks, and no others."""
    verdict = judged(contract, [f"fileflare.{theme}.*" for theme in themes.split()], changed)

    assert having(verdict, Outcome.VIOLATED) == wrong
    assert verdict.having(Outcome.WARNED, Outcome.ERROR) == []


# Servers that do otherwise what no document says.


class Sliding(Throttle):
    """Sixty in any sixty seconds; a call that is refused counts, too, and so prolongs the wait."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now)
        self.moments: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, who: str, quota: int) -> int:
        with self.lock:
            now, moments = self.now(), self.moments[who]
            while moments and moments[0] <= now - self.seconds:
                moments.popleft()
            moments.append(now)
            return quota - len(moments)


class EmailsCountTwice(Handler):
    """Among the 60, and among the 30 of all keys of the store."""

    def count(self, raw: str, *, emails: bool) -> None:
        super().count(raw, emails=False)
        if emails:
            super().count(self.server.app.named(raw), emails=True)


class NoPageAfterLast(App):
    def paged(self, path: str, rows: Sequence[Any], query: Mapping[str, Any]) -> Any:
        return self.there(super().paged(path, rows, dict(query)))

    def assets(self, *asked: Any) -> Any:
        return self.there(super().assets(*asked))

    def there(self, reply: Any) -> Any:
        shown = json.loads(reply[2])
        if not shown["data"] and shown["meta"]["current_page"] > 1:
            raise Refused(404, "No such page")
        return reply


class Bodiless(App):
    """Where no page shows a body there is none."""

    def email(self, *asked: Any) -> Any:
        super().email(*asked)
        return 204, {}, b""

    def take(self, *asked: Any) -> Any:
        return super().take(*asked)[0], {}, b""

    def unsell(self, *asked: Any) -> Any:
        return super().unsell(*asked)[0], {}, b""

    def clear(self, *asked: Any) -> Any:
        return super().clear(*asked)[0], {}, b""


class ErrorsAsPages(Handler):
    """But for the 422, which the document shows."""

    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        if status >= 400 and status != 422:
            headers, content = {**headers, "Content-Type": "text/html"}, b"<h1>No</h1>"
        super().send(status, headers, content)


class TypeRequired(Handler):
    """Content-Type, too, wherever there can be content."""

    def as_required(self, content: bytes) -> None:
        super().as_required(content)
        if self.command not in {"GET", "HEAD"} and self.headers.get("Content-Type") != "application/json":
            raise Refused(415, "Send application/json")


@pytest.mark.parametrize(
    "changed", [Sliding, EmailsCountTwice, NoPageAfterLast, Bodiless, ErrorsAsPages, TypeRequired], ids=named
)
def test_what_no_document_says_fails_nothing(contract: Contract, changed: type):
    """It is noted at most."""
    verdict = kept(contract, (), changed)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert verified(contract, verdict) == 1
