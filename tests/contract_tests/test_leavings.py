"""What a run makes on a target: named with the prefix, removed at the end, and kept in a file until it is."""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from contract_tests.cli import main
from contract_tests.leavings import Event, Leavings, Left, Tally
from contract_tests.logbook import FOLDER, Logbook, found
from contract_tests.outcome import NotVerifiable, Outcome
from contract_tests.run import prove
from contract_tests.target import Permit
from contract_tests.thrift import Budget
from latchkey import load
from mockserver import Mock, create_app
from tests.conftest import Served, serve
from tests.staging import Unattended, directed, standing

FLARE, FORGE = "fileflare.assets.one", "fileforge.finalize.created"


def inventory(mock: Mock) -> set[tuple[str, str, str]]:
    """Everything in the mock that an operation removes: rows by account and table, and keys that still open something."""
    rows = {
        (account.id, table, str(id))
        for account in mock.world.accounts.values()
        for table in ("assets", "files", "entries", "users", "orders", "products")
        for id in account.rows.get(table, {})
    }
    keys = {(key.account, "keys", str(key.id)) for id in mock.world.accounts for key in mock.world.keys.of(id)}
    dead = {
        (key.account, "keys", str(key.id))
        for id in mock.world.accounts
        for key in mock.world.keys.of(id)
        if key.revoked_at
    }
    return rows | (keys - dead)


# A whole run.


