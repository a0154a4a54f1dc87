"""Malformed inventories: every problem of each, in the very words, and never a secret in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.errors import InventoryError, UsageError
from skep.inventory import load
from tests.golden import golden

FILES = sorted((Path(__file__).parent / "bad").glob("*.yml"))
CASES = [(file, place, case) for file in FILES for place, case in enumerate(yaml.safe_load(file.read_text()))]

IDS = [f"{file.stem}: {case['case']}" for file, _, case in CASES]

Problems = Callable[[str | bytes], list[str]]


def test_there_are_enough_cases_and_no_name_twice() -> None:
    names = [(file, case["case"]) for file, _, case in CASES]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.golden
@pytest.mark.parametrize(("file", "place", "case"), CASES, ids=IDS)
def test_problems_are_these(file: Path, place: int, case: dict[str, Any], problems_of: Problems) -> None:
    problems = problems_of(case["inventory"])
    assert problems == golden(file, place, case, "problems", problems)
    assert problems, "a malformed inventory must have a problem"
    assert not any("hunter2" in problem for problem in problems)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfeh", "1: the file is not UTF-8 text"),
        (b"hosts:\n  m1: \xe9\n", "2: the file is not UTF-8 text"),
        (b"# " + b"x" * (1024 * 1024), "1: the file is larger than 1024 KiB"),
        (b"[" * 100_000, "1: nested more than 32 levels deep"),
        (b"a: " * 50_000, "1: not valid YAML: a ':' where none may be"),
    ],
)
def test_content_that_is_no_text_or_too_much(content: bytes, problem: str, problems_of: Problems) -> None:
    (found,) = problems_of(content)
    assert found.startswith(problem)


def test_thousands_of_problems_are_counted_not_printed(problems_of: Problems) -> None:
    text = "hosts:\n" + "".join(f"  m{number}: {{adress: x, roll: y}}\n" for number in range(3000))
    problems = problems_of(text)
    assert len(problems) == 1001
    assert problems[-1].endswith("errors more")


def test_problems_name_the_file_as_the_user_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inventory").mkdir()
    file = tmp_path / "inventory" / "prod.yml"
    file.write_text("hosts:\n  m2: {address: 10.0.0.11, role: manger}\n")
    monkeypatch.chdir(tmp_path)
    expected = "inventory/prod.yml:2: hosts.m2.role: must be manager or worker, not 'manger' (did you mean 'manager'?)"
    for path in (Path("inventory/prod.yml"), file):
        with pytest.raises(InventoryError) as raised:
            load(path, environ={})
        assert raised.value.problems == [expected]
        assert raised.value.exit_code == 2


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for path in (tmp_path / "nope.yml", tmp_path):
        with pytest.raises(UsageError, match=re.escape(str(path))):
            load(path, environ={})
