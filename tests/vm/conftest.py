"""Virtual machines with Debian's own kernel, and the cluster on them that all these tests share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

pytest.register_assert_rewrite("tests.lab.rig", "tests.vm.whole")

from skep import lab  # noqa: E402
from tests.lab.rig.hosts import Hosts  # noqa: E402
from tests.lab.rig.machine import heed_stops, only_ours  # noqa: E402
from tests.lab.rig.tool import Ran  # noqa: E402
from tests.vm.whole import LIMIT, Progress, Whole  # noqa: E402

LAB = lab.Lab(
    "vm",
    "10.89.0.0/24",
    tuple(lab.LabHost(f"m{number}", f"10.89.0.1{number}") for number in (1, 2, 3)),
    backend="vm",
)
PROGRESS = pytest.StashKey[Progress]()


def pytest_configure(config: pytest.Config) -> None:
    """Take the lab down however the run is stopped. With ``-s`` it is seen how things go while a test runs."""
    heed_stops()
    config.stash[PROGRESS] = Progress()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The figures."""
    terminalreporter.section("figures")
    for figure in config.stash[PROGRESS].figures:
        terminalreporter.write_line(figure)


@dataclass(repr=False)
class Built:
    """A cluster, and what was said on the way."""

    whole: Whole
    plan: Ran
    up: Ran


@pytest.fixture(scope="session")
def built(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Three machines, then a swarm with an encrypted network and the stack ``mesh``."""
    progress = pytestconfig.stash[PROGRESS]
    with only_ours(pytestconfig, {LAB.name: LAB}, alone=True) as maker:
        maker(LAB.name)
        with progress.stage("three machines up"):
            lab.up(LAB, say=progress.say)
        whole = Whole(Hosts(LAB, limit=LIMIT), tmp_path_factory.mktemp("vm"), progress)
        plan = whole.run("plan", whole.tool, "cluster.plan")
        yield Built(whole, plan, whole.run("up, without verify", whole.tool, "cluster.up", "--verify", "never"))


@pytest.fixture
def whole(built: Built) -> Whole:
    """The cluster, which must have come up."""
    built.up.must()
    return built.whole
