"""What differs, one change a leaf."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skep.diff import changes, lines, show
from skep.plan import Ref
from skep.secret import Secret

LEAVES = st.one_of(st.none(), st.integers(1, 5), st.text("abc", min_size=1, max_size=2), st.lists(st.integers(0, 2)))
TREES = st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, min_size=1), max_leaves=8)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {}, ()),
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1}, {"a": 2}, ("a: 1 → 2",)),
        ({"a": 1}, {}, ("a: 1 → unset",)),
        ({"a": None}, {}, ()),
        ({"a": {"c": 1, "b": "x"}}, {"a": {"c": 2, "b": "y"}}, ("a.b: x → y", "a.c: 1 → 2")),
        ({}, {"a": {"b": 1, "c": {"d": "x"}}}, ("a.b: unset → 1", "a.c.d: unset → x")),
        ({"z": 1}, {"z": 1, "a": {"b": 1, "c": {"d": "x"}}}, ("a.b: unset → 1", "a.c.d: unset → x")),
        ({"a": {"b": 1}}, {"a": 1}, ('a: {"b": 1} → 1',)),
        ({"a": [1, 2]}, {"a": [2, 1]}, ("a: [1, 2] → [2, 1]",)),
        ({"a": {"b.c": True}}, {"a": {"b.c": False}}, ("a.b.c: true → false",)),
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, ("a: 1 → 2", "b: 1 → 2")),
    ],
)
def test_lines(old: Any, new: Any, expected: tuple[str, ...]) -> None:
    assert lines(old, new) == expected


def test_text_is_shown_as_it_is_and_data_as_json() -> None:
    assert show("ü → x") == "ü → x"
    assert show(["ü", 1, None]) == '["ü", 1, null]'
    assert [show(one) for one in (None, "none", "unset")] == ["unset", "none", '"unset"']
    assert show(True) == "true"


@given(TREES, TREES)
def test_the_changes_lead_from_one_to_the_other(old: Any, new: Any) -> None:
    assert list(changes(old, old)) == []
    merged: Any = {"": old}
    for change in changes(old, new):
        place, (*way, last) = merged, ("", *change.path)
        for key in way:
            place = place.setdefault(key, {}) if place.get(key) is not None else place.update({key: {}}) or place[key]
        assert (place.get(last) or None) == (change.old or None)
        place[last] = change.new
    assert without_none(merged[""]) == without_none(new)


@given(TREES, TREES)
def test_backwards_is_the_same_the_other_way_round(old: Any, new: Any) -> None:
    forth = [(change.path, change.old, change.new) for change in changes(old, new)]
    assert [(change.path, change.new, change.old) for change in changes(new, old)] == forth


def without_none(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {key: without_none(inner) for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if inner is not None} or None


def test_changes_show_no_secret_neither_the_new_one_nor_the_old() -> None:
    old = {
        "opts": {"token": "old-hunter", "tag": "x"},
        "proxy": "http://old@p",
        "same": "hunter2",
        "gone": "y",
    }
    new = {"opts": {"token": Secret("hunter2"), "tag": "z"}, "proxy": Secret("hunter2"), "same": Secret("hunter2")}
    assert lines(old, new) == (
        "gone: y → unset",
        "opts.tag: x → z",
        "opts.token: *** (a secret, changed)",
        "proxy: *** (a secret, changed)",
    )
    assert lines({}, new)[:2] == ("opts.tag: unset → z", "opts.token: unset → ***")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unset"),
        ("plain", "plain"),
        (Ref("worker-token"), "<worker-token>"),
        (Secret("hunter2"), "***"),
        ({"b": [1, True], "a": None}, '{"a": null, "b": [1, true]}'),
        ({"key": Secret("hunter2")}, '{"key": "***"}'),
        (False, "false"),
    ],
)
def test_show(value: Any, text: str) -> None:
    assert show(value) == text
