"""Tables on terminals of any width: times and headers stay whole, and nothing is lost."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from skep.report.tables import tables

COLUMNS = ("revision", "time", "who", "commit", "state", "cause", "changes")
LONG = "web_app: Image: busybox:1 → busybox:2; web_app: Env.LEVEL: info → debug; web_db: created"
ROWS = [
    ("12", "2026-11-20T10:11:12", "ada@laptop", "0a1b2c3d4e5f", "ran", "differs from the compose files", LONG),
    ("9", "2026-11-19T09:00:00", "bob@ci", "", "not seen to run", "its image has moved", ""),
]


def shown(width: int, columns: tuple[str, ...] = COLUMNS, rows: list[tuple[str, ...]] = ROWS) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    for part in tables(columns, rows, width, ("commit", "who") if columns is COLUMNS else ()):
        console.print(part)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_with_room_all_is_side_by_side() -> None:
    head, first, second = shown(220)
    assert head.split() == list(COLUMNS)
    assert first.endswith(LONG) and second.endswith("its image has moved")


def test_the_last_column_wraps_by_words() -> None:
    lines = shown(160)
    assert lines[0].split() == list(COLUMNS)
    start = lines[0].index("changes")
    assert " ".join(line[start:] for line in lines[1:-1]) == LONG


def test_without_room_some_go_and_the_last_is_below() -> None:
    assert shown(80) == [
        "revision  time                 state            cause",
        "12        2026-11-20T10:11:12  ran              differs from the compose files",
        "    changes: web_app: Image: busybox:1 → busybox:2; web_app: Env.LEVEL: info →",
        "    debug; web_db: created",
        "9         2026-11-19T09:00:00  not seen to run  its image has moved",
        "not shown here: commit, who (a wider terminal has room, --json has them)",
    ]


@pytest.mark.parametrize("width", range(66, 200, 3))
def test_times_and_headers_are_never_broken(width: int) -> None:
    lines = shown(width)
    words = lines[0].split()
    assert words == [name for name in COLUMNS if name in words]
    assert sum(line.count("2026-11-20T10:11:12") + line.count("2026-11-19T09:00:00") for line in lines) == 2
    assert max(map(len, lines)) <= width


def test_columns_with_nothing_in_them_go_first() -> None:
    columns, rows = ("name", "availability", "labels"), [("manager1", "active", ""), ("worker1", "drain", "")]
    assert shown(80, columns, rows)[0].split() == ["name", "availability", "labels"]
    assert shown(24, columns, rows) == ["name      availability", "manager1  active", "worker1   drain"]


def test_no_rows_are_a_header() -> None:
    assert shown(80, ("name", "state"), []) == ["name  state"]


@pytest.mark.parametrize("width", [5, 20, 40, 80])
def test_nothing_is_cut_however_long(width: int) -> None:
    rows = [("x" * 300, "y" * 50, "z" * 300)]
    text = "".join(shown(width, ("one", "two", "last"), rows))
    assert [text.count(letter) for letter in "xyz"] == [300, 50, 300]
