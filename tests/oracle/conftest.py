"""A fresh swarm of each engine, with the whole corpus deployed by Docker's CLI and by us: once for all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import pytest

pytest.register_assert_rewrite("comparing", "deploying", "judging", "refusing", "swarms")

from cases import corpus  # noqa: E402
from comparing import Held, held, listed  # noqa: E402
from deploying import deploy_ours, deploy_theirs, read_by_theirs  # noqa: E402
from grammar import generated  # noqa: E402
from judging import Judgement, desired, judge  # noqa: E402
from refusing import ENGINES as RULED  # noqa: E402
from refusing import Outcome, compare, seeds  # noqa: E402
from swarms import ENGINES, LAB, Swarm  # noqa: E402

from roles.stacks.state import SwarmObjects  # noqa: E402
from skep import lab  # noqa: E402
from tests.lab.rig.machine import heed_stops, only_ours  # noqa: E402

T = TypeVar("T")


@dataclass
class Findings:
    """What one engine held, by case, and what was refused."""

    theirs: dict[str, Held]
    ours: dict[str, Held]
    again: dict[str, Held]
    listed: dict[str, SwarmObjects]
    """The swarm's raw lists after ``theirs`` and ``ours``."""
    refused: dict[str, str]
    """By Docker's CLI on the empty swarm."""
    refused_ours: dict[str, str]
    refused_renders: dict[str, str]
    """By Docker's CLI of what we render."""
    refused_again: dict[str, str]
    """By Docker's CLI over what we had deployed: the Engine refuses a config or secret of another content."""


def pytest_configure() -> None:
    """Take the lab down however the run is stopped."""
    heed_stops()


@pytest.fixture(scope="session")
def swarms(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[dict[str, Swarm]]:
    """A swarm of each engine."""
    with only_ours(pytestconfig, {LAB.name: LAB}) as maker:
        maker(LAB.name)
        folder = tmp_path_factory.mktemp("api")
        made = {engine: Swarm(engine, folder) for engine in ENGINES}
        try:
            lab.up(LAB)
            _each(made, Swarm.start)
            yield made
        finally:
            for swarm in made.values():
                swarm.stop()


@pytest.fixture(scope="session")
def found(swarms: dict[str, Swarm]) -> dict[str, Findings]:
    """The findings of all engines."""
    return _each(swarms, _compare)


@pytest.fixture(scope="session")
def outcomes(swarms: dict[str, Swarm]) -> dict[str, Outcome]:
    """What each engine and we said of files made by chance."""
    return _each({engine: swarms[engine] for engine in RULED}, lambda swarm: compare(swarm, seeds()))


@pytest.fixture(scope="session")
def judged(swarms: dict[str, Swarm]) -> dict[str, Judgement]:
    """What Docker's CLI of each engine and we made of generated files."""
    cases = generated(*desired())
    return _each(swarms, lambda swarm: judge(swarm, cases))


def _each(swarms: dict[str, Swarm], of: Callable[[Swarm], T]) -> dict[str, T]:
    with ThreadPoolExecutor(len(swarms)) as threads:
        return dict(zip(swarms, threads.map(of, swarms.values()), strict=True))


def _compare(swarm: Swarm) -> Findings:
    cases = [case for case in corpus() if not case.engines or swarm.engine in case.engines]
    refused = deploy_theirs(swarm, cases)
    refused_renders = read_by_theirs(swarm, cases)
    theirs, listed_theirs = held(swarm), listed(swarm)
    swarm.clear()
    refused_ours = deploy_ours(swarm, cases)
    ours, listed_ours = held(swarm), listed(swarm)
    refused_again = deploy_theirs(swarm, cases)
    again = held(swarm)
    swarm.clear()
    lists = {"theirs": listed_theirs, "ours": listed_ours}
    return Findings(theirs, ours, again, lists, refused, refused_ours, refused_renders, refused_again)
