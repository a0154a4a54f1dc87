"""Which folder is the site."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from skep.errors import UsageError
from skep.site.place import enter


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with inventories, and a deep folder in it."""
    (tmp_path / "ours" / ".git").mkdir(parents=True)
    (tmp_path / "ours" / "inventory").mkdir()
    (tmp_path / "ours" / "stacks" / "web").mkdir(parents=True)
    (tmp_path / "plain").mkdir()
    return tmp_path / "ours"


def test_the_folder_one_works_in(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ: dict[str, str] = {}
    monkeypatch.chdir(repository)
    assert (enter(None, environ), Path.cwd(), environ) == (repository, repository, {})


def test_from_a_folder_within_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ: dict[str, str] = {}
    inner = repository / "stacks" / "web"
    monkeypatch.chdir(inner)
    assert enter(None, environ) == repository
    assert (Path.cwd(), environ) == (repository, {"SKEP_FROM": str(inner)})


@pytest.mark.parametrize("root", ["invoke.yaml", "tasks.py"])
def test_a_repository_without_git(tmp_path: Path, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours" / "inventory").mkdir(parents=True)
    (tmp_path / "ours" / root).touch()
    monkeypatch.chdir(tmp_path / "ours" / "inventory")
    assert enter(None, {}) == tmp_path / "ours"


def test_a_folder_above_the_git_repository_is_somebody_elses(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = repository / "other"
    (other / ".git").mkdir(parents=True)
    monkeypatch.chdir(other)
    assert (enter(None, {}), Path.cwd()) == (other, other)


def test_where_there_is_none_it_is_the_folder_itself(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = repository.parent / "plain"
    monkeypatch.chdir(plain)
    assert (enter(None, {}), Path.cwd()) == (plain, plain)


def test_what_is_named_wins(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = repository.parent / "plain"
    monkeypatch.chdir(plain)
    environ = {"SKEP_SITE": "../ours"}
    assert (enter(None, environ), Path.cwd(), environ["SKEP_FROM"]) == (repository, repository, str(plain))
    monkeypatch.chdir(repository)
    environ = {"SKEP_SITE": "nowhere"}
    assert (enter("../plain", environ), Path.cwd()) == (plain, plain)
    monkeypatch.chdir(repository)
    with pytest.raises(UsageError, match=r"no folder nowhere \(from SKEP_SITE\)"):
        enter(None, {"SKEP_SITE": "nowhere"})
    assert Path.cwd() == repository


def test_inv_called_from_another_repository_uses_that_one(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = repository.parent / "clone"
    (clone / "inventory").mkdir(parents=True)
    for called_from in (repository, repository / "stacks" / "web"):
        monkeypatch.chdir(clone)
        environ = {"SKEP_FROM": str(called_from)}
        assert (enter(None, environ), Path.cwd(), environ) == (repository, repository, {"SKEP_FROM": str(called_from)})


def test_inv_called_from_elsewhere_stays_in_its_own(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone, plain = repository.parent / "clone", repository.parent / "plain"
    (clone / "inventory").mkdir(parents=True)
    monkeypatch.chdir(clone)
    environ = {"SKEP_FROM": str(plain)}
    assert (enter(None, environ), Path.cwd(), environ) == (plain, clone, {"SKEP_FROM": str(plain)})


def test_a_current_folder_that_was_deleted_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = repository.parent / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for named in (None, str(repository)):
        with pytest.raises(UsageError, match="the current folder cannot be used"):
            enter(named, {})


def test_the_home_folder_of_nobody_is_a_name_like_any_other(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    for environ, named in (({}, "~nobody-of-that-name/site"), ({"SKEP_SITE": "~nobody-of-that-name/site"}, None)):
        with pytest.raises(UsageError, match="there is no folder ~nobody-of-that-name/site"):
            enter(named, environ)


def test_a_link_that_leads_nowhere_is_not_to_be_made_a_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    (repository / "old").symlink_to("/nowhere")
    with pytest.raises(UsageError, match="is no folder") as failure:
        enter("old", {})
    assert "/nowhere" in str(failure.value.cause) and "mkdir" not in str(failure.value.next_action)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "the folder .* cannot be entered"),
        (OSError(116, "Stale file handle"), "the folder .* cannot be entered"),
        (NotADirectoryError(20, "Not a directory"), "is no folder"),
    ],
)
@pytest.mark.parametrize("named", [None, "../plain"])
def test_a_folder_that_may_not_be_looked_into_or_is_on_a_lost_disk_is_named(
    repository: Path, monkeypatch: pytest.MonkeyPatch, named: str | None, error: OSError, message: str
) -> None:
    plain = repository.parent / "plain"
    monkeypatch.chdir(plain)
    look = os.stat

    def lost(path: str | Path, *args: Any, **more: Any) -> os.stat_result:
        if str(path).startswith(str(plain)):
            raise error
        return look(path, *args, **more)

    def not_entered(path: Path) -> None:
        raise error

    monkeypatch.setattr(os, "stat", lost)
    monkeypatch.setattr(os, "chdir", not_entered)
    with pytest.raises(UsageError, match=message):
        enter(named, {})
    monkeypatch.undo()
