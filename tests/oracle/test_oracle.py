"""What we send is what ``docker stack deploy`` sends: the Engine holds the same after either."""

from __future__ import annotations

import pytest
from cases import Case, corpus
from comparing import differences, steps
from conftest import Findings
from swarms import ENGINES

CASES = corpus()
PAIRS = [(engine, case) for engine in ENGINES for case in CASES if not case.engines or engine in case.engines]
NAMES = [f"{engine} {case.name}" for engine, case in PAIRS]


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize(("engine", "case"), PAIRS, ids=NAMES)
def test_the_engine_holds_the_same(found: dict[str, Findings], engine: str, case: Case) -> None:
    seen = found[engine]
    assert case.name not in seen.refused, f"Docker's CLI refuses the file:\n{seen.refused[case.name]}"
    assert case.name not in seen.refused_ours, f"ours is refused: {seen.refused_ours[case.name]}"
    assert seen.theirs[case.name]["services"], "nothing was deployed"
    assert not list(differences(seen.theirs[case.name], seen.ours[case.name]))


@pytest.mark.parametrize(("engine", "case"), PAIRS, ids=NAMES)
def test_the_cli_finds_its_own_in_ours(found: dict[str, Findings], engine: str, case: Case) -> None:
    seen = found[engine]
    assert case.name not in seen.refused_again, (
        f"Docker's CLI refuses what we deployed:\n{seen.refused_again[case.name]}"
    )
    assert not list(differences(seen.ours[case.name], seen.again[case.name]))


@pytest.mark.parametrize(("engine", "case"), PAIRS, ids=NAMES)
def test_the_cli_reads_what_we_render(found: dict[str, Findings], engine: str, case: Case) -> None:
    refused = found[engine].refused_renders
    assert case.name not in refused, f"Docker's CLI refuses what stack.render prints:\n{refused[case.name]}"


@pytest.mark.parametrize("whose", ["theirs", "ours"])
@pytest.mark.parametrize(("engine", "case"), PAIRS, ids=NAMES)
def test_the_planner_finds_nothing_to_do(found: dict[str, Findings], engine: str, case: Case, whose: str) -> None:
    assert steps(case, found[engine].listed[whose]) == []
