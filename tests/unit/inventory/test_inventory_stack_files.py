"""Which files compose files may name, and why another cannot be had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skep.inventory.stack_files import MAX_BYTES, StackFiles, is_inside
from skep.model import NoFile


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A stack's folder beside others."""
    folder = tmp_path / "stacks" / "web"
    (folder / "b" / "c").mkdir(parents=True)
    (folder / "b" / "c" / "page").write_bytes(b"\xff")
    (folder / ".env").write_bytes(b"A=1")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "app.env").write_bytes(b"shared")
    (folder / "link").symlink_to("../../shared/app.env")
    (folder / "circle").symlink_to(".")
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    return folder


def why(files: StackFiles, name: str) -> str:
    """Why a file cannot be had."""
    with pytest.raises(NoFile) as error:
        files[name]
    return error.value.why


def test_files_of_the_folder(web: Path) -> None:
    files = StackFiles(web, ())
    assert files["b/c/page"] == b"\xff"
    assert files[".env"] == b"A=1"
    assert files["link"] == b"shared"
    assert files["circle/circle/.env"] == b"A=1"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.yml", "is not there"),
        ("dangling", "is not there"),
        ("b", "is a folder; name one of the files in it"),
        ("pipe", "is not a regular file"),
        ("a\0b", "is not a usable name of a file"),
        ("x" * 300, "cannot be read: File name too long"),
        ("~/key", "begins with '~', and there is no HOME in the environment"),
    ],
)
def test_what_cannot_be_had(web: Path, name: str, reason: str) -> None:
    assert why(StackFiles(web, ()), name) == reason


def test_only_an_absent_file_is_absent(web: Path) -> None:
    absent = {}
    for name in ("none.yml", "b", "../../shared/app.env"):
        with pytest.raises(NoFile) as error:
            StackFiles(web, ())[name]
        absent[name] = error.value.absent
    assert absent == {"none.yml": True, "b": False, "../../shared/app.env": False}


def test_files_elsewhere_are_taken_where_that_is_allowed(web: Path) -> None:
    shared = web.parent.parent / "shared"
    allow = "add '{}' to stacks.web.files-from"
    for name in ("../../shared/app.env", str(shared / "app.env"), "~/shared/app.env"):
        here = StackFiles(web, (), home=str(shared.parent), allow=allow)
        assert why(here, name) == f"is outside the stack's folder; add '{shared}' to stacks.web.files-from"
        for roots in ((shared,), (Path(f"{web}/../../shared"),), None):
            assert StackFiles(web, roots, home=str(shared.parent))[name] == b"shared"
    assert StackFiles(web, ())[str(web / ".env")] == b"A=1", "the own folder by its absolute name"
    beside = StackFiles(web, (web.parent / "we",), allow=allow)
    assert "outside" in why(beside, "../web2/x"), "a folder is not one that begins with its name"


def test_what_nothing_names_is_not_looked_at_and_each_file_is_read_once(web: Path) -> None:
    for number in range(5):
        (web / f"data-{number}").write_bytes(b"x" * MAX_BYTES)
    (web / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    files = StackFiles(web, ())
    assert [len(files[f"data-{number}"]) for number in range(5)] == [MAX_BYTES] * 5
    assert why(files, "large") == "is larger than 4096 KiB"
    (web / ".env").write_bytes(b"A=1")
    assert files[".env"] == b"A=1"
    (web / ".env").write_bytes(b"A=2")
    assert files[".env"] == b"A=1", "one run sees one content"


@pytest.mark.parametrize(
    ("path", "inside"),
    [("web", True), ("a/b", True), ("", False), ("/etc", False), ("..", False), ("a/../../b", False), ("a\0", False)],
)
def test_what_stays_inside(path: str, inside: bool) -> None:
    assert is_inside(path) is inside
