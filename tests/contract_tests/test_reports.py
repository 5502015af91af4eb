"""The folder of reports: what stands in it, and what does not."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from click.testing import CliRunner

from contract_tests.cli import main
from contract_tests.client import Client
from contract_tests.own_mock import own_mock
from contract_tests.report import forms
from contract_tests.report.har import as_har
from contract_tests.report.page import as_page
from contract_tests.report.read import report_schema
from contract_tests.trail import sent
from latchkey import load

CHROMIUM = Path("/usr/bin/chromium")
FILES = {"report.html", "report.json", "junit.xml", "summary.md", "exchanges.har"}
BROKEN = """
overlay: 1.0.0
info: {title: broken, version: 1.0.0}
actions:
  - {target: "$['x-providers'].fileforge.limits.requests", update: {quota: 61}}
  - {target: "$['x-providers'].fileforge.refusals.missing_key", update: {status: 403}}
  - {target: "$['x-providers'].dezerx.tokens.download", update: {uses: 2}}
"""
RULES = ("*.auth.*", "*.token.*", "*.key.*", "fileforge.limit.sixty", "dezerx.sweep.*", "*.session.*", "*.upload.*")


@dataclass(frozen=True)
class Written:
    """A run with findings: its folder, what the terminal showed, and every secret that the suite knew."""

    folder: Path
    shown: str
    code: int
    url: str
    secrets: dict[str, str]

    @property
    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "report.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """A run of all providers against a mock that repeats headers in its errors, and breaks promises besides."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "overlay.yaml").write_text(BROKEN)
    start = [sys.executable, "-m", "contract_tests.mutants.sabotage", "key-echoed"]
    secrets: dict[str, str] = {}
    with ExitStack() as stack:
        url = stack.enter_context(own_mock([], 0, start, ["--overlay", str(folder / "overlay.yaml")]))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        close = Client.close

        def noting(self: Client) -> None:
            secrets.update(self.redaction.secrets)
            close(self)

        patch.setattr(Client, "close", noting)
        wanted = [word for rule in RULES for word in ("--rule", rule)]
        done = CliRunner().invoke(main, ["run", url, *wanted, "--report", str(folder / "out"), "--all-exchanges"])
        yield Written(folder / "out", done.output, done.exit_code, url, secrets)


def test_the_folder_holds_every_form(broken: Written):
    """HTML, JSON, JUnit, Markdown and an archive of exchanges; the exit code says that rules are violated."""
    assert broken.code == 1, broken.shown
    assert {file.name for file in broken.folder.iterdir()} == FILES
    assert broken.report["because"].startswith("Failed: ")


