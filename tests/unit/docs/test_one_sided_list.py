"""The docs' list of what only one of the two takes is that of the cases that the real CLI is asked about."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from skep.compose import ComposeError, convert, load

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests/oracle"))

from onesided import CASES, block  # noqa: E402


def test_the_docs_have_the_list() -> None:
    assert block() in (ROOT / "docs/stacks.md").read_text(), f"put this into docs/stacks.md:\n\n{block()}"


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_skep_takes_and_refuses_as_listed(case: dict[str, str]) -> None:
    files = {"compose.yml": case["compose"].encode()}
    if case["by"] == "skep":
        assert convert(load(files, ["compose.yml"], variables={}), "web").services
        return
    with pytest.raises(ComposeError):
        convert(load(files, ["compose.yml"], variables={}), "web")
