"""``./inv``: where it works, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
NOBODY = 65534
PYTHON = '#!/bin/sh\n[ "$2" = skep ] || exit 0\nshift 2\necho "$PWD from=${SKEP_FROM-none} $*"\n'
"""Stands in for every Python: it is new enough, and says how Invoke would be run."""


@pytest.fixture
def repository() -> Iterator[Path]:
    """A copy of ``inv`` with a finished ``.venv``, in a folder that everybody can look into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        shutil.copy(REPOSITORY / "inv", folder)
        (folder / ".venv" / "bin").mkdir(parents=True)
        for python in (folder / "python", folder / ".venv" / "bin" / "python"):
            python.write_text(PYTHON)
            python.chmod(0o755)
        for lock in (folder / "requirements.lock", folder / ".venv" / ".skep-lock"):
            lock.write_text("same\n")
        yield folder
        folder.chmod(0o755)
        (folder / ".venv").chmod(0o755)


def inv(repository: Path, script: Path, here: Path, **more: object) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHON": str(repository / "python"), "SKEP_FROM": "stale"}
    return subprocess.run(
        [script, "node.ls"], cwd=here, env=environ, capture_output=True, text=True, check=False, **more,  # type: ignore[call-overload]
    )  # fmt: skip


def test_it_works_in_its_own_folder_and_reports_from_where_it_was_called(repository: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(repository / "inv")
    for script in (link, repository / "inv"):
        ended = inv(repository, script, tmp_path)
        assert (ended.returncode, ended.stdout) == (0, f"{repository} from={tmp_path.resolve()} node.ls\n")
    assert list(tmp_path.iterdir()) == [link]
    assert inv(repository, repository / "inv", repository).stdout == f"{repository} from=none node.ls\n"


@pytest.mark.parametrize("closed", [".", ".venv"])
def test_who_may_not_write_is_reported_in_one_line_and_nothing_is_removed(repository: Path, closed: str) -> None:
    (repository / ".venv" / ".skep-lock").write_text("stale\n")
    (repository / closed).chmod(0o555)
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    ended = inv(repository, repository / "inv", repository, **who)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(f"{repository}/.venv has to be made anew, and ")
    assert (repository / ".venv" / "bin" / "python").exists()


def test_tab_makes_no_environment(repository: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHON": "/nowhere"}
    words = [repository / "inv", "--complete", "--", "./inv "]
    (repository / ".venv" / ".skep-lock").write_text("stale\n")
    stale = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    assert stale.stdout.endswith("--complete -- ./inv \n")
    shutil.rmtree(repository / ".venv" / "bin")
    missing = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    assert (missing.stdout, missing.stderr) == ("", "")
    assert not (repository / ".venv" / "bin").exists()


@pytest.mark.parametrize("called", ["inv", "./inv", "../{}/inv", "{folder}/inv"])
def test_it_is_found_however_it_is_called(repository: Path, called: str) -> None:
    script = called.format(repository.name, folder=repository)
    words = ["sh", script, "node.ls"]
    environ = {"PATH": os.environ["PATH"], "CDPATH": "/tmp:/usr", "PYTHON": str(repository / "python")}
    ended = subprocess.run(words, cwd=repository, env=environ, capture_output=True, text=True, check=True)
    assert ended.stdout == f"{repository} from=none node.ls\n"
