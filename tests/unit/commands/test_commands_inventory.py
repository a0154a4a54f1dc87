"""``inventory.check``: the inventory, and the compose files of its stacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.commands import inventory_files as inventory
from skep.compose import ComposeError
from tests.unit.commands.test_commands_render import Recording

INVENTORY = "hosts: {m1: {address: 192.0.2.1, role: manager}}\nstacks: {web: {}, db: {}}\n"
RIGHT = "services: {app: {image: a, secrets: [key]}}\nsecrets: {key: {x-skep: {command: [touch, ran]}}}\n"


class Done(Recording):
    def done(self, text: str) -> None:
        self.text += text


def _path(folder: Path, **stacks: str) -> Path:
    for name, text in stacks.items():
        (folder / "stacks" / name).mkdir(parents=True)
        (folder / "stacks" / name / "compose.yml").write_text(text)
    (folder / "inventory").mkdir()
    path = folder / "inventory" / "prod.yml"
    path.write_text(INVENTORY)
    return path


def test_errors_of_all_stacks_are_reported_at_once(tmp_path: Path) -> None:
    path = _path(tmp_path, web="services: {app: {imgae: a}}", db=RIGHT.replace("[touch, ran]", "touch ran"))
    with pytest.raises(ComposeError) as raised:
        inventory.check(path, Recording())
    assert [problem.split(": ")[:2] for problem in raised.value.problems] == [
        ["stacks/web/compose.yml:1", "services.app.imgae"],
        ["stacks/db/compose.yml:2", "secrets.key.x-skep.command"],
    ]


def test_what_is_right_is_said_and_no_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reported = Done()
    inventory.check(_path(tmp_path, web=RIGHT, db=RIGHT), reported)
    assert "is valid: 1 manager, 0 workers, 0 networks, 2 stacks" in reported.text
    assert not list(tmp_path.rglob("ran"))
