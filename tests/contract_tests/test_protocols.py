"""Rules about doors beside the API: who can verify them, what is said where nobody can, and what a finding shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from contract_tests.catalogue import proofs_by_rule
from contract_tests.cli import main
from contract_tests.doors import Heard
from contract_tests.outcome import Outcome
from contract_tests.own_mock import doors
from contract_tests.plan import make_plan
from contract_tests.profile import GATE, PROFILES
from contract_tests.proofs.filescom.doors import Kept
from contract_tests.run import open_run, prove, thrifty_run
from contract_tests.target import Permit, at_url, read_target
from contract_tests.verdict import Verdict
from latchkey import load
from latchkey.rules import load_rules
from mockserver import create_app
from tests.conftest import Served
from tests.staging import Unattended

PROVIDER = "filescom"
CONTRACT = load().only(PROVIDER)


@pytest.fixture
def site(serving: Callable[..., Served]) -> Served:
    """A mock whose files are served over WebDAV, too."""
    return serving(create_app(PROVIDER, seed=3, protocols={"webdav": 0}))


def described(site: Served, file: Path, url: str, **fields: str) -> Path:
    """A target file with the keys that a person would have."""
    lines = [
        f"[providers.{PROVIDER}]",
        f'base_url = "{url}"',
        *(f'{name} = "{value}"' for name, value in fields.items()),
    ]
    lines.append(f"[providers.{PROVIDER}.keys]")
    lines += [f'{name} = "{site.key(PROVIDER, name)}"' for name in ("full", "member", "second_member", "admin_user")]
    file.write_text("\n".join(lines))
    return file


def test_on_a_mock_the_control_plane_tells_where_its_doors_are(site: Served):
    """A URL is enough."""
    with closing(open_run(at_url(site.url, CONTRACT), CONTRACT)) as run:
        assert run.target.endpoints[PROVIDER].doors == site.app.world.doors[PROVIDER]
        prove(run, ["filescom.webdav.sign-in-*"])

    assert [result.outcome for result in run.results] == [Outcome.VERIFIED] * 2


def test_a_mock_without_the_door_is_told_to_open_it(mock: Served):
    """The rule is not verifiable, and the reason names the option."""
    with closing(open_run(at_url(mock.url, CONTRACT), CONTRACT)) as run:
        prove(run, ["filescom.webdav.sign-in-id"])

    (result,) = run.results
    assert result.outcome is Outcome.NOT_VERIFIABLE
    start = "start it with --webdav, which takes pip install 'latchkey[protocols]'"
    assert result.reason == f"it needs webdav, which this mock does not serve; {start}"


def test_a_target_file_without_the_door_is_told_the_line(site: Served, tmp_path: Path):
    """So much that it can be pasted and read again."""
    file = described(site, tmp_path / "t.toml", "http://127.0.0.1:1")
    run = thrifty_run(read_target(str(file), CONTRACT), CONTRACT)
    with closing(run):
        prove(run, ["filescom.webdav.sign-in-id"])

    (result,) = run.results
    line = 'webdav = "https://HOST/"'
    assert result.outcome is Outcome.NOT_VERIFIABLE
    assert result.reason == f"it needs webdav; to say where it answers, write under [providers.filescom]: {line}"
    target = read_target(str(described(site, file, "http://127.0.0.1:1", webdav="https://HOST/")), CONTRACT)
    assert target.endpoints[PROVIDER].doors == {"webdav": "https://HOST/"}


def test_where_requests_are_dear_the_door_is_tried_within_the_budget(
    site: Served, serving: Callable[..., Served], tmp_path: Path
):
    """With keys from a file, and no control plane: most rules are verified, what they take is counted."""
    url = serving(Unattended(site.app)).url
    file = described(site, tmp_path / "t.toml", url, webdav=site.app.world.doors[PROVIDER]["webdav"])
    clock = site.app.world.clock
    target = read_target(str(file), CONTRACT)
    run = thrifty_run(target, CONTRACT, sleep=clock.advance, now=clock.now)
    with closing(run):
        prove(run, ["filescom.webdav.*"])

    found = Verdict.of(run.rules, run.results).results
    outcomes = {id.rpartition(".")[2]: result.outcome for id, result in found.items()}
    # Nothing may be waited for here.
    waiting = {outcomes.pop(name) for name in ("expired-key", "refused-alike")}
    assert waiting == {Outcome.NOT_VERIFIABLE}
    assert set(outcomes.values()) == {Outcome.VERIFIED}
    assert run.thrift[PROVIDER].budget.sent == run.client.total


def test_a_plan_asks_the_mock_and_never_the_door_of_the_target(site: Served, tmp_path: Path):
    """Doors that the target names are verifiable; the others are told with the line."""
    file = described(site, tmp_path / "t.toml", "http://127.0.0.1:1", webdav="http://127.0.0.1:1/")
    plan = make_plan(read_target(str(file), CONTRACT), CONTRACT, PROFILES[GATE], ["filescom.webdav.sign-in-id"])

    assert plan.results["filescom.webdav.sign-in-id"].outcome is Outcome.VERIFIED


def test_the_mock_of_a_run_opens_what_the_rules_need(monkeypatch: pytest.MonkeyPatch):
    """And only that, as far as its libraries are installed."""
    assert doors({"webdav", "sftp"}) == ["--webdav", "--sftp"]
    assert doors(set()) == []
    monkeypatch.setattr("contract_tests.own_mock.find_spec", lambda name: None if name == "asyncssh" else name)
    assert doors({"webdav", "sftp"}) == ["--webdav"]


def test_doctor_tries_each_door_once(site: Served, tmp_path: Path):
    """The full key signs in by its id; a door where nobody answers has to be put right."""
    good = described(site, tmp_path / "a.toml", site.url, webdav=site.app.world.doors[PROVIDER]["webdav"])
    bad = described(site, tmp_path / "b.toml", site.url, webdav="http://127.0.0.1:1/")
    told = CliRunner().invoke(main, ["doctor", str(good)])
    other = CliRunner().invoke(main, ["doctor", str(bad)])

    assert "✓ webdav @api-1 with the full key: http://127.0.0.1:" in told.output
    assert "✗ webdav nothing answers: " in other.output
    assert other.exit_code == 1
    assert site.key(PROVIDER) not in told.output + other.output


ANY_SET = """
overlay: 1.0.0
info: {title: Any permission set signs in, version: 1.0.0}
actions: [{target: "$['x-providers'].filescom.protocols.permission_sets", remove: true}]
"""


@pytest.mark.parametrize(
    ("protocol", "line"),
    [
        ("webdav", r"curl -i -X PROPFIND -H 'Depth: 0' -u \"@api-(\d+):\$KEY_\1\" {door}"),
        ("ftp", r"curl -u \"@api-(\d+):\$KEY_\1\" {door}/"),
        ("sftp", r"curl -k -u \"@api-(\d+):\$KEY_\1\" {door}/"),
    ],
)
def test_a_finding_of_a_door_shows_sign_ins_without_the_key_and_is_replayed(
    serving: Callable[..., Served], tmp_path: Path, protocol: str, line: str
):
    """As lines to be pasted; a replay tries the rule's own proof again, on the same target or another."""
    overlay = tmp_path / "edit.yaml"
    overlay.write_text(ANY_SET)
    broken = serving(create_app(PROVIDER, seed=3, overlays=[overlay], protocols={protocol: 0}))
    good = serving(create_app(PROVIDER, seed=3, protocols={protocol: 0}))
    rule, file = f"filescom.{protocol}.permission-set", tmp_path / "out" / "report.json"
    wanted = ["--provider", PROVIDER, "--rule", rule, "--level", "assumed", "--report", str(file.parent)]
    done = CliRunner().invoke(main, ["run", broken.url, *wanted])

    assert done.exit_code == 1
    (found,) = json.loads(file.read_text())["rules"]
    wanted_line = line.format(door=re.escape(broken.app.world.doors[PROVIDER][protocol]))
    assert [shown for shown in found["curl"] if re.fullmatch(wanted_line, shown)]
    written = done.output + "".join(item.read_text() for item in file.parent.iterdir())
    assert not [key for key in broken.app.world.ready_keys(PROVIDER) if key.key in written]
    assert "Basic QGFwaS" not in written

    there = CliRunner().invoke(main, ["replay", str(file), rule])
    elsewhere = CliRunner().invoke(main, ["replay", str(file), rule, good.url])
    assert (there.exit_code, there.output.split(":")[0]) == (1, "still differs")
    assert (elsewhere.exit_code, elsewhere.output.split(":")[0]) == (0, "no longer differs")


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ('ftp = "http://x"', "write where FTP answers, as ftp://HOST or ftp://HOST:PORT"),
        ('sftp = "sftp://user@x"', "write where SFTP answers, as sftp://HOST or sftp://HOST:PORT"),
        ('webdav = "dav://x"', "write where WebDAV answers, beginning with http:// or https://"),
    ],
)
def test_a_wrong_door_is_told_what_to_write(tmp_path: Path, field: str, told: str):
    """With its file and line, as any mistake; permits are as they were."""
    file = tmp_path / "t.toml"
    file.write_text(f"[providers.{PROVIDER}]\nbase_url = 'http://x'\n{field}\n")

    with pytest.raises(Exception, match=told) as error:
        read_target(str(file), load())
    assert str(error.value).startswith(f"{file}:3: providers.{PROVIDER}.{field.partition(' ')[0]}: ")
    assert Permit() == Permit(destroy=False)


