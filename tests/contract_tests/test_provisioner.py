"""A provisioner of the user's own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract_tests.outcome import NotVerifiable
from contract_tests.pace import Charge
from contract_tests.provision import Admin, Key, Provisioner, Static, own
from contract_tests.run import open_run, prove, thrifty_run
from contract_tests.target import StaticKey, Target, TargetError, read_target
from latchkey import load
from tests.conftest import Served

ROOT = Path(__file__).parent.parent.parent
CONTRACT = load().only("fileforge")
FORGE = CONTRACT.providers["fileforge"]
SMALL = '[providers.fileforge]\nbase_url = "http://x"\nkeys.full = "given"\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, from which modules are imported; forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]


def target(here: Path, provisioner: str, more: str = "") -> Target:
    file = here / "t.toml"
    file.write_text(f'provisioner = "{provisioner}"\n{more}\n{SMALL}')
    return read_target(str(file), CONTRACT)


def made(here: Path, code: str, more: str = "") -> Provisioner:
    """The provisioner that this code, a module, describes as `Mine`."""
    (here / "mine.py").write_text(code)
    described = target(here, "mine:Mine", more)
    return own(described, Static(described))


def test_the_example_of_the_docs_verifies_what_static_keys_cannot(here: Path, mock: Served):
    """Revoking and downgrading through the user's class: the rules are verified, and its accounts are gone afterwards."""
    page = (ROOT / "docs" / "provisioners.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (here / "staging_admin.py").write_text(code)
    (here / "t.toml").write_text(
        f'provisioner = "staging_admin:Staging"\nprovisioner_options = {{ url = "{mock.url}/_mock" }}\n'
        f'[providers.fileforge]\nbase_url = "{mock.url}"\n'
    )
    before = len(mock.app.world.accounts)
    run = open_run(read_target("t.toml", CONTRACT), CONTRACT)
    prove(run, ["fileforge.key.*", "fileforge.tier.*", "fileforge.auth.*"])
    run.close()

    assert run.target.control is None
    assert [str(result) for result in run.results if result.outcome.value not in {"verified", "not verifiable"}] == []
    verified = {result.rule for result in run.results if result.outcome.value == "verified"}
    assert {
        "fileforge.key.revoked-at-once",
        "fileforge.tier.upgrade-restores",
        "fileforge.auth.invalid-key",
    } <= verified
    assert len(mock.app.world.accounts) == before


def test_what_is_left_out_is_as_without_it(here: Path):
    """The file's keys, no administrator, no second address."""
    provisioner = made(here, "class Mine:\n    def open(self, provider, *, neighbour=False): return object()")
    admin = provisioner.open(FORGE)

    assert admin.key().raw == "given"
    with pytest.raises(NotVerifiable, match=r"let its admin have revoke\("):
        admin.revoke(admin.key())
    with pytest.raises(NotVerifiable, match="second client address"):
        provisioner.address()
    admin.close()


def test_an_unknown_situation_falls_back_to_the_file(here: Path):
    """NotVerifiable of `key` means the file's key; of a key with fields it stays, for no given key has them."""
    provisioner = made(
        here,
        "from contract_tests.provision import Admin, NotVerifiable\n"
        "class Boss(Admin):\n    def key(self, situation='full', **fields): raise NotVerifiable('I cannot')\n"
        "class Mine:\n    def open(self, provider, *, neighbour=False): return Boss()\n",
    )
    admin = provisioner.open(FORGE)

    assert admin.key().raw == "given"
    with pytest.raises(NotVerifiable, match="I cannot"):
        admin.key(name="new")
    with pytest.raises(NotVerifiable, match="revokes keys"):
        admin.revoke(Key(raw="k", situation="full"))


def test_options_reach_the_constructor(here: Path):
    """By keyword, secrets filled in."""
    code = "class Mine:\n    def __init__(self, url): self.url = url\n    def open(self, provider, *, neighbour=False): ...\n"

    assert made(here, code, 'provisioner_options = { url = "u" }').url == "u"


@pytest.mark.parametrize(
    ("advance", "sleeps"),
    [
        ("def advance(self, seconds): pass", []),
        ("def advance(self, seconds): raise NotVerifiable('broken today')", [7]),
        ("", [7]),
    ],
)
def test_a_clock_that_can_be_turned_is_turned_for_limits_too(here: Path, advance: str, sleeps: list[float]):
    """Where it cannot be, a window is waited for; either way what was taken of a limit is known to be back."""
    (here / "mine.py").write_text(
        "from contract_tests.provision import NotVerifiable\n"
        f"class Mine:\n    def open(self, provider, *, neighbour=False): ...\n    {advance}\n"
    )
    waits: list[float] = []
    with closing(
        thrifty_run(target(here, "mine:Mine"), CONTRACT, sleep=waits.append, now=lambda: 1000.0 + sum(waits))
    ) as run:
        pacer, limit = run.thrift["fileforge"].pacer, replace(FORGE.limits["requests"], window=5)
        pacer.take([Charge(limit=limit, partition="key")])
        assert pacer.left(limit, "key") == limit.quota - 1
        pacer.rest(7)

    assert waits == sleeps
    assert pacer.left(limit, "key") == limit.quota


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("nothing_here:Mine", "", "no module nothing_here; install it"),
        ("mine:Other", "", "the module mine has no Other"),
        ("mine:Mine", "1 / 0", "importing it: ZeroDivisionError"),
        ("mine:Mine", "class Mine: pass", "it needs open(provider, *, neighbour=False)"),
        ("mine:Mine", "class Mine:\n    def __init__(self, url): pass", "made with no options: TypeError: "),
        ("mine:Mine", "class Mine:\n    def open(self, provider): pass", "open(provider): got an unexpected keyword"),
        (
            "mine:Mine",
            "class Mine:\n    def open(self, provider, *, neighbour): pass\n    def now(self, x): pass",
            "now(x): ",
        ),
    ],
)
def test_what_does_not_fit_is_told(here: Path, name: str, code: str, says: str):
    """Before the first request, in a sentence that names the class."""
    (here / "mine.py").write_text(code)
    described = target(here, name)
    with pytest.raises(TargetError) as error:
        own(described, Static(described))

    assert str(error.value).startswith(f"provisioner {name}: ")
    assert says in str(error.value)


