"""Commands that give configs and secrets, run on the operator's machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.commands.command_outputs import with_outputs, with_outputs_of
from skep.errors import UsageError
from skep.model import Cluster, Stack

COMPOSE = "services: {a: {image: a, secrets: [s]}}\nsecrets:\n  s: {x-skep: {command: %s}}\n"


def stack(folder: Path, command: str) -> Stack:
    return Stack("web", ("compose.yml",), {"compose.yml": (COMPOSE % command).encode()}, directory=str(folder))


def test_what_it_prints_is_kept_as_a_secret_and_it_runs_in_the_stacks_folder(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("hunter2")
    found = with_outputs(Cluster("c", (), stacks=(stack(tmp_path, "[cat, key.txt]"),))).stacks[0]
    assert found.outputs["cat", "key.txt"].reveal() == "hunter2"
    assert "hunter2" not in repr(found)


def test_nothing_runs_where_nothing_is_asked(tmp_path: Path) -> None:
    plain = Stack("web", ("compose.yml",), {"compose.yml": b"services: {a: {image: a}}"}, directory=str(tmp_path))
    assert with_outputs_of(plain) is plain


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ('[sh, -c, "echo hunter2; echo no such key >&2; exit 3"]', "ended with status 3: no such key"),
        ("[no-such-program-here]", "No such file or directory"),
        ('[sh, -c, "head -c 1100000 /dev/zero"]', "printed more than 1024 KiB"),
    ],
)
def test_one_that_fails_is_named_with_its_place_and_shows_nothing(tmp_path: Path, command: str, cause: str) -> None:
    with pytest.raises(UsageError) as failure:
        with_outputs_of(stack(tmp_path, command))
    text = "\n".join(failure.value.lines())
    assert "stacks/web/compose.yml:3: secrets.s.x-skep.command" in text and cause in text
    assert "hunter2" not in text
    assert failure.value.exit_code == 2


def test_files_with_errors_are_left_to_the_plan(tmp_path: Path) -> None:
    wrong = stack(tmp_path, "[true]")
    wrong = Stack("web", wrong.compose, {"compose.yml": wrong.files["compose.yml"] + b"blubb: 1\n"})
    assert with_outputs_of(wrong).outputs == {}
