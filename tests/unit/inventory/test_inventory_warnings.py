"""Inventories that load, with what they are warned of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.errors import InventoryError
from tests.golden import golden

FILE = Path(__file__).parent / "warnings.yml"
CASES = yaml.safe_load(FILE.read_text())


def test_warnings_stand_beside_errors(load_text: Callable[[str], object]) -> None:
    text = "hosts:\n  m1: {address: 10.0.0.1, role: manager, colour: red}\n  m2: {address: 10.0.0.2, role: manager}\n"
    with pytest.raises(InventoryError) as raised:
        load_text(text)
    assert [len(raised.value.problems), len(raised.value.warnings)] == [1, 1]


@pytest.mark.golden
@pytest.mark.parametrize(("place", "case"), list(enumerate(CASES)), ids=[case["case"] for case in CASES])
def test_warnings_are_these(place: int, case: dict[str, Any], warnings_of: Callable[[str], list[str]]) -> None:
    warnings = warnings_of(case["inventory"])
    assert warnings == golden(FILE, place, case, "warnings", warnings)
