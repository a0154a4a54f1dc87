"""What changes inside a config."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skep.compose.config_diff import CONTEXT, LINES, WIDTH, content_changes, replaced_config
from skep.diff import Change

NOTHING: frozenset[str] = frozenset()


def differences(old: str, new: str, hidden: frozenset[str] = NOTHING) -> list[str]:
    return content_changes((old.encode(), new.encode()), hidden)


def test_the_lines_that_differ_stand_with_some_around_them() -> None:
    old = "".join(f"line {number}\n" for number in range(1, 10))
    assert differences(old, old.replace("line 5", "line five")) == [
        "@@ -3,5 +3,5 @@", " line 3", " line 4", "-line 5", "+line five", " line 6", " line 7",
    ]  # fmt: skip
    assert differences("a", "a\n") == ["@@ -1 +1,2 @@", " a", "+"]


def test_a_long_diff_is_cut_and_says_so() -> None:
    found = differences("", "\n".join(map(str, range(1000))))
    assert len(found) == LINES + 1
    assert found[-1] == f"… {1000 + 1 - (LINES - 1)} more lines differ"
    assert len(differences("x\n" * 100 + "a", "x\n" * 100 + "b")) == 1 + CONTEXT + 2


def test_long_lines_are_cut_and_still_distinguished() -> None:
    _, old, new = differences("x" * 500 + "a", "x" * 500 + "b")
    assert old[1:] != new[1:]
    assert all(len(line) < WIDTH + 60 for line in (old, new))
    assert "341 characters more" in old


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a", "a ", ["-a", '+"a "']),
        ("a\tb", "a b", ['-"a\\tb"', "+a b"]),
        ('"a\\tb"', "c", ['-"\\"a\\\\tb\\""', "+c"]),
        ("x\r", "x", ['-"x\\r"', "+x"]),
        ("a b", "a\u00a0b", ["-a b", '+"a\\xa0b"']),
    ],
)
def test_what_cannot_be_seen_is_reported(old: str, new: str, shown: list[str]) -> None:
    assert differences(old, new)[1:] == shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("password: hunter2", "password: hunter3"),
        ("DB_PASSWORD = hunter2", "DB_PASSWORD = hunter3"),
        ('  "apiKey": "hunter2",', '  "apiKey": "hunter3",'),
        ("requirepass hunter2", "requirepass hunter3"),
        ("<secret>hunter2</secret>", "<secret>hunter3</secret>"),
        ("url: postgres://app:hunter2@db/x", "url: postgres://app:hunter3@db/x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nhunter2", "-----BEGIN RSA PRIVATE KEY-----\nhunter3"),
    ],
)
def test_what_sounds_like_a_secret_is_not_shown(old: str, new: str) -> None:
    shown = "\n".join(differences(f"a: 1\n{old}", f"a: 2\n{new}"))
    assert "hunter" not in shown
    assert "***" in shown


def test_a_content_with_a_value_that_came_from_a_reference_is_not_shown_at_all() -> None:
    assert differences("old-value", "a value-of-env", frozenset({"value-of-env"})) == ["*** (holds a secret)"]


def test_what_is_no_text_is_reported_by_its_size() -> None:
    assert content_changes((b"\xff", b"ab\0"), NOTHING) == ["1 bytes → 3 bytes, which are no text"]
    assert content_changes((b"a" * 300_000, b""), NOTHING) == ["300000 bytes → 0 bytes, which are too many to show"]


def test_one_very_long_line_is_looked_through_in_one_go() -> None:
    assert (
        len(differences("token" * 40_000, "key.pass-" * 20_000)) == 3
    )  # it would take minutes with names of any length


@given(st.text(), st.text())
def test_contents_that_differ_show_a_difference(old: str, new: str) -> None:
    found = differences(old.replace("\0", ""), new.replace("\0", ""))
    assert bool(found) == (old.replace("\0", "") != new.replace("\0", ""))


def test_which_config_takes_the_place_of_which() -> None:
    assert replaced_config(Change(("Configs", "/a.b/c", "Name"), "web_a_1", "web_a_2")) == ("web_a_1", "web_a_2")
    assert replaced_config(Change(("Configs", "/a", "Name"), None, "web_a_2")) is None
    assert replaced_config(Change(("Configs", "/a", "UID"), "1", "2")) is None
