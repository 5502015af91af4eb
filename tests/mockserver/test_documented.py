"""docs/mock.md says all that the command can do, and what it shows works; the container files name what exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from mockserver.app import create_app
from mockserver.cli import main
from tests.conftest import Served

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "mock.md").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("option", [option for item in main.params for option in item.opts])
def test_every_option_is_documented(option: str):
    """Each stands in the table."""
    assert re.search(rf"^\| .*`{option}\b", PAGE, re.M)


def test_the_fixtures_of_the_page_are_read(tmp_path: Path, serving: Callable[[Any], Served]):
    """The example is complete: a mock starts with it, and its key finds the file and what it converts to."""
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "fileforge.yaml").write_text(example)
    mock = serving(create_app("fileforge", fixtures=tmp_path))
    headers = {"X-API-Key": mock.key("fileforge")}
    (file,) = httpx.get(f"{mock.url}/v1/files", headers=headers).json()["files"]
    wanted = {"input_file_id": file["id"], "target_format": "pdf"}

    assert [key.situation for key in mock.app.world.ready_keys("fileforge")] == ["full", "only_files_read"]
    assert file["original_name"] == "plan.txt"
    assert httpx.post(f"{mock.url}/v1/conversions", json=wanted, headers=headers).status_code == 202


def instruction(name: str) -> list[str]:
    return re.findall(rf"^{name} ((?:.*\\\n)*.+)", DOCKERFILE, re.M)


def test_what_the_image_copies_is_there():
    """Every path of the checkout, and none that .dockerignore keeps out."""
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = [path for line in instruction("COPY") if "--from" not in line for path in shlex.split(line)[:-1]]

    assert set(copied) == let_in
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_what_the_image_runs_is_a_command_line_of_ours():
    """Its options parse, with those of compose.yaml; it runs as nobody."""
    (entry,) = instruction("ENTRYPOINT")
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["mock"]
    command = [*yaml.safe_load(entry), *service["command"]]
    context = main.make_context(command[0], [*command[1:], "--token", "x"])

    assert (context.params["host"], context.params["port"]) == ("0.0.0.0", 8080)
    assert instruction("USER") == ["65534:65534"]
    assert service["ports"] == ["127.0.0.1:8080:8080"]
    assert ":8080/openapi.json" in instruction("HEALTHCHECK")[0]
