"""The suite on a server that shares no code with the mock: it judges promises, not our mock's habits."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contract_tests.cli import main
from contract_tests.outcome import Outcome
from contract_tests.run import prove, thrifty_run
from contract_tests.target import read_target
from contract_tests.verdict import Verdict
from latchkey import Contract, load
from tests.elsewhere import Clock, having, named, verified
from tests.others.licences import EXAMPLE, judged, keys, server, serving

#: Where no document says anything the example does otherwise than our contract: that is noted, and fails nothing.
ITS_OWN_WAY = {
    "cache.same",  # refusals say no-store and no more
    "error.validation",  # a code of its own
    "limit.headers",  # RateLimit-Remaining
    "sweep.mistakes-refused",  # where headers tell all, the members of the body are not looked at
}
#: Where domain and product are not compared, those rules break too that say where they are read.
PRESENTED = {"presented.headers", "presented.body"}


@pytest.fixture(scope="module")
def contract() -> Iterator[Contract]:
    """The contract; the example's keys are in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in keys().items():
            patch.setenv(name, value)
        yield load()


def test_an_honest_server_is_never_accused(contract: Contract):
    """With keys alone, sweeps and races included: nothing is violated, warned of or an error; what it does in its own way is
    noted; and more than nine tenths of what is documented and published is verified.
    """
    verdict = judged(contract)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert having(verdict, Outcome.NOTED) == ITS_OWN_WAY
    assert verified(contract, verdict) > 0.9


# Servers that are wrong in one place.


class SixtyOne(server.Limiter):
    quota = 61


class HalfAMinute(server.Limiter):
    seconds = 30


class PerLicence(server.Handler):
    def who(self) -> str:
        return str(self.headers.get("Authorization"))


class DownloadsCount(server.Handler):
    def file(self, token: str) -> Any:
        self.count()
        return super().file(token)


class GoodTwice(server.Links):
    def __init__(self, now: Any) -> None:
        super().__init__(now)
        self.given: set[str] = set()

    def use_up(self, token: str) -> bool:
        with self.lock:
            first = token not in self.given
            self.given.add(token)
        return first or super().use_up(token)


class GoodForEver(server.Links):
    def product(self, token: str) -> int | None:
        rows = self.ask("SELECT product FROM links WHERE token = ? AND NOT used", token)
        return rows[0][0] if rows else None


class LooksThenMarks(server.Links):
    """Nobody marks before a second one has looked."""

    def __init__(self, now: Any) -> None:
        super().__init__(now)
        self.looks, self.second = itertools.count(1), threading.Event()

    def use_up(self, token: str) -> bool:
        unused = bool(self.ask("SELECT token FROM links WHERE token = ? AND NOT used", token))
        if next(self.looks) == 2:
            self.second.set()
        self.second.wait(5)
        self.ask("UPDATE links SET used = TRUE WHERE token = ?", token)
        return unused


class NeverInactive(server.Shop):
    def known(self, authorization: str) -> dict[str, Any]:
        return {**super().known(authorization), "is_active": True}


class AnyDomain(server.Shop):
    def at_home(self, licence: Any, domain: Any) -> bool:
        return True


class AnyProduct(server.Shop):
    def bought(self, licence: Any, product: Any) -> bool:
        return True


