"""The suite on a FileForge that shares no code with the mock: it judges promises, not our mock's habits."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contract_tests.cli import main
from contract_tests.outcome import Outcome
from contract_tests.verdict import Verdict
from latchkey import Contract, load
from tests import elsewhere
from tests.elsewhere import Clock, having, named, verified
from tests.others import fileforge
from tests.others.fileforge import Reply, Row
from tests.others.fileforge.staging import Owner, serving

#: Where no page says anything this server does otherwise than our contract: that is noted, and fails nothing.
ITS_OWN_WAY = {
    "auth.other-scheme",  # Basic is refused, whatever X-API-Key brings
    "auth.invalid-message",  # a key that nobody has is told from a revoked one
    "auth.missing-message",
    "scope.formats-any-key",  # formats are for whoever may convert
    "scope.message",  # details.lacking, a list
    "error.validation-code",  # bad_request
    "error.no-route",  # plain text
    "error.wrong-method",
    "limit.refused-free",  # a call counts when its key is known
    "limit.conversions-headers",  # Retry-After and no more
    "finalize.upload-first",  # 409
    "files.list",  # pages of three, oldest first
    "bulk.total",
    "output.five-minutes",  # an hour
    "order.scope-before-body",
    "model.resources-exact",  # the list
}
#: Where every key may do everything, those rules break that say what one scope alone permits.
SCOPES = {
    "key.carries-scopes",
    "key.default-scopes",
    "scope.required",
    "scope.convert-write",
    "scope.files-read",
    "scope.files-write",
    "scope.files-delete",
}
#: What only shows where somebody makes keys.
ITS_KEYS = {"key.alphabet", "model.limiter-exact"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


def judged(contract: Contract, patterns: Sequence[str], *changed: type) -> Verdict:
    """What comes of the proofs of the rules that match, with keys alone."""
    clock = Clock()
    with serving(clock, *changed) as target:
        return elsewhere.judged(contract, target, clock, [f"fileforge.{pattern}" for pattern in patterns])


def looked_after(contract: Contract, patterns: Sequence[str], *changed: type, clock: Clock | None = None) -> Verdict:
    """The same where somebody makes accounts and keys, and revokes, rotates and downgrades."""
    clock = clock or Clock()
    with serving(clock, *changed) as target:
        target = replace(target, provisioner=f"{Owner.__module__}:{Owner.__name__}")
        return elsewhere.judged(contract, target, clock, [f"fileforge.{pattern}" for pattern in patterns])


def test_an_honest_server_is_never_accused(contract: Contract):
    """With keys alone, models, sweeps and races included: nothing is violated, warned of or an error; what it does in its own way
    is noted; and more than four fifths of what is documented and published is verified.
    """
    verdict = judged(contract, ["*"])

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert having(verdict, Outcome.NOTED) == ITS_OWN_WAY
    assert verified(contract, verdict) > 0.8


def test_an_honest_server_is_never_accused_by_whoever_looks_after_it(contract: Contract):
    """Nor where keys are made, rotated and revoked, and accounts downgraded: then nearly all is verified."""
    verdict = looked_after(contract, ["*"])

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert having(verdict, Outcome.NOTED) == (ITS_OWN_WAY | ITS_KEYS) - {"files.list"}
    assert verified(contract, verdict) > 0.95


def test_a_key_in_another_alphabet_is_tried(contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The doctor takes a good key for one, though it is in upper case, where our contract has lower case."""
    with serving(Clock()) as target:
        endpoint = target.endpoints["fileforge"]
        monkeypatch.setenv("FORGE_KEY", endpoint.keys["full"][0].key)
        file = tmp_path / "t.toml"
        file.write_text(
            f'[providers.fileforge]\nbase_url = "{endpoint.base_url}"\n[providers.fileforge.keys]\nfull = "${{FORGE_KEY}}"\n'
        )
        done = CliRunner().invoke(main, ["doctor", str(file)])

    assert "✓ full works: GET /v1/formats answered 200" in done.output


# Servers that are wrong in one place.


class SixtyOne(fileforge.Calls):
    quota = 61


class PerAccount(fileforge.ApiDoor):
    def key(self) -> Row:
        row = super().key()
        return {**row, "id": row["account"]["id"]}


class BearerSecond(fileforge.ApiDoor):
    def sent(self) -> str:
        return self.headers.get("X-API-Key") or super().sent()


class NeverRevoked(fileforge.Keys):
    def row(self, raw: str) -> Row | None:
        row = super().row(raw)
        return row and {**row, "revoked_at": None}