@dataclass
class Noted:
    """In the place of a file: the events, as they happen."""

    events: list[Event] = field(default_factory=list)

    def keep(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None: ...


def test_everything_has_the_prefix_and_is_removed():
    """Of what all directed proofs make on staging every thing is named so, and none is there afterwards; nothing else is gone."""
    with standing(Permit(spend_window=True, wait_up_to=61)) as stand:
        book, run = Noted(), stand.run
        run.target = replace(run.target, prefix="night-shift.")
        for thrift in run.thrift.values():
            assert thrift.leavings
            thrift.leavings = run.watch(next(name for name, it in run.thrift.items() if it is thrift), thrift.budget)
        run.logbook = book  # type: ignore[assignment]
        before = inventory(stand.mock)
        prove(run, directed(run))
        after = inventory(stand.mock)

    made = [event.left for event in book.events if event.kind == "made" and event.left]
    assert len(made) > 50
    assert {left.by for left in made} >= {"fileflare.store_asset", "fileforge.finalize_file", "filescom.create_folder"}
    assert [left for left in made if not (left.name or "").startswith("night-shift.")] == []
    assert (after - before, before - after) == (set(), set())
    assert run.left() == []


def test_what_a_failing_proof_made_is_removed():
    """A mock that shows no asset breaks proofs halfway; what they made goes all the same."""
    with standing(
        Permit(), situations={"full"}, way=lambda app: Answering(app, "GET", "/api/v1/assets/", 404)
    ) as stand:
        before = inventory(stand.mock)
        prove(stand.run, ["fileflare.assets.*", "fileflare.update.*"])
        outcomes = {result.outcome for result in stand.run.results}

        assert Outcome.VIOLATED in outcomes
        assert inventory(stand.mock) == before


# The command, on files.


class Answering:
    """Answers so instead of the application, as long as it is `on`. `asked` counts how often."""

    def __init__(self, app: ASGIApp, method: str, path: str, status: int) -> None:
        self._app, self._method, self._path, self._status = app, method, path, status
        self.on, self.asked = True, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mine = scope["type"] == "http" and scope["method"] == self._method and scope["path"].startswith(self._path)
        self.asked += mine
        answer = PlainTextResponse("no", self._status)
        await (answer if mine and self.on else self._app)(scope, receive, send)


@dataclass(frozen=True)
class Place:
    """A staging server, its target file, and the mock behind it."""

    mock: Served
    file: Path

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(main, [words[0], str(self.file), *words[1:]])

    @property
    def books(self) -> list[Path]:
        return sorted((self.file.parent / FOLDER).glob("*.jsonl"))


@pytest.fixture
def place(tmp_path: Path, serving: Callable[[Any], Served]) -> Callable[..., Place]:
    """Staging through a way, with full keys of two providers."""
    mock = create_app(seed=1)

    def described(way: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> Place:
        served = Served(serving(way(Unattended(mock))).url, mock)
        file = tmp_path / "staging.toml"
        lines = ['prefix = "mine-"']
        for provider in ("fileflare", "fileforge"):
            lines += [f"[providers.{provider}]", f'base_url = "{served.url}"', f'keys.full = "{served.key(provider)}"']
        file.write_text("\n".join(lines))
        return Place(served, file)

    return described


def test_nothing_is_kept_of_a_run_that_leaves_nothing(place: Callable[..., Place]):
    """No file stays, and clean has nothing to do."""
    here = place()
    done = here("run", "--rule", FLARE, "--rule", FORGE)

    assert done.exit_code == 0, done.output
    assert here.books == []
    assert (here("clean").exit_code, here("clean").output) == (0, "Nothing is left.\n")


def test_what_cannot_be_removed_is_told_and_cleaned_later(place: Callable[..., Place]):
    """The run says what is left and how to remove it; clean says why it cannot, and removes it once the target lets it."""
    ways: list[Answering] = []

    def stubborn(app: ASGIApp) -> ASGIApp:
        ways.append(Answering(app, "DELETE", "/api/v1/assets/", 500))
        return ways[0]

    here = place(stubborn)
    before = inventory(here.mock.app)
    ran = here("run", "--rule", FLARE, "--rule", FORGE)
    left = inventory(here.mock.app) - before

    assert ran.exit_code == 0, ran.output
    assert "is left: /api/v1/assets/" in ran.output
    assert f"1 thing left; contract-tests clean {here.file}" in ran.output
    assert [table for _, table, _ in left] == ["assets"]
    again = here("run", "--rule", FORGE)
    assert f"Earlier runs left 1 thing; contract-tests clean {here.file} removes them." in again.output

    asked = ways[0].asked
    dry = here("clean", "--dry-run")
    assert (dry.exit_code, dry.output.splitlines()[-1], ways[0].asked) == (1, "0 removed, 1 left.", asked)
    failed = here("clean")
    assert (failed.exit_code, failed.output.splitlines()[-1]) == (1, "0 removed, 1 left.")
    assert "answered 500 no" in failed.output
    ways[0].on = False
    cleaned = here("clean")
    assert (cleaned.exit_code, cleaned.output.splitlines()[-1]) == (0, "1 removed, 0 left.")
    assert "removed: /api/v1/assets/" in cleaned.output
    assert (inventory(here.mock.app), here.books) == (before, [])


def test_what_a_replay_makes_is_removed(place: Callable[..., Place], tmp_path: Path):
    """The requests of a finding make what they made; afterwards it is gone again."""
    here = place(lambda app: Answering(app, "GET", "/api/v1/assets/", 404))
    ran = here("run", "--rule", FLARE, "--json", str(tmp_path / "r.json"))
    before = inventory(here.mock.app)
    done = CliRunner().invoke(main, ["replay", str(tmp_path / "r.json"), FLARE, str(here.file)])

    assert (ran.exit_code, done.exit_code) == (1, 1), done.output
    assert done.output.startswith(f"still differs: GET {here.mock.url}/api/v1/assets/")
    assert "is left" not in done.output
    assert (inventory(here.mock.app), here.books) == (before, [])


def test_what_was_removed_by_hand_can_be_forgotten(place: Callable[..., Place]):
    """--forget strikes off what clean cannot remove, after one more try; it does not go with --dry-run."""
    here = place(lambda app: Answering(app, "DELETE", "/", 403))
    here("run", "--rule", FLARE)

    assert here("clean", "--dry-run", "--forget").exit_code == 2
    assert here("clean").exit_code == 1
    forgotten = here("clean", "--forget")
    assert (forgotten.exit_code, here.books) == (0, [])
    assert "is left: " in forgotten.output


def test_a_state_folder_of_ones_own(place: Callable[..., Place], tmp_path: Path):
    """--state names it for run and clean alike; one that cannot be made is exit code 2."""
    here, state = place(lambda app: Answering(app, "DELETE", "/", 403)), tmp_path / "state"
    here("run", "--rule", FLARE, "--state", str(state))

    assert (here.books, len(list(state.glob("staging.*.jsonl")))) == ([], 1)
    assert here("clean").exit_code == 0
    assert here("clean", "--state", str(state)).exit_code == 1
    wrong = here("run", "--rule", FLARE, "--state", str(here.file / "below"))
    assert (wrong.exit_code, "--state DIR" in wrong.output) == (2, True)


def test_no_secret_is_kept(place: Callable[..., Place]):
    """Neither a key nor a signed URL stands in the file; paths and operations do."""
    here = place(lambda app: Answering(app, "DELETE", "/", 403))
    here("run", "--rule", FLARE, "--rule", "fileflare.upload.*", "--rule", FORGE)
    text = "".join(book.read_text() for book in here.books)

    assert '"undo": "fileflare.delete_asset"' in text
    assert "mine-" in text
    for provider in ("fileflare", "fileforge"):
        assert here.mock.key(provider) not in text
    assert "ignature" not in text


def test_a_file_that_is_none_of_ours_is_refused(place: Callable[..., Place]):
    """With its line; a last line that was cut off is none."""
    here = place(lambda app: Answering(app, "DELETE", "/", 403))
    here("run", "--rule", FLARE)
    (book,) = here.books
    book.write_text(book.read_text() + '{"provider": "filefl')
    assert "0 removed, 1 left." in here("clean", "--dry-run").output
    book.write_text('{"what": "ever"}\n')
    done = here("clean")

    assert (done.exit_code, f"{book}:1: is no line of ours" in done.output) == (2, True)


def test_a_run_that_goes_on_is_left_alone(place: Callable[..., Place]):
    """Its file is locked: clean says so and removes nothing."""
    here = place()
    (here.file.parent / FOLDER).mkdir()
    book = Logbook.open(here.file.parent / FOLDER, "staging")
    book.keep(Event(provider="fileflare", kind="made", left=thing("/api/v1/assets/1")))
    done = here("clean")

    assert (done.exit_code, done.output.startswith("a run goes on")) == (0, True)
    assert book.file.exists()
    assert [other for _, other in found(book.file.parent, "staging")] == [None]
    book.close()


def test_a_target_that_lost_a_provider(place: Callable[..., Place]):
    """What was made there is told, not removed."""
    here = place(lambda app: Answering(app, "DELETE", "/", 403))
    here("run", "--rule", FLARE)
    here.file.write_text(here.file.read_text().replace("[providers.fileflare]", "[providers.dezerx]"))
    done = here("clean")

    assert (done.exit_code, "the target file has no providers.fileflare" in done.output) == (1, True)


def test_a_killed_run_loses_nothing(tmp_path: Path):
    """After SIGKILL, amid a request, clean finds what was made and what may have been; it touches nothing else."""
    mock = create_app(seed=1)
    made, reached, go = itertools.count(1), threading.Event(), threading.Event()
    inner = Unattended(mock)

    async def held(scope: Scope, receive: Receive, send: Send) -> None:
        async def holding(message: Any) -> None:
            if message["type"] == "http.response.start" and stores and next(made) == 3:
                reached.set()
                while not go.is_set():
                    await asyncio.sleep(0.01)
            await send(message)

        stores = scope["type"] == "http" and scope["path"] == "/api/v1/assets/store"
        await inner(scope, receive, holding)

    with serve(held) as served:
        file = tmp_path / "staging.toml"
        key = Served(served.url, mock).key("fileflare")
        file.write_text(f'[providers.fileflare]\nbase_url = "{served.url}"\nkeys.full = "{key}"\n')
        before = inventory(mock)
        command = [sys.executable, "-m", "contract_tests", "run", str(file), "--rule", "fileflare.a*"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        assert reached.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        go.set()
        lost = inventory(mock) - before
        done = CliRunner().invoke(main, ["clean", str(file)])

    assert len(lost) == 3
    assert done.output.splitlines()[-1] == "2 removed, 1 left.", done.output
    assert "is left: what fileflare.store_asset may have made, named latchkey-link-" in done.output
    assert len(inventory(mock) - before) == 1


# What is noted of requests and answers.


def thing(url: str | None, **more: Any) -> Left:
    return Left(
        **{"by": "fileflare.store_asset", "undo": "fileflare.delete_asset", "url": url, "whose": "full", **more}
    )


def events(*words: tuple[str, int, str]) -> Iterator[Event]:
    for kind, number, path in words:
        yield Event(provider="p", kind=kind, number=number, left=thing(path), path=path)  # type: ignore[arg-type]


def tallied(*words: tuple[str, int, str]) -> Tally:
    tally = Tally()
    for event in events(*words):
        tally.add(event)
    return tally


def test_what_lies_below_goes_along():
    """With a folder all that is in it is gone, and nothing of a like name."""
    tally = tallied(("made", 1, "/files/a"), ("made", 2, "/files/a/b.txt"), ("made", 3, "/files/ab"))

    assert [left.url for left in tally.left()] == ["/files/ab", "/files/a", "/files/a/b.txt"]
    assert tally.alone() == 2
    tally.add(Event(provider="p", kind="gone", path="/files/a"))
    assert [left.url for left in tally.left()] == ["/files/ab"]


def test_what_was_never_answered_may_be_there():
    """Until an answer says that nothing came of it."""
    tally = tallied(("sent", 1, "/x"), ("sent", 2, "/y"), ("nothing", 1, ""))

    assert [left.url for left in tally.left()] == ["/y"]


@dataclass
class Watched:
    """Leavings of one provider, and what can be sent to it."""

    leavings: Leavings
    budget: Budget

    def exchange(self, operation: str, status: int, body: Any = None, *, path: str = "", sent: Any = None) -> None:
        record = load().operations[operation]
        request = httpx.Request(record.method, "http://x/base" + (path or record.path), json=sent)
        self.leavings.sends(request, record, "full")
        if status:
            content = JSONResponse(body).body if body is not None else b""
            self.leavings.answered(request, record, "full", httpx.Response(status, content=content, request=request))

    @property
    def left(self) -> list[str | None]:
        return [left.url for left in self.leavings.tally.left()]


@pytest.fixture
def watched() -> Callable[..., Watched]:
    def watch(provider: str, requests: int = 100) -> Watched:
        budget = Budget(requests, float("inf"), lambda: 0.0)
        leavings = Leavings(
            load(),
            provider,
            "http://x/base",
            "mine-",
            budget,
            secret=lambda text: "s3cret" in text,
            keep=lambda event: None,
            numbers=itertools.count(1),
        )
        return Watched(leavings, budget)

    return watch


@pytest.mark.parametrize("status", [400, 401, 402, 404, 422, 429])
def test_a_refusal_made_nothing(watched: Callable[..., Watched], status: int):
    here = watched("fileflare")
    here.exchange("fileflare.store_asset", status, {})

    assert (here.left, here.budget.kept) == ([], 0)


@pytest.mark.parametrize(
    ("status", "body"), [(0, None), (500, {}), (502, {}), (503, {}), (200, {}), (200, {"asset": {"id": ""}})]
)
def test_who_does_not_say_may_have_made_it(watched: Callable[..., Watched], status: int, body: Any):
    """No answer, an error of the server or of a proxy before it, or an answer without an id."""
    here = watched("fileflare")
    here.exchange("fileflare.store_asset", status, body, sent={"filename": "mine-1.txt"})

    assert here.left == [None]
    assert str(here.leavings.tally.left()[0]) == "what fileflare.store_asset may have made, named mine-1.txt"


@pytest.mark.parametrize("id", ["..", ".", "", "s3cret"])
def test_an_id_that_leads_elsewhere_is_not_followed(watched: Callable[..., Watched], id: str):
    """Neither to the collection, nor out of it; and no secret is kept."""
    here = watched("fileflare")
    here.exchange("fileflare.store_asset", 200, {"asset": {"id": id}})

    assert here.left == [None]


def test_the_root_folder_is_never_removed(watched: Callable[..., Watched]):
    """A folder without a name is the whole site."""
    here = watched("filescom")
    here.exchange("filescom.create_folder", 201, {"path": ""}, path="/api/rest/v1/folders/")
    here.exchange("filescom.create_folder", 201, {"path": ""}, path="/api/rest/v1/folders/mine-a")

    assert [url for url in here.left if url] == ["/api/rest/v1/files/mine-a?recursive=true"]


@pytest.mark.parametrize("status", [0, 500, 503])
def test_what_nobody_confirmed_is_removed_by_its_name_only(watched: Callable[..., Watched], status: int):
    """A folder that may have been there before is not deleted because nobody answered; one with our prefix is."""
    here = watched("filescom")
    here.exchange("filescom.create_folder", status, {}, path="/api/rest/v1/folders/theirs")
    assert here.left == [None]
    here.exchange("filescom.create_folder", status, {}, path="/api/rest/v1/folders/mine-a")
    assert here.left[0] == "/api/rest/v1/files/mine-a?recursive=true"


def test_a_file_that_was_there_before_is_not_ours(watched: Callable[..., Watched]):
    """An upload that replaced what a file held is no reason to delete it."""
    here = watched("filescom")
    here.exchange("filescom.finish_upload", 200, {}, path="/api/rest/v1/files/theirs.txt")
    assert here.left == []
    here.exchange("filescom.finish_upload", 201, {}, path="/api/rest/v1/files/mine.txt")
    assert here.left == ["/api/rest/v1/files/mine.txt"]


def test_only_its_own_removal_makes_it_gone(watched: Callable[..., Watched]):
    """A look at it does not, nor a 404, which may be told to a stranger."""
    here = watched("fileflare")
    here.exchange("fileflare.store_asset", 200, {"asset": {"id": "7"}})
    at = "/api/v1/assets/7"
    here.exchange("fileflare.find_asset", 200, {}, path=at)
    here.exchange("fileflare.delete_asset", 404, {}, path=at)
    assert (here.left, here.budget.kept) == ([at], 1)
    here.exchange("fileflare.delete_asset", 202, {}, path=at)
    assert (here.left, here.budget.kept) == ([], 0)


def test_nothing_is_made_that_could_not_be_removed(watched: Callable[..., Watched]):
    """With one request left there is none to remove a thing with."""
    here = watched("fileflare", requests=1)

    with pytest.raises(NotVerifiable, match="max_requests"):
        here.exchange("fileflare.store_asset", 200, {})
    here.exchange("fileflare.list_assets", 200, {})


def test_the_contract_says_how_to_undo_what_is_made():
    """Whatever answers an id of something new has a link that undoes it, and that link names an operation that removes."""
    contract = load()
    undoing = {
        operation.id: link["operationId"]
        for operation in contract.operations.values()
        for answer in operation.responses.values()
        for link in answer.get("links", {}).values()
        if link.get("x-undoes")
    }

    assert {by for by in undoing if contract.operations[by].method in {"GET", "DELETE"}} == set()
    assert {undo for undo in undoing.values() if contract.operations[undo].method == "GET"} == set()
    assert {by.split(".")[0] for by in undoing} == {"fileflare", "fileforge", "filescom"}
