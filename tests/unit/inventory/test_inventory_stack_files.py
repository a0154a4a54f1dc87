"""Which files of a stack's folder are taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skep.inventory.stack_files import MAX_BYTES, MAX_FILES, BadStack, is_inside, read_folder


def test_regular_files_by_relative_path(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    (folder / "b" / "c").mkdir(parents=True)
    (folder / "compose.yml").write_bytes(b"x")
    (folder / "b" / "c" / "page").write_bytes(b"\xff")
    (folder / ".env").write_bytes(b"A=1")
    (tmp_path / "shared").write_bytes(b"shared")
    (folder / "link").symlink_to("../shared")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "circle").symlink_to(".")
    os.mkfifo(folder / "pipe")
    assert read_folder(folder) == {
        ".env": b"A=1",
        "b/c/page": b"\xff",
        "compose.yml": b"x",
        "link": b"shared",
    }


def test_as_much_as_fits_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * (MAX_BYTES - 1))
    (tmp_path / "b").write_bytes(b"b")
    assert len(read_folder(tmp_path)) == 2
    (tmp_path / "c").write_bytes(b"c")
    with pytest.raises(BadStack, match="more than 1024 KiB"):
        read_folder(tmp_path)


def test_not_too_many(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        (tmp_path / str(number)).touch()
    with pytest.raises(BadStack, match="more than 1000 files"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("path", "inside"),
    [("web", True), ("a/b", True), ("", False), ("/etc", False), ("..", False), ("a/../../b", False), ("a\0", False)],
)
def test_what_stays_inside(path: str, inside: bool) -> None:
    assert is_inside(path) is inside
