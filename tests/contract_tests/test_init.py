"""`contract-tests init`: what it writes can be read and run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

from contract_tests.cli import main
from contract_tests.commands import init as command
from contract_tests.target import read_target
from latchkey import load

CONTRACT = load()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str, **more: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments], **more)


def test_options_become_a_file_that_is_read(here: Path, monkeypatch: pytest.MonkeyPatch):
    """Names of variables stand in the file, their values only in the target."""
    monkeypatch.setenv("FORGE_KEY", "a-secret")
    done = init(
        *("t.toml", "--provider", "fileforge", "--base-url", "http://x"),
        *("--key", "full=FORGE_KEY", "--permit", "spend_window", "--permit", "wait_up_to=61"),
    )
    target = read_target("t.toml", CONTRACT)

    assert (done.exit_code, "export FORGE_KEY=…" in done.output) == (0, True)
    assert "a-secret" not in Path("t.toml").read_text()
    assert target.endpoints["fileforge"].keys["full"][0].key == "a-secret"
    assert (target.permit.spend_window, target.permit.wait_up_to, target.permit.destroy) == (True, 61, False)


def test_every_comment_is_a_line_that_could_be_used(here: Path, monkeypatch: pytest.MonkeyPatch):
    """Uncommented, each proposed field is known and of the right type."""
    init("t.toml", "--base-url", "http://x", "--base-url", "dezerx=http://y")
    lines = Path("t.toml").read_text().splitlines()
    opened = [re.sub(r"^# (\w+ = )", r"\1", line) for line in lines if "…" not in line]
    for name in re.findall(r"\$\{(\w+)\}", "\n".join(opened)):
        monkeypatch.setenv(name, "value")
    for file in ("ca.pem", "client.pem", "client-key.pem"):
        opened = [line for line in opened if f'"{file}"' not in line]
    Path("t.toml").write_text("\n".join(opened))
    target = read_target("t.toml", CONTRACT)

    assert set(target.endpoints) == set(CONTRACT.providers)
    assert target.endpoints["dezerx"].base_url == "http://y"
    assert target.provisioner == "my_package.staging:Staging"
    for name, provider in CONTRACT.providers.items():
        assert set(target.endpoints[name].keys) == {*provider.situations, "neighbour"}


def test_questions_are_asked_at_a_terminal(here: Path, monkeypatch: pytest.MonkeyPatch):
    """Answers become the file; nothing is asked of a provider that does not answer here."""
    monkeypatch.setattr(command, "_at_terminal", lambda: True)
    answers = ["" if name != "fileforge" else "http://x\nFORGE_KEY" + "\n" * len(provider.situations)
               for name, provider in CONTRACT.providers.items()]  # fmt: skip
    done = init(
        "t.toml",
        input="\n".join(
            [*(answer.rstrip("\n") if not answer else answer[:-1] for answer in answers), "y", "", "n", ""]
        ),
    )

    assert done.exit_code == 0, done.output
    text = Path("t.toml").read_text()
    assert 'full = "${FORGE_KEY}"' in text
    assert "\nspend_window = true" in text
    assert "\nwait_up_to = 61" in text


def test_a_file_is_written_over_only_by_force(here: Path):
    """A target file may be all that knows how a staging is reached."""
    Path("t.toml").write_text("precious")

    assert init("t.toml", "--base-url", "http://x").exit_code == 2
    assert init("--provisioner", "t.toml").exit_code == 2
    assert Path("t.toml").read_text() == "precious"
    assert init("t.toml", "--base-url", "http://x", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "say where it answers: --base-url URL"),
        (["--provider", "fileforge"], "say where it answers"),
        (["--base-url", "x.example"], "base_url: write where it answers, beginning with http://"),
        (["--base-url", "http://x", "--provider", "nobody"], "providers.nobody: unknown"),
        (["--base-url", "fileforge=http://x", "--key", "revokd=A"], "unknown; did you mean revoked?"),
        (["--base-url", "http://x", "--key", "full"], "say [PROVIDER.]SITUATION=VARIABLE"),
        (["--base-url", "http://x", "--key", "full=not-a-name"], "the name of a variable"),
        (["--base-url", "fileforge=http://x", "--key", "dezerx.full=A"], "dezerx: no base URL is given"),
        (["--base-url", "http://x", "--permit", "spend"], "permit.spend: unknown; did you mean spend_window?"),
        (["--base-url", "http://x", "--permit", "wait_up_to=long"], "neither a number nor true or false"),
    ],
)
def test_wrong_options_are_told(here: Path, arguments: list[str], says: str):
    """Exit code 2, no file."""
    done = init("t.toml", *arguments)

    assert (done.exit_code, Path("t.toml").exists()) == (2, False)
    assert says in done.output


def test_the_schema_is_one_and_fits_the_files(here: Path):
    """It is a JSON Schema that accepts what init writes and refuses what is wrong."""
    schema = json.loads(init("--schema").output)
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.Draft202012Validator(schema)

    assert validator.is_valid(
        {"providers": {"fileforge": {"base_url": "http://x", "keys": {"full": ["a", {"key": "b"}]}}}}
    )
    assert not validator.is_valid({"providers": {"fileforge": {"base_url": "http://x", "keys": {"ful": "a"}}}})


def test_the_template_is_a_provisioner(here: Path):
    """What --provisioner writes can be named at once: it provides nothing, and says so."""
    done = init("--provisioner", "ours_to_fill.py")
    Path("t.toml").write_text('provisioner = "ours_to_fill:Staging"\n[providers.fileforge]\nbase_url = "http://x"\n')

    assert 'provisioner = "ours_to_fill:Staging"' in done.output
    from contract_tests.provision import NotVerifiable, Static, own

    target = read_target("t.toml", CONTRACT)
    admin = own(target, Static(target)).open(CONTRACT.providers["fileforge"])
    with pytest.raises(NotVerifiable, match="can be revoked"):
        admin.revoke(admin)  # type: ignore[arg-type]
