"""Two fresh swarms, each with the whole corpus deployed by Docker's CLI and by us: once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.register_assert_rewrite("comparing", "swarms")

from comparing import CASES, CORPUS, Held, deploy_ours, deploy_theirs, fits, held  # noqa: E402
from swarms import ENGINES, LAB, Swarm  # noqa: E402

from skep import lab  # noqa: E402
from tests.lab.rig.leftovers import must_be_gone  # noqa: E402


@dataclass
class Findings:
    """What one engine held, by case, and what was refused."""

    theirs: dict[str, Held]
    ours: dict[str, Held]
    again: dict[str, Held]
    refused: dict[str, str]
    """By Docker's CLI on the empty swarm."""
    refused_ours: dict[str, str]
    refused_again: dict[str, str]
    """By Docker's CLI over what we had deployed: the Engine refuses a config or secret of another content."""


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Findings]]:
    """The findings of all engines."""
    assert not lab.unsupported(), lab.unsupported()
    lab.down(LAB.name)
    try:
        lab.up(LAB)
        folder = tmp_path_factory.mktemp("api")
        with ThreadPoolExecutor(len(ENGINES)) as threads:
            yield dict(zip(ENGINES, threads.map(lambda engine: _compare(engine, folder), ENGINES), strict=True))
    finally:
        lab.down(LAB.name)
    must_be_gone([LAB.name])


def _compare(engine: str, folder: Path) -> Findings:
    swarm = Swarm(engine, folder)
    cases = [case for case in CASES if fits(case, engine)]
    try:
        swarm.start(CORPUS)
        refused = deploy_theirs(swarm, cases)
        theirs = held(swarm)
        swarm.clear()
        refused_ours = deploy_ours(swarm, cases)
        ours = held(swarm)
        refused_again = deploy_theirs(swarm, cases)
        return Findings(theirs, ours, held(swarm), refused, refused_ours, refused_again)
    finally:
        swarm.stop()
