"""A release, made in a clone."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from skep.commands.repository.releasing import HEAD, LINE, NOTES, release, released
from skep.errors import SkepError, UsageError
from skep.report import Reporter

ROOT = Path(__file__).parents[3]


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This repository at its last commit, with the CHANGELOG of a project that goes on."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "us")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "us@example.com")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{ROOT}", "clone")
    clone = tmp_path / "clone"
    (clone / "CHANGELOG.md").write_text(CHANGES)
    (clone / "skep" / "__init__.py").write_text('"""skep."""\n\n__version__ = "0.3.1"\n')
    git(clone, "commit", "-qam", "as it was")
    git(clone, "tag", "v0.3.1")
    return clone


CHANGES = f"""\
# Changelog

{HEAD}

### Added

- A thing.

{NOTES}

- Move that thing.

### Fixed

- Another.

## [0.3.1] - 2026-01-01

### Fixed

- An old one.
"""


def test_a_release_is_a_commit_and_a_tag_and_nothing_is_pushed(clone: Path) -> None:
    origin, before = git(clone, "ls-remote", "origin"), datetime.now(UTC).date()
    release(clone, "", Reporter())
    assert git(clone, "describe", "--exact-match") == "v0.4.0"
    assert git(clone, "cat-file", "-t", "v0.4.0") == "tag"
    assert git(clone, "show", "--name-only", "--format=%s", "HEAD").split("\n") == [
        "Release 0.4.0", "", "CHANGELOG.md", "skep/__init__.py",
    ]  # fmt: skip
    assert LINE.findall((clone / "skep" / "__init__.py").read_text()) == ["0.4.0"]
    _, _, dated = (clone / "CHANGELOG.md").read_text().partition(f"{HEAD}\n\n## [0.4.0] - ")
    assert before <= date.fromisoformat(dated[:10]) <= datetime.now(UTC).date()
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "ls-remote", "origin") == origin


def test_what_was_unreleased_is_under_the_version_with_its_upgrade_notes_first() -> None:
    text = released(CHANGES, "0.4.0", "2026-02-03")
    head = f"# Changelog\n\n{HEAD}\n\n## [0.4.0] - 2026-02-03\n\n{NOTES}\n\n"
    assert text.startswith(f"{head}- Move that thing.\n\n### Added\n\n- A thing.\n")
    assert "- Another.\n\n## [0.3.1] - 2026-01-01\n\n### Fixed\n\n- An old one.\n" in text
    again = released(text.replace(HEAD, f"{HEAD}\n\n### Added\n\n- More."), "0.5.0", "2026-03-04")
    assert f"## [0.5.0] - 2026-03-04\n\n{NOTES}\n\nNothing has to be done" in again
    assert "- More.\n\n## [0.4.0] - 2026-02-03\n" in again


def test_this_repository_can_be_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert released(text, "9.9.9", "2026-01-01").count("## [9.9.9]") == 1
    assert len(LINE.findall((ROOT / "skep" / "__init__.py").read_text())) == 1


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("0.3.0", "0.3.0 is older than 0.3.1"),
        ("0.3.1", "v0.3.1 is released already"),
        ("v0.4.0", "not a version of three numbers"),
        ("0.4", "not a version of three numbers"),
    ],
)
def test_a_version_that_cannot_be(clone: Path, version: str, message: str) -> None:
    before = git(clone, "rev-parse", "HEAD")
    with pytest.raises(UsageError, match=message):
        release(clone, version, Reporter())
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain")) == (before, "")


def test_only_what_is_committed_and_reported_is_released(clone: Path) -> None:
    (clone / "new.txt").write_text("")
    with pytest.raises(UsageError, match=r"not all is committed: new\.txt"):
        release(clone, "", Reporter())
    (clone / "new.txt").unlink()
    release(clone, "0.3.2", Reporter())
    with pytest.raises(UsageError, match="there is nothing under"):
        release(clone, "0.3.3", Reporter())


def test_what_git_does_not_commit_is_as_it_was(clone: Path) -> None:
    hook = clone / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(SkepError, match="git commit failed"):
        release(clone, "", Reporter())
    assert git(clone, "status", "--porcelain") == ""
    hook.unlink()
    release(clone, "", Reporter())


def test_a_commit_without_its_tag_says_how_to_make_it(clone: Path) -> None:
    git(clone, "config", "tag.gpgSign", "true")
    git(clone, "config", "gpg.program", "false")
    with pytest.raises(SkepError, match="is committed, and not tagged") as failed:
        release(clone, "", Reporter())
    assert "git tag --annotate --message 'skep 0.4.0' v0.4.0" in (failed.value.next_action or "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("skep/__init__.py", None, "cannot read skep/__init__.py: No such file or directory"),
        ("skep/__init__.py", "", 'skep/__init__.py has no line, and must have __version__ = "1.2.3"'),
        ("skep/__init__.py", '__version__ = "next"\n', "skep/__init__.py says 'next', and must have"),
        ("CHANGELOG.md", None, "cannot read CHANGELOG.md: No such file or directory"),
        ("CHANGELOG.md", "# Changes\n", "CHANGELOG.md has no line ## [Unreleased]"),
        ("CHANGELOG.md", "\udcff", "cannot read CHANGELOG.md: not UTF-8 text"),
    ],
)
def test_a_tree_that_lacks_what_a_release_is_made_of(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    (tmp_path / "skep").mkdir()
    files = {"skep/__init__.py": '__version__ = "0.3.1"\n', "CHANGELOG.md": CHANGES, name: text}
    for file, content in files.items():
        if content is not None:
            (tmp_path / file).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UsageError) as raised:
        release(tmp_path, "", Reporter())
    assert said in raised.value.message and raised.value.next_action
