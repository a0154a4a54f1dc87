"""What CONTRIBUTING says of the tests' places."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[3]
OTHERS = {"docs"}
"""Folders that mirror something else, as CONTRIBUTING says."""


def test_a_folder_of_unit_tests_is_a_room_or_a_module() -> None:
    folders = {path.name for path in (ROOT / "tests/unit").iterdir() if any(path.glob("test_*.py"))}
    assert len(folders) > 10
    known = {path.stem for path in (ROOT / "skep").iterdir()}
    assert folders - OTHERS <= known, f"of no room of skep/: {folders - OTHERS - known}"


def test_a_folder_of_cases_is_a_role() -> None:
    folders = {path.parent.name for path in (ROOT / "tests/roles").glob("*/*.yml")}
    assert folders == {"together", *(path.parent.name for path in (ROOT / "roles").glob("*/role.py"))}