class PlanForgotten(fileforge.ApiDoor):
    """The plan counts with which a key was issued."""

    def key(self) -> Row:
        row = super().key()
        return {**row, "account": {**row["account"], "plan": "pro"}}


class AllScopes(fileforge.ApiDoor):
    def key(self) -> Row:
        return {**super().key(), "scopes": fileforge.SCOPES}


class KeptPlain(fileforge.Keys):
    def digest(self, raw: str) -> str:
        return raw[12:]


class OtherSeconds(fileforge.ApiDoor):
    """The header tells more seconds than the body."""

    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        super().send(status, {**headers, "Retry-After": "59"} if status == 429 else headers, content)


class NoDebt(fileforge.Conversions):
    """Whoever takes more than there is begins again with nothing."""

    def take(self, who: str, units: int = 1) -> float:
        return super().take(who, min(units, self.quota))


class LooksThenTakes(fileforge.Conversions):
    """Of many at the same moment nobody takes before more have looked than there is for."""

    def __init__(self, now: Any) -> None:
        super().__init__(now)
        self.looked, self.enough = Counter(), threading.Condition()

    def take(self, who: str, units: int = 1) -> float:
        now, (level, then) = self.now(), self.levels.get(who, (self.quota, 0.0))
        level = min(self.quota, level + (now - then) * self.quota / self.seconds)
        with self.enough:
            self.looked[now] += 1
            self.enough.notify_all()
            self.enough.wait_for(lambda: self.looked[now] > self.quota, 5)
        if level < 1:
            return 1 - level
        self.levels[who] = (level - units, now)
        return 0.0


class DeletedSoon(fileforge.Files):
    """What was deleted can be finalized again."""

    def finalize(self, asked: fileforge.Asked) -> Row:
        upload = self.uploads.get(asked.id)
        told = super().finalize(asked)
        self.uploads[asked.id] = upload
        return told

    def delete(self, asked: fileforge.Asked) -> None:
        objects = {**self.store.objects}
        super().delete(asked)
        self.store.objects |= objects


class Everybodys(fileforge.Files):
    def file(self, asked: fileforge.Asked, id: str) -> Row:
        row = self.rows.get(id)
        return row if row else super().file(asked, id)


class AnySize(fileforge.Store):
    def signature(self, method: str, path: str, until: str, size: int) -> str:
        return super().signature(method, path, until, 0)


class OnlyNames(fileforge.Jobs):
    """Of a source the targets are named and no more."""

    def formats(self, asked: fileforge.Asked) -> Row:
        return {"formats": {source: [*targets] for source, targets in super().formats(asked)["formats"].items()}}


class LeadsNowhere(fileforge.ApiDoor):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        super().send(status, {name: value for name, value in headers.items() if name != "Location"}, content)


class NoStorageKey(fileforge.Files):
    def presign(self, asked: fileforge.Asked) -> Row:
        return {name: value for name, value in super().presign(asked).items() if name != "storage_key"}


@pytest.mark.parametrize(
    ("changed", "by", "rules", "wrong"),
    [
        (SixtyOne, judged, ["limit.*", "race.limit"], {"limit.sixty", "race.limit"}),
        (PerAccount, judged, ["limit.*"], {"limit.per-key"}),
        (BearerSecond, judged, ["auth.*"], {"auth.bearer-wins", "auth.bearer-not-rescued"}),
        (
            NeverRevoked,
            judged,
            ["key.*", "tier.*"],
            {"key.revoked", "key.rotate-revokes", "tier.upgrade-keeps-revoked"},
        ),
        (PlanForgotten, judged, ["tier.*", "status.*"], {"tier.downgrade", "tier.code", "status.tier-checked"}),
        (AllScopes, judged, ["scope.*", "key.*", "conversion.*"], SCOPES),
        (
            KeptPlain,
            looked_after,
            ["key.*"],
            {"key.hashed", "key.never-plain", "key.shown-once", "key.rotate-shown-once"},
        ),
        (OtherSeconds, judged, ["limit.*"], {"limit.body"}),
        (NoDebt, judged, ["limit.*"], {"limit.bulk-debt"}),
        (LooksThenTakes, judged, ["race.conversions"], {"race.conversions"}),
        (DeletedSoon, judged, ["files.*"], {"files.delete-hard"}),
        (Everybodys, judged, ["error.*"], {"error.not-yours"}),
        (AnySize, judged, ["upload.*"], {"upload.exact-size"}),
        (OnlyNames, judged, ["[!m]*"], {"formats.matrix", "sweep.answers-as-described"}),
        (LeadsNowhere, judged, ["output.*", "scope.*"], {"output.redirect"}),
        (NoStorageKey, judged, ["[!m]*"], {"upload.presign", "sweep.answers-as-described"}),
    ],
    ids=named,
)
def test_what_is_broken_is_found_by_its_own_rules(
    contract: Contract, changed: type, by: Any, rules: list[str], wrong: set[str]
):
    """Of what is documented and published those rules are violated that the server breaks, and no others."""
    verdict = by(contract, rules, changed)

    assert having(verdict, Outcome.VIOLATED) == wrong
    assert verdict.having(Outcome.WARNED, Outcome.ERROR) == []


