"""The sweeps: what is sent, that it repeats, and that none of the generators' traps makes them blind or unjust."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.internal import charmap
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Outcome, Result
from contract_tests.provision import Control
from contract_tests.repeatable import repeatable
from contract_tests.run import Run, check_reachable, open_run, prove
from contract_tests.sweep.samples import Samples
from contract_tests.sweep.sweeper import Sweep, show, sweep
from contract_tests.target import Permit, at_url
from latchkey import Contract, load
from latchkey.records import Operation
from mockserver import Mock, create_app
from tests.conftest import serve

tried = charmap.intervals_from_codec
PROVIDERS = tuple(load().providers)
#: Operations that no generated request gets through to: what they take is made by others, or has to have happened before.
OUT_OF_REACH = {
    "fileflare.attach_to_order", "fileflare.detach_from_order", "fileflare.attach_to_products",
    "fileflare.detach_from_products", "fileflare.cancel_upload",
    "fileforge.create_bulk_conversion", "fileforge.get_conversion_output", "fileforge.download",
    "filescom.list_own_api_keys", "filescom.create_own_api_key", "filescom.delete_session",
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A request of the data plane as the mock got it."""

    method: str
    path: str
    query: str
    headers: dict[str, list[str]]
    body: bytes
    known: bool
    operation: Operation | None
    status: int = 0

    @property
    def line(self) -> tuple[str, str, str, bytes]:
        return self.method, self.path, self.query, self.body


@dataclass
class Recording:
    """A mock whose requests are written down; the control plane's are not. `known`: its credentials are all of this world."""

    mock: Mock
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_mock"):
            await self.mock(scope, receive, send)
            return
        came, headers = [await receive()], defaultdict(list)
        while came[-1].get("more_body"):
            came.append(await receive())
        for name, value in scope["headers"]:
            headers[name.decode().lower()].append(value.decode("latin-1"))
        body = b"".join(message.get("body", b"") for message in came)
        status = 0

        async def replay() -> Message:
            return came.pop(0)

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        known = self._known(scope["path"], headers)
        await self.mock(scope, replay, note)
        self.seen.append(Seen(scope["method"], path, query, dict(headers), body, known, self._operation(scope), status))

    def _known(self, path: str, headers: dict[str, list[str]]) -> bool:
        world = self.mock.world
        provider = next(
            (item for item in world.contract.providers.values() if path.startswith(tuple(item.prefixes))), None
        )
        if provider is None:
            return True
        sent = [
            (item.kind, value.removeprefix(f"{item.scheme} "))
            for item in provider.credentials
            for value in headers.get(item.header.lower(), ())
        ]
        found = (world.keys.find(provider.name, kind, raw, provider.keys.stored) for kind, raw in sent)
        return len(sent) <= 1 and all(found)

    def _operation(self, scope: Scope) -> Operation | None:
        exchange = scope.get("latchkey.exchange")
        return exchange.operation if exchange else None


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


@contextmanager
def running(app: Any, contract: Contract, *, seed: int = 0) -> Iterator[Run]:
    """A run on this application, served for so long."""
    with serve(app) as served:
        run = open_run(at_url(served.url, contract), contract, seed=seed)
        check_reachable(run)
        yield run
        run.client.close()
        if isinstance(run.provisioner, Control):
            run.provisioner.close()


@pytest.fixture(scope="module")
def swept(contract: Contract) -> dict[str, tuple[Sweep, list[Seen]]]:
    """What a small sweep of each provider found on the correct mock, and what it sent."""
    found = {}
    app = Recording(create_app(seed=1))
    with running(app, contract) as run:
        for provider in PROVIDERS:
            app.seen.clear()
            lab = run.lab(provider)
            result = sweep(lab, covering=5, random=2, seeded=0)
            found[provider] = (result, list(app.seen))
            lab.close()
    return found


each_provider = pytest.mark.parametrize("provider", PROVIDERS)
Swept = dict[str, tuple[Sweep, list[Seen]]]