def test_a_form_that_nobody_wants_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each of JSON, JUnit and Markdown is made for its own option or for the folder only."""
    made: list[str] = []

    def noted(name: str) -> Any:
        make = getattr(forms, name)
        return lambda *facts: made.append(name) or make(*facts)

    for name in ("as_json", "as_junit", "as_markdown"):
        monkeypatch.setattr(forms, name, noted(name))
    command = ["run", "--mock", "--rule", "dezerx.auth.bearer"]
    for option, expected in [
        ((), []),
        (("--json", str(tmp_path / "r.json")), ["as_json"]),
        (("--junit", str(tmp_path / "r.xml")), ["as_junit"]),
        (("--summary", str(tmp_path / "r.md")), ["as_markdown"]),
        (("--report", str(tmp_path / "r")), ["as_json", "as_junit", "as_markdown"]),
    ]:
        made.clear()
        done = CliRunner().invoke(main, [*command, *option])
        assert (done.exit_code, made) == (0, expected), done.output


def test_nothing_secret_is_written(broken: Written):
    """No key, session id, password, token or signed URL that the suite knew stands in any file or on the terminal."""
    written = {file.name: file.read_text("utf-8") for file in broken.folder.iterdir()} | {"terminal": broken.shown}
    telling = [secret for secret in broken.secrets if len(secret) >= 12]
    found = {(name, broken.secrets[secret]) for name, text in written.items() for secret in telling if secret in text}

    assert len(telling) > 50
    assert found == set()


def test_nothing_that_looks_secret_is_written(broken: Written):
    """Nothing has the shape of a key, and no header of an exchange carries one."""
    for file in broken.folder.iterdir():
        assert re.findall(r"ff_live_[a-z2-7]{32}|DEZERX_[A-Z0-9]{16}|Signature=[0-9a-f]{16}", file.read_text()) == []
    entries = json.loads((broken.folder / "exchanges.har").read_text())["log"]["entries"]
    carried = [
        header["value"]
        for entry in entries
        for header in entry["request"]["headers"]
        if header["name"].lower() in {"authorization", "x-filesapi-key", "x-filesapi-auth"}
    ]
    long = [value for value in carried if re.search(r"[\w-]{24,}", value) and "$" not in value]

    assert len(carried) > 50
    assert long == []


def test_the_json_report_matches_its_schema(broken: Written):
    """The schema that the package carries describes what is written, exchanges and steps included."""
    jsonschema_rs.Draft202012Validator(report_schema(), validate_formats=True).validate(broken.report)
    findings = [rule for rule in broken.report["rules"] if rule["outcome"] == "violated"]

    assert findings
    assert all(rule["exchanges"] and rule["steps"] for rule in findings)


def test_junit_skips_with_a_reason_and_fails_with_expected_and_actual(broken: Written):
    """A case per rule; the totals of each suite are those of its cases."""
    root = ElementTree.parse(broken.folder / "junit.xml").getroot()
    for suite in root.iter("testsuite"):
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
    violated = {rule["id"] for rule in broken.report["rules"] if rule["outcome"] == "violated"}

    assert {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None} == violated


def test_coverage_tells_operations_and_statuses(broken: Written):
    """What was answered stands beside what is described."""
    seen = {item["operation"]: item for item in broken.report["coverage"]}

    assert seen.keys() == load().operations.keys()
    assert seen["fileforge.list_formats"]["seen"]["403"] > 0
    assert "200" in seen["fileforge.list_formats"]["described"]


def test_a_hostile_answer_stays_text(broken: Written):
    """Markup in what a target answers is escaped wherever it is shown."""
    evil = '"><script>alert(1)</script>'
    report = broken.report
    rule = next(rule for rule in report["rules"] if rule["exchanges"])
    rule |= {"actual": evil, "expected": evil, "reason": evil, "curl": [evil], "says": evil}
    rule["exchanges"][-1]["response"] |= {"body": evil, "reason": evil, "headers": [[evil, evil]]}
    rule["exchanges"][-1]["url"] = report["target"] = evil

    assert "<script>alert" not in as_page(report)


def test_the_page_says_on_how_much_a_rule_was_shown(broken: Written):
    """A rule that was shown on less than all it speaks of says so; the others say nothing."""
    report = broken.report
    assert all(rule["shown_on"] == [] for rule in report["rules"])
    assert "shown on" not in as_page(report)

    report["rules"][0]["shown_on"] = ["4 of 16 operations", "2 of 6 cases"]

    assert jsonschema_rs.is_valid(report_schema(), report)
    assert as_page(report).count("shown on 4 of 16 operations, 2 of 6 cases") == 1


def test_an_exchange_is_archived_whole():
    """Method, URL, query, headers and body, and an answer that never came."""
    client = Client()
    request = client.prepare("POST", "http://t.example/a?b=c", headers={"Cookie": "session=abc"}, json={"x": 1})
    (entry,) = as_har([("some.rule", sent(request, None, 0.25))], client.redact)["log"]["entries"]

    assert entry["request"]["queryString"] == [{"name": "b", "value": "c"}]
    assert entry["request"]["postData"] == {"mimeType": "application/json", "text": '{"x":1}'}
    assert {"name": "cookie", "value": "$HIDDEN"} in entry["request"]["headers"]
    assert (entry["time"], entry["response"]["status"], entry["comment"]) == (250.0, 0, "some.rule")


class Dying:
    """A server that answers this many requests and is then gone."""

    def __init__(self, answers: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = Thread(target=self._answer, args=(answers,), daemon=True)
        self._thread.start()

    def _answer(self, answers: int) -> None:
        with self._listener:
            for _ in range(answers):
                connection, _address = self._listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_a_target_that_dies_is_exit_code_3_with_a_report(tmp_path: Path):
    """What broke on the way is an error, held against nobody; the report says that there is no verdict."""
    target = tmp_path / "dying.toml"
    target.write_text(f'[providers.fileforge]\nbase_url = "{Dying(2).url}"\nkeys.full = "ff_live_{"a" * 32}"\n')
    target.write_text(target.read_text() + 'headers = { "X-Gate" = "let-me-through-the-gate" }\n')
    wanted = ["--rule", "fileforge.auth.bearer", "--rule", "fileforge.auth.key-required"]
    done = CliRunner().invoke(main, ["run", str(target), *wanted, "--report", str(tmp_path / "out")])
    report = json.loads((tmp_path / "out" / "report.json").read_text())

    assert (done.exit_code, report["exit_code"]) == (3, 3), done.output
    assert report["because"].startswith("No verdict: ")
    assert report["totals"]["violated"] == 0
    written = "".join(file.read_text() for file in (tmp_path / "out").iterdir()) + done.output
    assert ("a" * 32 in written, "let-me-through" in written) == (False, False)
    assert "$FILEFORGE_X_GATE" in written


# Replay and comparison.


def again(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "contract_tests", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("rule", ["fileforge.auth.key-required", "fileforge.limit.sixty", "dezerx.token.once"])
def test_a_finding_is_replayed(broken: Written, rule: str):
    """On the broken target it still differs; on a good one the answer is another."""
    file = str(broken.folder / "report.json")
    there = again("replay", file, rule)
    with own_mock([rule.split(".")[0]], 0) as good:
        elsewhere = again("replay", file, rule, good)

    assert (there.returncode, there.stdout.split(":")[0]) == (1, "still differs"), there.stderr
    assert (elsewhere.returncode, elsewhere.stdout.split(":")[0]) == (0, "no longer differs"), elsewhere.stderr


def test_what_cannot_be_replayed_is_told(broken: Written, tmp_path: Path):
    """Exit code 2 and a line: no such finding, no report, another version."""
    file = broken.folder / "report.json"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(broken.report | {"version": 99}))
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")

    for arguments, told in [
        ([str(file), "no.such.rule"], "has no finding no.such.rule; it has: "),
        ([str(other), "x"], "version 99 of the report, this program reads 1"),
        ([str(wrong), "x"], "is no report"),
    ]:
        done = CliRunner().invoke(main, ["replay", *arguments])
        assert (done.exit_code, told in done.output) == (2, True), done.output


@pytest.mark.parametrize(
    ("before", "after", "told", "code"),
    [
        ("verified", "violated", "newly violated: 1", 1),
        ("verified", "not verifiable", "newly not verifiable: 1", 1),
        ("verified", "error", "newly in error: 1", 1),
        ("violated", "verified", "fixed: 1", 0),
        ("not verifiable", "verified", "newly verified: 1", 0),
        ("verified", "verified", "nothing changed", 0),
        (None, "verified", "rules added: 1", 0),
        ("verified", None, "rules removed: 1", 0),
        (None, "violated", "newly violated: 1", 1),
    ],
)
def test_reports_are_compared(
    broken: Written, tmp_path: Path, before: str | None, after: str | None, told: str, code: int
):
    """What got worse is exit code 1; the rule is named under what became of it."""
    report = broken.report
    rule = report["rules"][0]
    files = []
    for number, outcome in enumerate((before, after)):
        rules = [] if outcome is None else [rule | {"outcome": outcome}]
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(report | {"rules": rules}))
    done = CliRunner().invoke(main, ["diff", *map(str, files)])

    assert (done.exit_code, told in done.output) == (code, True), done.output


# The page.


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The system's browser, without a window."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_a_browser(broken: Written, chromium: Any, tmp_path: Path, width: int, scheme: str):
    """From a file, on a phone and a desk, light and dark: no error, nothing fetched, nothing wider than the screen."""
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((broken.folder / "report.html").as_uri())
    picture = page.screenshot(path=tmp_path / "page.png")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.close()

    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert overflow == 0
    assert len(picture) > 10_000
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) > 380) == (scheme == "light")


def test_the_page_filters_by_text_outcome_and_level(broken: Written, chromium: Any):
    """Only matching rows stay, the count says how many; Escape brings all back, a slash leads to the search."""
    rules = broken.report["rules"]
    page = chromium.new_page()
    page.goto((broken.folder / "report.html").as_uri())
    count = page.locator("#filter output")
    rows = page.locator(".rules tbody tr:visible")

    page.select_option("[name=outcome]", "violated")
    assert rows.count() == sum(rule["outcome"] == "violated" for rule in rules)
    page.select_option("[name=outcome]", "")
    page.select_option("[name=level]", "published")
    assert rows.count() == sum(rule["level"] == "published" for rule in rules)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("fileforge.auth.key-required")
    assert count.text_content() == f"1 of {len(rules)} rules"
    page.keyboard.press("Escape")
    assert rows.count() == len(rules)
    page.close()


def test_without_scripts_everything_is_visible(broken: Written, chromium: Any):
    """No filter is offered, no row is hidden."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((broken.folder / "report.html").as_uri())

    assert page.locator(".rules tbody tr:visible").count() == len(broken.report["rules"])
    assert not page.locator("#filter").is_visible()
    context.close()