class Maintained(fileforge.StoreDoor):
    def reply(self, content: bytes | None) -> Reply:
        return 503, {"Content-Type": "text/html"}, b"<p>Back soon</p>"


def test_a_store_that_is_down_says_nothing_of_the_api(contract: Contract):
    """What needs an upload cannot be verified then; the API is not taken for dead, and the rest is judged."""
    verdict = judged(contract, ["[!m]*"], Maintained)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    reasons = [result.reason or "" for result in verdict.having(Outcome.NOT_VERIFIABLE)]
    assert any("handed out a URL that leads no further" in reason for reason in reasons)
    assert verdict.results["fileforge.limit.sixty"].outcome is Outcome.VERIFIED


class Running(Clock):
    """Runs a little whenever somebody looks at it."""

    def now(self) -> float:
        self.advance(0.02)
        return super().now()


def test_a_clock_that_runs_is_no_reason_to_accuse(contract: Contract):
    """The store's URLs end with a whole second, up to one before their 15 minutes are over, as signatures of its kind do."""
    verdict = looked_after(contract, ["model.token", "limit.*", "upload.*"], clock=Running())

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert verdict.results["fileforge.model.token"].outcome is Outcome.VERIFIED


# Servers that do otherwise what no page says.


class Minutes:
    """Units come back with the minute of the clock."""

    def take(self, who: str, units: int = 1) -> float:
        with self.lock:
            minute, second = divmod(self.now(), 60)
            used, then = self.levels.get(who, (0, minute))
            used = max(0, used - self.quota * (minute - then))
            if used >= self.quota:
                return 60 - second + 60 * (used // self.quota - 1)
            self.levels[who] = (used + units, minute)
        return 0.0


class MinuteOfCalls(Minutes, fileforge.Calls):
    pass


class MinuteOfConversions(Minutes, fileforge.Conversions):
    pass


class OnlyWhatPassed(fileforge.ApiDoor):
    """A call that is refused is given back."""

    def did(self, *asked: Any) -> Any:
        try:
            return super().did(*asked)
        except fileforge.Refused as refusal:
            if refusal.status not in {401, 429} and asked[0] not in {"convert", "convert_all"}:
                calls, who = self.server.calls, self.key()["id"]
                with calls.lock:
                    level, then = calls.levels.get(who, (calls.quota, 0.0))
                    calls.levels[who] = (min(calls.quota, level + 1), then)
            raise


class ConversionsAreCalls(fileforge.ApiDoor):
    def did(self, name: str, *asked: Any) -> Any:
        if name in {"convert", "convert_all"}:
            self.count(fileforge.Asked(key=self.key()))
        return super().did(name, *asked)


class FromFull(fileforge.Conversions):
    """More than there are is only given to whom none was taken."""

    def take(self, who: str, units: int = 1) -> float:
        with self.lock:
            level, then = self.levels.get(who, (self.quota, 0.0))
            level = min(self.quota, level + (self.now() - then) * self.quota / self.seconds)
            lacking = min(units, self.quota) - level
        return lacking * self.seconds / self.quota if lacking > 1e-9 else super().take(who, units)


class NoList(fileforge.ApiDoor):
    def reply(self, content: bytes | None) -> Reply:
        self.url = "/v1/none" if self.url == "/v1/files" else self.url
        return super().reply(content)


class OtherList(fileforge.Files):
    def list(self, asked: fileforge.Asked) -> Row:
        return {"data": super().list(asked)["files"]}


class OnlyJson(fileforge.ApiDoor):
    def body(self, name: str, content: bytes | None) -> Row:
        if self.headers.get_content_type() != "application/json":
            raise fileforge.Refused(415, "unsupported_media_type", "only JSON is understood")
        return super().body(name, content)


class BodyFirst(fileforge.ApiDoor):
    """The body is looked at before the key."""

    def did(self, name: str, scope: str | None, id: str, content: bytes | None) -> Any:
        if name in {"presign", "finalize", "convert", "convert_all"}:
            self.body(name, content)
        return super().did(name, scope, id, content)


class IdsChecked(fileforge.ApiDoor):
    def did(self, name: str, scope: str | None, id: str, content: bytes | None) -> Any:
        self.key()
        if id and not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id):
            raise fileforge.Refused(400, "bad_request", "that is no id")
        return super().did(name, scope, id, content)