@each_provider
def test_the_correct_mock_is_found_correct(swept: Swept, provider: str):
    """Nothing of any kind is found, and it was not because nothing was tried."""
    result, seen = swept[provider]

    assert result.failures == {}
    assert not result.idle
    assert len(seen) > 20


@each_provider
def test_every_operation_is_sent_to(swept: Swept, contract: Contract, provider: str):
    """Each is tried with requests that fit and ones that do not, and all but a few named ones let some through."""
    _, seen = swept[provider]
    tried = {item.operation.id for item in seen if item.operation}
    through = {item.operation.id for item in seen if item.operation and item.status < 400}
    all_of_them = {operation.id for operation in contract.of(provider)}

    assert tried == all_of_them
    assert all_of_them - through == {id for id in OUT_OF_REACH if id.startswith(provider)}


@each_provider
def test_credentials_are_ours_alone(swept: Swept, provider: str):
    """A secured operation gets one credential, which the target issued; any other gets none. Nothing is made up beside it."""
    _, seen = swept[provider]
    headers = {item.header.lower() for item in load().providers[provider].credentials}

    for item in seen:
        sent = headers & item.headers.keys()
        assert item.known, item
        # A number that is none leads to no operation at all.
        assert item.operation is None or len(sent) == item.operation.credentials, item


@each_provider
def test_no_request_tells_the_generator(swept: Swept, provider: str):
    """Neither the random id of a test case nor the transport's own headers go along."""
    _, seen = swept[provider]
    names = {name for item in seen for name in item.headers}

    assert not {name for name in names if "schemathesis" in name} | {"user-agent"} & names


@each_provider
def test_no_other_methods_are_tried(swept: Swept, provider: str):
    """TRACE, QUERY and whatever else a path does not have are another rule's, and no operation's."""
    _, seen = swept[provider]

    assert all(item.method == item.operation.method for item in seen if item.operation)
    assert all(item.status != 405 for item in seen)


def test_each_valid_download_has_a_token_of_its_own(swept: Swept):
    """One-time tokens are not burnt by an earlier example: every sample that fits is answered with the file."""
    _, seen = swept["dezerx"]
    downloads = [item for item in seen if item.operation and item.operation.token]
    made = Counter(item.path for item in downloads if item.status == 200)

    assert len(made) >= 4
    assert set(made.values()) == {1}
    assert sum(item.status != 200 for item in downloads) < len(made)


def test_what_is_created_has_a_new_name_each_time(swept: Swept):
    """A folder is never refused for being there, so that what is wrong with a request is what it is refused for."""
    _, seen = swept["filescom"]
    created = [item for item in seen if item.operation and item.operation.id == "filescom.create_folder"]
    paths = [item.path for item in created]

    assert sum(item.status == 201 for item in created) >= 3
    assert len(set(paths)) == len(paths)


@each_provider
def test_nothing_is_sent_twice(contract: Contract, provider: str):
    """An operation without input is tried once or twice, not as often as all others."""
    samples = Samples(contract.only(provider), covering=8, random=5, seeded=0)
    for operation in contract.of(provider):
        sent = [(item.method, item.url, tuple(item.headers.items()), item.content) for item in samples.of(operation)]
        assert len(set(sent)) == len(sent)
        if not operation.parameters and operation.body is None and not operation.raw:
            assert len(sent) <= 2


def test_links_are_followed_to_their_end(swept: Swept):
    """An upload is presigned, sent, finalized, converted, looked at and deleted, each with what the step before answered."""
    _, seen = swept["fileforge"]
    passed = [item.operation.id.split(".")[1] for item in seen if item.operation and item.status < 400]
    chain = ["presign_upload", "upload", "finalize_file", "create_conversion", "get_conversion", "delete_file"]

    assert any(passed[at : at + len(chain)] == chain for at in range(len(passed)))


@pytest.mark.parametrize("provider", ["fileflare", "filescom"])
def test_state_that_stays_is_no_finding(contract: Contract, provider: str):
    """A second sweep of the same world, which the first has changed, finds nothing either."""
    with running(create_app(provider, seed=1), contract.only(provider)) as run:
        lab = run.lab(provider)
        results = [sweep(lab, covering=3, random=1, seeded=seed) for seed in (0, 1)]
        lab.close()

    assert [result.failures for result in results] == [{}, {}]


