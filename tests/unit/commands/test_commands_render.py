"""Compose files as one, without an inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skep.commands.stack import render
from skep.errors import UsageError
from skep.report import Reporter

COMPOSE = """
services: {app: {image: "busybox:1", configs: [page, plain], secrets: [key]}}
configs:
  page: {x-skep: {command: [touch, ran]}}
  plain: {content: hello}
secrets: {key: {x-skep: {command: [touch, ran]}}}
"""


class Recording(Reporter):
    def __init__(self) -> None:
        self.text, self.notes, self.values = "", list[str](), dict[str, Any]()

    def say(self, text: str) -> None:
        self.text += text

    document = say

    def note(self, text: str) -> None:
        self.notes.append(text)

    def data(self, name: str, value: Any) -> None:
        self.values = dict(value)


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    (tmp_path / "compose.yml").write_text(COMPOSE)
    monkeypatch.chdir(tmp_path)
    return Recording()


def test_commands_of_a_file_are_not_run_and_that_is_noted(recorder: Recording) -> None:
    render.of_files(recorder, ["compose.yml"], name="web", json=False)
    assert recorder.notes == [
        "note: without the content of configs.page, secrets.key: with --file their commands are not run"
    ]
    assert "command:\n        - touch" in recorder.text
    assert not Path("ran").exists()


def test_what_is_not_known_is_stars_in_json(recorder: Recording) -> None:
    render.of_files(recorder, ["compose.yml"], name="web", json=True)
    data = {name: one["Data"] for kind in ("configs", "secrets") for name, one in recorder.values[kind].items()}
    assert data == {"web_page": "***", "web_plain": "aGVsbG8=", "web_key": "***"}


def test_a_file_without_commands_needs_no_note(recorder: Recording) -> None:
    Path("plain.yml").write_text("services: {app: {image: a}}")
    render.of_files(recorder, ["plain.yml"], name="web", json=False)
    assert recorder.notes == []


@pytest.mark.parametrize(("folder", "stack"), [("shop", "shop"), ("My Shop.2", "myshop2"), ("__", "stack")])
def test_without_a_name_the_folder_gives_it(recorder: Recording, folder: str, stack: str) -> None:
    Path(folder).mkdir()
    Path(folder, "compose.yml").write_text("services: {app: {image: a}}")
    render.of_files(recorder, [f"{folder}/compose.yml"], name="", json=True)
    assert list(recorder.values["services"]) == [f"{stack}_app"]


def test_a_stack_of_an_inventory_has_to_be_named() -> None:
    with pytest.raises(UsageError, match="no stack is named") as failure:
        render.of_inventory(Recording(), Path(__file__).parents[3] / "inventory" / "lab.yml", name="", json=False)
    assert failure.value.next_action == "the inventory's are: web"
