"""Two fresh swarms, each with the whole corpus deployed by Docker's CLI and by us: once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.register_assert_rewrite("comparing", "swarms")

from comparing import (  # noqa: E402
    CASES,
    CORPUS,
    Held,
    deploy_ours,
    deploy_theirs,
    fits,
    held,
    listed,
    read_by_theirs,
)
from swarms import ENGINES, LAB, Swarm  # noqa: E402

from roles.stacks.state import Told  # noqa: E402
from skep import lab  # noqa: E402
from tests.lab.rig.leftovers import must_be_gone  # noqa: E402
from tests.lab.rig.turn import turn  # noqa: E402


@dataclass
class Findings:
    """What one engine held, by case, and what was refused."""

    theirs: dict[str, Held]
    ours: dict[str, Held]
    again: dict[str, Held]
    told: dict[str, Told]
    """The swarm's raw lists after ``theirs`` and ``ours``."""
    refused: dict[str, str]
    """By Docker's CLI on the empty swarm."""
    refused_ours: dict[str, str]
    refused_renders: dict[str, str]
    """By Docker's CLI of what we render."""
    refused_again: dict[str, str]
    """By Docker's CLI over what we had deployed: the Engine refuses a config or secret of another content."""


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[dict[str, Findings]]:
    """The findings of all engines."""
    assert not lab.unsupported(), lab.unsupported()
    with turn(pytestconfig):
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
        refused_renders = read_by_theirs(swarm, cases)
        refused = deploy_theirs(swarm, cases)
        theirs, told_theirs = held(swarm), listed(swarm)
        swarm.clear()
        refused_ours = deploy_ours(swarm, cases)
        ours, told_ours = held(swarm), listed(swarm)
        refused_again = deploy_theirs(swarm, cases)
        told = {"theirs": told_theirs, "ours": told_ours}
        return Findings(theirs, ours, held(swarm), told, refused, refused_ours, refused_renders, refused_again)
    finally:
        swarm.stop()
