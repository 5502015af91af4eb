"""The suite never cries wolf: no seed finds anything on the correct mock."""

import json
from pathlib import Path
from typing import Any

import httpx
import hypothesis.internal.conjecture.providers as drawing
import pytest
from hypothesis.internal.constants_ast import Constants

from contract_tests.own_mock import own_mock
from contract_tests.run import open_run, prove
from contract_tests.target import at_url
from latchkey import load
from tests.contract_tests.test_run import contract_tests


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_seed_finds_anything(seed: int, tmp_path: Path):
    """Whatever is generated, and whatever ids and keys are minted, every testable rule is verified."""
    file = tmp_path / "r.json"
    done = contract_tests("run", "--mock", "--seed", str(seed), "--json", str(file))
    outcomes = {item["outcome"] for item in json.loads(file.read_text())["rules"]}

    assert (done.returncode, outcomes) == (0, {"verified"}), done.stdout[-3000:]


def test_a_seed_repeats_what_models_try_whatever_code_is_around(monkeypatch: pytest.MonkeyPatch):
    """Constants in the code that is imported beside the suite change nothing: a checkout tries what a wheel does."""
    themes = ("model.token", "model.key-life")
    first = requests("dezerx", *themes)
    elsewhere = Constants(integers=set(range(60)))
    monkeypatch.setattr(drawing, "_get_local_constants", lambda: elsewhere)
    monkeypatch.setattr(drawing, "CONSTANTS_CACHE", type(drawing.CONSTANTS_CACHE)(1024))

    assert len(first) > 50
    assert first == requests("dezerx", *themes)


def requests(provider: str, *themes: str) -> list[tuple[Any, ...]]:
    """What a run of seed 7 sends on a fresh mock, in order, and what each request was answered with."""
    contract, exchanged = load().only(provider), []
    with own_mock([provider], 7) as url:
        run = open_run(at_url(url, contract), contract, seed=7)
        send = run.client.send

        def noted(request: httpx.Request) -> httpx.Response:
            response = send(request)
            exchanged.append((request.method, request.url.raw_path, request.content, response.status_code))
            return response

        run.client.send = noted  # type: ignore[method-assign]
        prove(run, [f"{provider}.{theme}*" for theme in themes])
        run.close()
    return exchanged


@pytest.mark.parametrize("provider", load().providers)
def test_a_seed_repeats_every_request(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Two runs of a seed send the same requests in the same order: paths, names and bodies are equal."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "first"))
    first = requests(provider, "auth", "sweep", "assets", "folder", "session", "file")
    # What the second makes up is its own.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "second"))

    assert len(first) > 150
    assert first == requests(provider, "auth", "sweep", "assets", "folder", "session", "file")
