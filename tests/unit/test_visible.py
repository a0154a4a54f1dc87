"""What others wrote, made visible."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skep.visible import HIDDEN, visible, visible_lines, visible_log

ANY = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 日本 ✓", "plain ü 日本 ✓"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[2J\x07\x00\x7f", r"\x1b[2J\x07\x00\x7f"),
        ("\x9b2J\x85", r"\x9b2J\x85"),
        ("\u202eexe\u2066\u200b\ufeff", r"\u202eexe\u2066\u200b\ufeff"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        (b"a\xff\x9bm".decode(errors="surrogateescape"), r"a\udcff\udc9bm"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY)
def test_nothing_that_acts_is_left(text: str) -> None:
    for shown in (visible(text), visible_log(text), *visible_lines(text)):
        assert not HIDDEN & {category(char) for char in shown}


@given(st.text(st.characters(categories=["L", "N", "P", "S", "M"])))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == visible_log(text) == text == "\n".join(visible_lines(text))


def test_lines_stay_lines() -> None:
    assert visible_lines("a\r\n\tb\x1b[1A\n") == ["a", r"        b\x1b[1A", ""]


def test_a_log_line_keeps_its_colours_only_where_asked() -> None:
    line = "\x1b[1;32mok\x1b[0m\tnot \x1b[2K\x1b[31mwiped\r\n"
    assert visible_log(line) == r"ok      not \x1b[2Kwiped"
    kept = visible_log(line, colour=True)
    assert kept.startswith("\x1b[1;32mok\x1b[0m") and kept.endswith("\x1b[31mwiped\x1b[0m")
    assert r"\x1b[2K" in kept
    assert visible_log("plain", colour=True) == "plain"