def test_the_template_shows_every_method():
    """What `init --provisioner` writes has all that the protocols have."""
    text = (ROOT / "contract_tests" / "templates" / "provisioner.py").read_text()
    wanted = {name for kind in (Admin, Provisioner) for name in vars(kind) if not name.startswith("_")}

    assert wanted == set(re.findall(r"def ([a-z]\w*)\(", text))


def test_several_keys_of_a_situation_are_one_account(here: Path):
    """The first is the one to call with."""
    file = here / "t.toml"
    file.write_text(SMALL.replace('"given"', '["a", "b"]'))
    described = read_target(str(file), CONTRACT)

    assert described.endpoints["fileforge"].keys["full"] == (StaticKey(key="a"), StaticKey(key="b"))
    assert Static(described).open(FORGE).key().raw == "a"


@pytest.mark.parametrize(("close", "removes"), [("", True), ("    def close(self): pass\n", False)])
def test_what_proofs_made_is_removed_unless_the_administrator_does(here: Path, mock: Served, close: str, removes: bool):
    """An administrator without `close` has lasting accounts: the suite removes what each proof made. One that has it is trusted."""
    (here / "mine.py").write_text(
        "from contract_tests.provision import Key\n"
        f"class Boss:\n    def key(self, situation='full', **fields): return Key(raw='{mock.key('fileforge')}', situation='full')\n{close}"
        "class Mine:\n    def open(self, provider, *, neighbour=False): return Boss()\n"
    )
    (here / "t.toml").write_text(f'provisioner = "mine:Mine"\n[providers.fileforge]\nbase_url = "{mock.url}"\n')

    def files() -> set[str]:
        return {id for account in mock.app.world.accounts.values() for id in account.rows.get("files", {})}

    before = files()
    run = open_run(read_target("t.toml", CONTRACT), CONTRACT)
    prove(run, ["fileforge.finalize.created", "fileforge.conversion.queued"])
    run.close()

    assert [result.outcome.value for result in run.results] == ["verified", "verified"]
    assert (files() == before, run.left()) == (removes, [])
