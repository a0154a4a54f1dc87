"""An ``invoke.yaml`` that cannot be used is named, whatever the task."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.config import Config

from skep.cli.invoke_yaml import read_settings
from skep.errors import UsageError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", r"invoke.yaml cannot be used: ParserError: .* line 2"),
        ("- a", "invoke.yaml cannot be used"),
        ("skep: 5", "invoke.yaml: skep: "),
        ("skep:", "invoke.yaml: skep: "),
        ("skep: [aliases]", "invoke.yaml: skep: "),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "invoke.yaml").write_text(f"{text}\n")
    with pytest.raises(UsageError) as wrong:
        read_settings(Config(), tmp_path)
    assert re.search(said, wrong.value.reason)


def test_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").mkdir()
    with pytest.raises(UsageError, match=r"invoke\.yaml cannot be used"):
        read_settings(Config(), tmp_path)


@pytest.mark.parametrize("text", ["", "other: 1\n", "skep: {inventory: prod}\n"])
def test_what_can(tmp_path: Path, text: str) -> None:
    (tmp_path / "invoke.yaml").write_text(text)
    read_settings(Config(), tmp_path)
    read_settings(Config(), tmp_path / "nowhere")


@pytest.mark.parametrize(
    "made",
    [
        lambda home: home.write_text(""),
        lambda home: (home / ".invoke.yaml").mkdir(parents=True),
        lambda home: (home.mkdir(), (home / ".invoke.yaml").write_text("a: [")),
    ],
    ids=["a file as home", "a folder as file", "no YAML"],
)
def test_settings_of_the_user_that_cannot_be_used_are_named(tmp_path: Path, made: Callable[[Path], object]) -> None:
    home = tmp_path / "home"
    made(home)
    argv = [sys.executable, "-m", "skep", "--list"]
    ended = subprocess.run(argv, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("~/.invoke.yaml cannot be used\n  cause: ")
    assert str(home) in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize("text", ["a: [", "- a", "\udcff"])
def test_invoke_s_own_program_names_it_and_traces_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "invoke.yaml").write_bytes(f"{text}\n".encode(errors="surrogateescape"))
    (tmp_path / "tasks.py").write_text("from skep.tasks import namespace\n")
    argv = [sys.executable, "-m", "invoke", "--list"]
    ended = subprocess.run(
        argv, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.startswith("invoke.yaml cannot be used") and "Traceback" not in ended.stderr
