"""Golden texts are written in place: nothing but the value changes, and in CI nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.golden import golden, rewritten

FILE = """\
# Cases.
- title: a plan  # kept
  given: {x: 1}
  plan: |
    one
      two

- title: empty
  plan: ""
# about the next
- title: several
  problems:
  - '1: a: b'
  - 'c ''d''
    e'

- title: last
  plan: |
    # no comment
"""


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        (0, "plan", "three\n\n  # four\n"),
        (0, "plan", ""),
        (1, "plan", "one\n"),
        (1, "problems", ["new: 'quoted'"]),
        (2, "problems", ["x " * 100, "y"]),
        (2, "problems", []),
        (3, "plan", "  indented\n"),
    ],
)
def test_only_that_value_changes(place: int, key: str, value: Any) -> None:
    expected = yaml.safe_load(FILE)
    expected[place][key] = value
    text = rewritten(FILE, place, key, value)
    assert yaml.safe_load(text) == expected
    for kept in ("# Cases.\n", "  # kept\n", "\n# about the next\n", "\n\n- title: empty\n", "\n\n- title: last\n"):
        assert kept in text


def test_a_file_of_documents_and_an_alias() -> None:
    documents = "title: a\nplan: |\n  x\n---\ntitle: b\nplan: z\n"
    assert rewritten(documents, 0, "plan", "y\n") == "title: a\nplan: |\n  y\n---\ntitle: b\nplan: z\n"
    text = "- title: a\n  plan: &p |\n    x\n- title: b\n  plan: *p\n"
    with pytest.raises(ValueError, match="alias"):
        rewritten(text, 1, "plan", "y\n")


def test_what_is_found_is_written_on_request_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cases.yml"
    path.write_text(FILE)
    case = yaml.safe_load(FILE)[0]
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("SKEP_GOLDEN", "write")
    assert golden(path, 0, case, "plan", "other\n") == case["plan"]
    with pytest.raises(AssertionError, match="the case has no 'problems'"):
        golden(path, 0, case, "problems", [])
    assert path.read_text() == FILE
    monkeypatch.delenv("CI")
    assert golden(path, 0, case, "plan", "other\n") == "other\n"
    assert yaml.safe_load(path.read_text())[0]["plan"] == "other\n"
