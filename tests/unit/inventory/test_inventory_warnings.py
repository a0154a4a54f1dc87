"""Inventories that load, with what they are warned of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = yaml.safe_load((Path(__file__).parent / "warnings.yml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_warnings_are_these(case: dict[str, Any], warnings_of: Callable[[str], list[str]]) -> None:
    assert warnings_of(case["inventory"]) == case["warnings"]
