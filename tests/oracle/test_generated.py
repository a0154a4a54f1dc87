"""Files by a grammar: Docker's CLI and we take the same ones, and the Engine then holds the same.

``SKEP_ORACLE_FILES=500 pytest tests/oracle/test_generated.py`` is the whole of it; ``SKEP_ORACLE_SEED`` is the first
seed.
"""

from __future__ import annotations

import pytest
from judging import Judgement, desired
from swarms import ENGINES


@pytest.mark.parametrize("engine", ENGINES)
def test_what_one_alone_takes_the_docs_say(judged: dict[str, Judgement], engine: str) -> None:
    if judged[engine].surprises:
        pytest.fail("\n\n".join(judged[engine].surprises), pytrace=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_both_take_is_the_same_then(judged: dict[str, Judgement], engine: str) -> None:
    if judged[engine].differences:
        pytest.fail("\n\n".join(judged[engine].differences), pytrace=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_files_of_both_kinds_came(judged: dict[str, Judgement], engine: str) -> None:
    counts = judged[engine].counts
    print(f"{engine}, seeds from {desired()[0]}: {dict(counts)}")
    assert counts["taken by both"] > sum(counts.values()) / 5
    assert counts["refused by both"] > sum(counts.values()) / 10