def test_only_a_provider_with_doors_has_fields_for_them(tmp_path: Path):
    """Elsewhere they are unknown; the draft of `init` shows them where they are."""
    file = tmp_path / "t.toml"
    file.write_text("[providers.fileforge]\nbase_url = 'http://x'\nftp = 'ftp://x'\n")
    with pytest.raises(Exception, match="providers.fileforge.ftp: unknown"):
        read_target(str(file), load())

    made = tmp_path / "made.toml"
    CliRunner().invoke(main, ["init", str(made), "--base-url", "http://x"])
    text = made.read_text()
    assert text.count('# sftp = "sftp://HOST:22"') == 1
    assert text.index("# sftp = ") > text.index("[providers.filescom]")


def test_a_session_serves_proofs_until_it_ends():
    """Who was let in stays so until the connection is closed or nothing was asked for half a minute; a refusal stays one."""
    opened: list[SimpleNamespace] = []

    def sign_in(*, passed: bool = True) -> Any:
        opened.append(SimpleNamespace(signed_in=Heard(passed=passed, words=""), ended=False, close=lambda: None))
        return opened[-1]

    kept, refused = Kept(), Kept()
    assert [kept.at(now, sign_in) for now in (0, 30, 60)] == [opened[0]] * 3
    assert kept.at(91, sign_in) is opened[1]
    opened[1].ended = True
    assert kept.at(92, sign_in) is opened[2]
    assert [refused.at(now, lambda: sign_in(passed=False)) for now in (0, 99)] == [opened[3]] * 2


def test_each_rule_that_these_proofs_show_is_about_its_door():
    """Their patterns match rules of doors alone, and each says that it takes the door that its theme names."""
    rules = load_rules(CONTRACT)
    modules = ("test_sign_in::", "test_door_files::")
    shown = {id for id, proofs in proofs_by_rule(rules).items() if any(module in str(proofs) for module in modules)}

    assert {id: rules[id].protocols for id in shown} == {id: (id.split(".")[1],) for id in shown}
    assert shown == {id for id, rule in rules.items() if rule.protocols and id.split(".")[1] in rule.protocols}
