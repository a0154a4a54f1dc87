"""Nothing that we pass is refused by an engine, and nothing that we refuse is taken: files made by chance tell.

``SKEP_FUZZ_FILES=5000 SKEP_FUZZ_SEED=0 pytest tests/oracle/test_refusals.py`` is the whole of it.
"""

from __future__ import annotations

import pytest
from refusing import ENGINES, Outcome, Refused, seeds


@pytest.mark.parametrize("engine", ENGINES)
def test_what_we_pass_no_engine_refuses(outcomes: dict[str, Outcome], engine: str) -> None:
    if outcomes[engine].surprises:
        pytest.fail(described(outcomes[engine].surprises), pytrace=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_we_refuse_no_engine_takes(outcomes: dict[str, Outcome], engine: str) -> None:
    if outcomes[engine].strict:
        pytest.fail(described(outcomes[engine].strict), pytrace=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_files_of_both_kinds_came_and_nothing_stayed(outcomes: dict[str, Outcome], engine: str) -> None:
    counts, left = outcomes[engine].counts, outcomes[engine].left
    print(f"{engine}, seeds from {seeds().start}: {dict(counts)}")
    assert counts["refused by both"] > sum(counts.values()) / 5
    assert counts["taken by both"] > sum(counts.values()) / 5
    assert not left


def described(refused: list[Refused]) -> str:
    """Each with its seed, so that it can be had again."""
    return "\n".join(f"{engine}, seed {seed}: {said.strip()}\n  {text[:500]}" for engine, seed, said, text in refused)