class Sketched(fileforge.Jobs):
    """The answer that the overview has."""

    def convert(self, asked: fileforge.Asked) -> Row:
        return {"status": "queued", "conversion_id": super().convert(asked)["id"]}


class Slow(fileforge.Jobs):
    """A conversion takes an hour."""

    def known(self, asked: fileforge.Asked) -> tuple[Row, str]:
        job, state = super().known(asked)
        return job, "processing" if self.now() < job["asked"] + 3600 and state == "completed" else state


class AtOnce(fileforge.Jobs):
    def known(self, asked: fileforge.Asked) -> tuple[Row, str]:
        if job := self.rows.get(asked.id):
            job["asked"] = min(job["asked"], self.now() - 8)
        return super().known(asked)


class KeptAWeek(fileforge.Files):
    def keep(self, asked: fileforge.Asked, *about: Any) -> Row:
        return super().keep(asked, *about[:-1], 7)


class FinalizedTwice(fileforge.Files):
    """To finalize again changes nothing."""

    def finalize(self, asked: fileforge.Asked) -> Row:
        row = self.rows.get(asked.id)
        if row and row["owner"] == asked.owner and row["path"].endswith(asked.body["storage_key"]):
            return self.shown(row)
        return super().finalize(asked)


class UploadedOnce(fileforge.StoreDoor):
    def reply(self, content: bytes | None) -> Reply:
        if self.command == "PUT" and self.url in self.server.store.objects:
            return self.error(403, "AccessDenied")
        return super().reply(content)


class OldProtocol(fileforge.ApiDoor):
    protocol_version = "HTTP/1.0"


class PageOfTheProxy(fileforge.ApiDoor):
    """A path or method that is not there is answered by the server in front."""

    def reply(self, content: bytes | None) -> Reply:
        status, headers, told = super().reply(content)
        if headers.get("Content-Type") == "text/plain":
            return 404, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>"
        return status, headers, told


@pytest.mark.parametrize(
    ("changed", "rules", "more", "less"),
    [
        (MinuteOfCalls, ["*limit*", "status.*"], set(), set()),
        (MinuteOfConversions, ["*limit*", "bulk.*", "race.*"], set(), set()),
        (OnlyWhatPassed, ["limit.*", "status.*"], set(), {"limit.refused-free"}),
        (ConversionsAreCalls, ["limit.*"], set(), set()),
        (FromFull, ["*limit*", "bulk.*", "race.*"], set(), set()),
        (NoList, ["files.*", "sweep.*", "model.resources*"], set(), set()),
        (OtherList, ["files.*", "sweep.*", "model.resources*"], set(), set()),
        (OnlyJson, ["error.*", "sweep.*"], set(), set()),
        (BodyFirst, ["auth.*", "error.*", "sweep.*"], set(), set()),
        (IdsChecked, ["error.*", "sweep.*"], set(), set()),
        (Sketched, ["conversion.*", "scope.*", "output.*", "sweep.*"], {"conversion.told"}, set()),
        (Slow, ["conversion.*", "output.*"], set(), {"output.five-minutes"}),
        (AtOnce, ["conversion.*", "output.*"], set(), set()),
        (KeptAWeek, ["files.*", "model.resources"], set(), set()),
        (FinalizedTwice, ["files.*", "finalize.*"], set(), set()),
        (UploadedOnce, ["upload.*", "finalize.*", "model.token"], set(), set()),
        (OldProtocol, ["auth.*", "error.*", "sweep.*"], set(), set()),
        (PageOfTheProxy, ["auth.*", "error.*", "cors.*", "standard.*", "sweep.*"], set(), set()),
    ],
    ids=named,
)
def test_what_no_page_says_fails_nothing(
    contract: Contract, changed: type, rules: list[str], more: set[str], less: set[str]
):
    """It is noted where our contract has it otherwise, and that is all."""
    verdict = looked_after(contract, rules, changed)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    tried = {id.partition(".")[2] for id in verdict.results}
    assert having(verdict, Outcome.NOTED) - {"files.list"} == ((ITS_OWN_WAY | ITS_KEYS | more) & tried) - less - {
        "files.list"
    }