# Nothing was tested.


class Refusing:
    """A mock that takes no key: every credential is changed on its way in."""

    def __init__(self, app: Mock) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_mock"):
            headers = [(name, value + b"x" if name in {b"authorization", b"x-filesapi-key"} else value)
                       for name, value in scope["headers"]]  # fmt: skip
            scope = {**scope, "headers": headers}
        await self.app(scope, receive, send)


class Exhausted:
    """A mock whose every answer is 429."""

    def __init__(self, app: Mock) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_mock"):
            body = {"message": "Too Many Attempts.", "error": {"code": "rate_limited", "message": "no"}}
            await JSONResponse(body, 429, {"Retry-After": "1"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def proved(run: Run, *patterns: str) -> dict[str, Result]:
    run.profile = replace(run.profile, sweep=3)
    prove(run, patterns)
    return {result.rule: result for result in run.results}


@pytest.mark.parametrize(("broken", "told"), [(Refusing, "401 "), (Exhausted, "429 ")])
@pytest.mark.parametrize("provider", ["fileforge", "fileflare"])
def test_a_sweep_that_was_refused_has_tested_nothing(
    contract: Contract, broken: Callable[[Mock], Any], told: str, provider: str
):
    """Where most answers are 401 or 429 no rule of the sweep is verified, and the reason counts the answers."""
    with running(broken(create_app(provider, seed=1)), contract.only(provider)) as run:
        results = proved(run, f"{provider}.sweep.no-server-error", f"{provider}.sweep.no-key-echoed")

    assert {result.outcome for result in results.values()} == {Outcome.NOT_VERIFIABLE}
    for result in results.values():
        assert "refused most of the time" in (result.reason or "")
        assert told in (result.reason or "")


def test_a_sweep_that_sent_nothing_has_tested_nothing(contract: Contract):
    """No answer at all is no proof."""
    with running(create_app("dezerx", seed=1), contract.only("dezerx")) as run, pytest.raises(NotVerifiable):
        show(run.client, Sweep(), "no-server-error")


@pytest.mark.parametrize("provider", ["fileforge", "dezerx"])
def test_a_429_is_waited_out(contract: Contract, provider: str, monkeypatch: pytest.MonkeyPatch):
    """With a key that has a limit, the sweep lets time pass instead of taking 429 for an answer to its request."""
    monkeypatch.setattr(Lab, "unlimited_key", Lab.key)
    monkeypatch.setattr(Lab, "move", lambda self: None)
    app = create_app(provider, seed=1)
    began = app.world.clock.now()
    with running(app, contract.only(provider)) as run:
        lab = run.lab(provider)
        result = sweep(lab, covering=15, random=3, seeded=0)
        lab.close()

    assert result.statuses[429] == 0
    assert app.world.clock.now() > began
    assert result.failures == {}


def test_a_key_that_ended_is_replaced(contract: Contract):
    """An operation that ends the key it is called with does not make the rest of the sweep blind."""
    app = Recording(create_app("filescom", seed=1))
    with running(app, contract.only("filescom")) as run:
        lab = run.lab("filescom")
        result = sweep(lab, covering=4, random=2, seeded=0)
        lab.close()
    ended = [
        at
        for at, item in enumerate(app.seen)
        if item.operation and item.operation.id.endswith("delete_current_api_key")
    ]

    assert ended
    assert {item.status for item in app.seen[ended[0] :] if item.operation} & {200, 204}
    assert not result.idle


def test_data_that_may_not_be_destroyed_is_only_read(contract: Contract):
    """Without the permission only operations that read are tried, also by links."""
    app = Recording(create_app("fileflare", seed=1))
    with running(app, contract.only("fileflare")) as run:
        run.target = replace(run.target, permit=Permit(spend_window=True, wait_up_to=600))
        lab = run.lab("fileflare")
        result = sweep(lab, covering=4, random=2, seeded=0)
        lab.close()

    assert {item.method for item in app.seen} <= {"GET", "HEAD"}
    assert not result.idle


# What a finding says.


class Failing:
    """A mock that fails at one path."""

    def __init__(self, app: Mock, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self.path) and scope["method"] == "POST":
            await JSONResponse({"error": "Traceback"}, 500)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def test_a_finding_shows_its_own_request(contract: Contract):
    """Of a hundred requests the report prints the one that the violation is about, without the key."""
    with running(Failing(create_app("fileforge", seed=1), "/v1/conversions"), contract.only("fileforge")) as run:
        results = proved(run, "fileforge.sweep.no-server-error", "fileforge.sweep.error-envelope")

    for result in results.values():
        assert result.outcome in {Outcome.VIOLATED, Outcome.WARNED}
        assert len(result.curl) == 1
        assert result.curl[0].startswith("curl -i -X POST ")
        assert "/v1/conversions" in result.curl[0]
        assert "$FILEFORGE_FULL_KEY" in result.curl[0]
        assert not re.search(r"ff_live_[a-z2-7]{32}", str(result))


def test_keys_that_answers_hand_out_are_hidden(contract: Contract):
    """A key that an operation made is printed as a variable from then on."""
    app = Recording(create_app("filescom", seed=1))
    with running(app, contract.only("filescom")) as run:
        lab = run.lab("filescom")
        answer = lab.call("create_api_key", key=lab.key(), json={"name": "a"})
        sweep(lab, covering=2, random=1, seeded=0)
        lab.close()
        made = [key for key in run.client.redaction.secrets.values() if key == "HANDED_OUT_KEY"]

    assert answer.status == 201
    assert made


def test_a_sweep_begins_when_its_samples_are_there(contract: Contract):
    """Until then nothing is sent, nor made up a second time."""

    def not_yet(provider: str) -> None:
        raise TimeoutError(provider)

    app = Recording(create_app("dezerx", seed=1))
    with running(app, contract.only("dezerx")) as run:
        run.made_up, lab = not_yet, run.lab("dezerx")
        app.seen.clear()
        with pytest.raises(TimeoutError, match="dezerx"):
            run.sweep(lab)
        lab.close()

    assert app.seen == []


# Repeatable.


def digest(contract: Contract, *, seeded: int = 0) -> list[Any]:
    samples = Samples(contract, covering=4, random=6, seeded=seeded)
    return [sample for operation in contract.operations.values() for sample in samples.of(operation)]


def test_another_seed_makes_other_requests(contract: Contract):
    """What is random follows the seed; examples and bounds stay."""
    one, other = digest(contract.only("fileforge"), seeded=1), digest(contract.only("fileforge"), seeded=2)

    assert one != other
    assert one[:4] == other[:4]


def test_profiles_change_nothing(contract: Contract):
    """A profile that a test suite around us has loaded shines through nowhere."""
    expected = digest(contract.only("fileforge"))
    settings.register_profile("around us", max_examples=1, derandomize=True)
    settings.load_profile("around us")
    try:
        assert digest(contract.only("fileforge")) == expected
    finally:
        settings.load_profile("default")


def test_code_around_us_changes_nothing(contract: Contract, tmp_path: Path):
    """The constants of modules that happen to be imported are drawn nowhere."""
    contract = contract.only("fileflare")
    expected = digest(contract)
    file = tmp_path / "around_us.py"
    file.write_text(f"NUMBERS = {list(range(1000, 1300))}\nTEXTS = {[f'constant {number}' for number in range(300)]}\n")
    spec = importlib.util.spec_from_file_location("around_us", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["around_us"] = module
    spec.loader.exec_module(module)
    try:
        again = digest(contract)
    finally:
        del sys.modules["around_us"]

    assert again == expected
    assert "constant 1" not in str(again)


def test_what_utf_8_can_write_is_known():
    """It is what hypothesis finds out by trying: it need not try."""
    with repeatable():
        known = charmap.intervals_from_codec("utf-8")
        assert charmap.intervals_from_codec("ascii") == tried("ascii")

    assert charmap.intervals_from_codec is tried
    assert known == tried("utf-8")


PROBE = """
import hashlib, sys
from contract_tests.sweep.samples import Samples
from latchkey import load
contract = load()
samples = Samples(contract, covering=3, random=2, seeded=0)
text = repr([samples.of(operation) for operation in contract.operations.values()])
print(hashlib.sha256(text.encode()).hexdigest())
"""
HOSTILE = """
base-url = "http://127.0.0.1:1"
headers = {Authorization = "Bearer hostile"}
[generation]
mode = "negative"
max-examples = 1
[phases.coverage]
enabled = false
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Working directories: an empty one, one whose settings would change everything, one whose settings are broken."""
    plain, hostile, broken = (tmp_path / name for name in ("plain", "hostile", "broken"))
    for folder in (plain, hostile, broken):
        folder.mkdir()
    (hostile / "schemathesis.toml").write_text(HOSTILE)
    (hostile / "pytest.ini").write_text("[pytest]\naddopts = --hypothesis-profile=nothing -k nothing\n")
    (broken / "schemathesis.toml").write_text("[[[")
    return [plain, hostile, broken]


def python(folder: Path, *arguments: str, **environment: str) -> str:
    """What a Python in this folder prints, run with the project of this checkout."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_made_up_depends_on_nothing_around_it(folders: list[Path]):
    """For all providers the same under any hash seed, in CI, and from folders with settings; nothing is left in them."""
    plain, hostile, broken = folders
    digests = {
        python(plain, "-c", PROBE, PYTHONHASHSEED="1", CI=""),
        python(hostile, "-c", PROBE, PYTHONHASHSEED="2", CI="true"),
        python(broken, "-c", PROBE, PYTHONHASHSEED="3", HYPOTHESIS_STORAGE_DIRECTORY="x"),
    }

    assert len(digests) == 1
    assert [sorted(item.name for item in folder.iterdir()) for folder in folders] == [
        [],
        ["pytest.ini", "schemathesis.toml"],
        ["schemathesis.toml"],
    ]


def recorded(
    folder: Path, providers: Sequence[str], *arguments: str, **environment: str
) -> tuple[list[Any], list[Any]]:
    """What one run of the command on a fresh mock of these providers sent, in order, and what it reported."""
    app, report = Recording(create_app(*providers, seed=5)), folder.parent / "report.json"
    chosen = [word for provider in providers for word in ("--provider", provider)]
    with serve(app) as served:
        command = ["-m", "contract_tests", "run", served.url, "--json", str(report), *chosen]
        python(folder, *command, *arguments, **environment)
    told = json.loads(report.read_text())["rules"]
    return [item.line for item in app.seen], [(item["id"], item["outcome"], item["requests"]) for item in told]


def test_one_seed_sends_the_same_in_the_same_order(folders: list[Path]):
    """On a laptop and in CI, from any folder: the same requests in the same order, and the same report."""
    plain, hostile, broken = folders
    both, sweeps = ["fileforge", "dezerx"], ["--rule", "*.sweep.*"]
    runs = [
        recorded(plain, both, "--seed", "3", *sweeps, PYTHONHASHSEED="1", CI=""),
        recorded(hostile, both, "--seed", "3", *sweeps, PYTHONHASHSEED="2", CI="true"),
        recorded(broken, both, "--seed", "3", *sweeps, PYTHONHASHSEED="3", CI="true"),
    ]
    other, _ = recorded(plain, both, "--seed", "4", *sweeps)

    assert len(runs[0][0]) > 200
    assert runs[0] == runs[1] == runs[2]
    assert other != runs[0][0]


def test_a_whole_run_sends_the_same_too(folders: list[Path]):
    """Races come last and send as many requests each time, in an order of their own; before them nothing differs."""
    runs = [
        recorded(folder, ["fileforge"], PYTHONHASHSEED=hash_seed)
        for folder, hash_seed in zip(folders, ("1", "2"), strict=False)
    ]
    (sent, told), (sent_again, told_again) = runs
    races = sum(requests for id, _, requests in told if ".race." in id)

    assert told == told_again
    assert sent[: len(sent) - races] == sent_again[: len(sent) - races]
    assert len(sent) == len(sent_again)