class UnauthorizedAsNotFound(server.Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        super().send(404 if status == 401 else status, headers, content)


class Speechless(server.Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        if status == 401:
            content = json.dumps({**json.loads(content), "message": None}).encode()
        super().send(status, headers, content)


class Cached(server.Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        super().send(status, {name: value for name, value in headers.items() if name != "Cache-Control"}, content)


@pytest.mark.parametrize(
    ("changed", "rules", "wrong"),
    [
        (SixtyOne, "*", {"limit.sixty", "race.limit"}),
        (HalfAMinute, "*", {"limit.sixty"}),
        (PerLicence, "*", {"limit.across-licences"}),
        (DownloadsCount, "*", {"file.unlimited", "file.uncounted"}),
        (GoodTwice, "*", {"token.once", "race.token"}),
        (GoodForEver, "*", {"token.expires"}),
        (LooksThenMarks, "race.token", {"race.token"}),
        (NeverInactive, "*", {"licence.inactive", "licence.inactive-answer"}),
        (AnyDomain, "*", {"domain.mismatch", "domain.mismatch-answer", *PRESENTED}),
        (AnyProduct, "*", {"product.mismatch", "product.mismatch-answer", *PRESENTED}),
        (
            UnauthorizedAsNotFound,
            "*",
            {"auth.invalid-key", "auth.missing-answer", "auth.only-header", "auth.other-scheme"},
        ),
        (
            Speechless,
            "*",
            {"auth.required", "auth.missing-answer", "auth.invalid-key", "error.envelope"},
        ),
        (Cached, "*", {"cache.sensitive", "file.no-cache"}),
    ],
    ids=named,
)
def test_what_is_broken_is_found_by_its_own_rules(contract: Contract, changed: type, rules: str, wrong: set[str]):
    """Of what is documented and published those rules are violated that the server breaks, and no others."""
    verdict = judged(contract, [f"dezerx.{rules}"], changed)

    assert having(verdict, Outcome.VIOLATED) == wrong
    assert verdict.having(Outcome.WARNED, Outcome.ERROR) == []


# Servers that do otherwise what no document says.


class OldProtocol(server.Handler):
    protocol_version = "HTTP/1.0"


class StructuredFields(server.Handler):
    def count(self) -> None:
        try:
            super().count()
        finally:
            left, reset = self.told["RateLimit-Remaining"], self.told["RateLimit-Reset"]
            self.told = {"RateLimit": f'"default";r={left};t={reset}', "RateLimit-Policy": '"default";q=60;w=60'}


class KeyFirst(server.Handler):
    """A call that is refused is not counted."""

    def count(self) -> None:
        """Later."""

    def licence(self, content: bytes) -> Any:
        licence = super().licence(content)
        super().count()
        return licence


class EachCallCounted(server.Handler):
    """verify and download have sixty each."""

    def who(self) -> str:
        return super().who() + self.path


class Weighted(server.Limiter):
    """A window that slides by weight: of the minute before counts the part that is not over yet."""

    def take(self, who: str) -> tuple[bool, dict[str, str]]:
        with self.lock:
            minute, second = divmod(self.now(), 60)
            now, before = self.calls[f"{who} {minute}"], self.calls[f"{who} {minute - 1}"]
            if admitted := len(before) * (1 - second / 60) + len(now) < 60:
                now.append(0)
        return admitted, {"X-Rate-Limit-Used": str(len(now))}


class ByTheClock(server.Limiter):
    """A window begins with the clock's minute, whenever the first call comes."""

    def take(self, who: str) -> tuple[bool, dict[str, str]]:
        return super().take(f"{who} {self.now() // 60}")


class Unprocessable(server.Handler):
    def send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        super().send(422 if b"UNREADABLE_BODY" in content else status, headers, content)


class SignedUrl(server.Handler):
    def data(self, message: str, data: Any) -> Any:
        signed = {name: f"{value}?signature=5f3c" for name, value in data.items() if name == "download_url"}
        return super().data(message, {**data, **signed})


class UrlElsewhere(server.Handler):
    """Nothing answers there: no port is 9."""

    def data(self, message: str, data: Any) -> Any:
        url = {
            name: value.replace(self.server.url, "http://127.0.0.1:9") for name, value in data.items() if "url" in name
        }
        return super().data(message, {**data, **url})


class HeadUses(server.Shop):
    def file(self, token: str, *, look: bool) -> Any:
        return super().file(token, look=False)


class NewEndsOld(server.Links):
    def make(self, product: int) -> Any:
        self.ask("DELETE FROM links")
        return super().make(product)


@pytest.mark.parametrize(
    ("changed", "noted"),
    [
        (OldProtocol, set()),
        (StructuredFields, {"limit.retry-after"}),
        (KeyFirst, {"limit.before-key"}),
        (EachCallCounted, {"limit.shared"}),
        (ByTheClock, {"limit.fixed-window"}),
        (Weighted, {"limit.before-key", "limit.fixed-window", "limit.retry-after"}),
        (Unprocessable, set()),
        (SignedUrl, set()),
        (HeadUses, {"file.head"}),
        (NewEndsOld, {"download.own-token"}),
    ],
    ids=named,
)
def test_what_no_document_says_fails_nothing(contract: Contract, changed: type, noted: set[str]):
    """It is noted where our contract has it otherwise, and that is all."""
    verdict = judged(contract, [], changed)

    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert having(verdict, Outcome.NOTED) == ITS_OWN_WAY | noted


def test_a_url_that_leads_elsewhere_says_nothing_of_the_target(contract: Contract):
    """Where nothing answers at the URL that was handed out, sweeps leave out what lies there; the target is not dead."""
    verdict = judged(contract, ["dezerx.sweep.*", "dezerx.token.once"], UrlElsewhere)

    assert having(verdict, Outcome.NOTED) == {"sweep.mistakes-refused"}
    assert len(verdict.having(Outcome.VERIFIED)) == len(verdict.results) - 1


# What a target file is examined for.


def test_a_key_may_look_otherwise_where_nobody_says_how(contract: Contract, tmp_path: Path):
    """A licence of another form than ours is tried like any; only when it does not work it is asked whether it is cut off."""
    described = (EXAMPLE / "target.toml").read_text("utf-8")
    with serving(Clock()) as url:
        file = tmp_path / "t.toml"
        file.write_text(described.replace("http://127.0.0.1:8090", url))
        good = CliRunner().invoke(main, ["doctor", str(file)])
        cut = CliRunner().invoke(main, ["doctor", str(file)], env={"LICENCE": "TIDE-9QK2-RM4X"})

    assert good.exit_code == 0
    assert "✓ full works: GET /api/license/verify answered 200" in good.output
    assert cut.exit_code == 1
    said = " ".join(cut.output.split())
    assert "✗ full does not work: GET /api/license/verify answered 401; it does not look like a key of DezerX" in said


# The same server with an administrator.


@pytest.fixture
def staging(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the example answers as its owner runs it on staging: a process of its own, with a clock that can be turned."""
    monkeypatch.setenv("ADMIN_TOKEN", "known to the owner")
    monkeypatch.chdir(EXAMPLE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    command = [sys.executable, "-W", "error", "staging.py", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1].removesuffix("/api/license/verify")
        process.terminate()
    sys.modules.pop("provisioner", None)


def test_an_administrator_lets_nearly_everything_be_shown(contract: Contract, staging: str):
    """Licences that come and go and a clock that is turned show all but how keys are stored, models and races included. Nobody
    waits.
    """
    target = read_target("staging.toml", contract)
    here = {name: replace(endpoint, base_url=staging) for name, endpoint in target.endpoints.items()}
    options = {**target.provisioner_options, "url": staging}
    waits: list[float] = []
    run = thrifty_run(replace(target, endpoints=here, provisioner_options=options), contract, sleep=waits.append)
    prove(run)
    run.close()

    verdict = Verdict.of(run.rules, run.results)
    assert verdict.having(Outcome.VIOLATED, Outcome.WARNED, Outcome.ERROR) == []
    assert having(verdict, Outcome.NOTED) == ITS_OWN_WAY | {"key.format", "order.checks", "model.limiter-exact"}
    assert having(verdict, Outcome.NOT_VERIFIABLE) == {"key.hashed"}
    assert waits == []
