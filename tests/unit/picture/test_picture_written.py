"""A page is put in its place whole or not at all, and nothing is left beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.page import rendering


def test_a_page_that_cannot_be_put_in_its_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.html" / "in the way").mkdir(parents=True)
    with pytest.raises(OSError):
        rendering.write(tmp_path / "page.html", "text")
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]


def test_a_page_replaces_the_one_before(tmp_path: Path) -> None:
    for text in ("first", "second"):
        rendering.write(tmp_path / "page.html", text)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"page.html": "second"}
