"""The labs of these tests and the cluster that most of them share: real hosts, so they need root on Debian."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.lab.rig")

from skep import lab  # noqa: E402
from tests.lab.rig.building import Building, build  # noqa: E402
from tests.lab.rig.environment import Environment  # noqa: E402
from tests.lab.rig.hosts import AS_DELIVERED, Hosts  # noqa: E402
from tests.lab.rig.machine import heed_stops, only_ours, undisturbed  # noqa: E402

PLACES = {"m1": 11, "m2": 12, "m3": 13, "w1": 21, "w2": 22}
MIXED = {"m1": "bookworm", "m2": "trixie", "m3": "forky"}
NEWER = dict.fromkeys(PLACES, "trixie")
VENDOR = {"m1": "trixie", "w1": "el9"}


def _lab(
    name: str, subnet: str, hosts: Iterable[str], suites: Mapping[str, str] | None = None, *, packages: bool = False
) -> lab.Lab:
    network = subnet.rpartition(".")[0]
    return lab.Lab(
        name,
        subnet,
        tuple(lab.LabHost(host, f"{network}.{PLACES[host]}", (suites or {}).get(host, "bookworm")) for host in hosts),
        packages=packages,
    )


LABS = {
    "test": _lab("test", "10.86.0.0/24", PLACES),
    "mixed": _lab("mixed", "10.87.0.0/24", MIXED, MIXED),
    "demo": _lab("demo", "10.85.0.0/24", PLACES),
    "beside": _lab("beside", "10.86.9.0/24", PLACES, NEWER),
    "vendors": _lab("vendors", "10.86.5.0/24", ["m1"], {"m1": "trixie"}, packages=True),
    "own": _lab("own", "10.86.2.0/24", ["m1"]),
    "rpm": _lab("rpm", "10.86.3.0/24", VENDOR, VENDOR, packages=True),
    "pair": _lab("pair", "10.86.4.0/24", ["m1", "w1"]),
    "bare": _lab("bare", "10.86.1.0/24", ["m1", "m2", "m3", "w1"]),
}
"""All labs of these tests. No other is touched."""
BESIDE = ("test_converged.py", "test_images.py", "test_own_repository.py", "test_stacks.py", "test_vendor.py")
"""Tests that make up a run of their own, which shares a second cluster: so all three runs take equally long."""
PASSED = pytest.StashKey[bool]()


def pytest_configure() -> None:
    """Take the labs down however the run is stopped."""
    heed_stops()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that share the first cluster, and those of the run beside: they and all others run side by side.
    Those that share a cluster come last: it costs while it is up, even when nobody asks."""
    for item in items:
        if item.path.name in BESIDE:
            item.add_marker("beside")
        elif _shares(item):
            item.add_marker("cluster")
    items.sort(key=_shares)


def _shares(item: pytest.Item) -> bool:
    return "building" in getattr(item, "fixturenames", ())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test passed, for the fixture that fixes after one that did not."""
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def machine(pytestconfig: pytest.Config) -> Iterator[Callable[[str], Hosts]]:
    """A maker of labs by name; each then belongs to this run."""
    with only_ours(pytestconfig, LABS) as maker:
        yield maker


@pytest.fixture(scope="session")
def building(
    machine: Callable[[str], Hosts], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Building:
    """From five bare hosts to a cluster, once, with all that was seen on the way."""
    first = any(item.get_closest_marker("cluster") for item in request.session.items)
    name = "test" if first else "beside"
    return build(Environment(machine(name), tmp_path_factory.mktemp(name), health=False))


@pytest.fixture
def cluster(building: Building, request: pytest.FixtureRequest) -> Iterator[Environment]:
    """The cluster that tests share: as described before each of them, fixed or built anew after one that failed."""
    environment = building.environment
    if not building.intact:
        ran = environment.tool("cluster.up")
        if ran.exit:
            environment.hosts.renew()
            environment.up()
    building.intact = False
    yield environment
    building.intact = request.node.stash.get(PASSED, False)


@contextmanager
def _alone(hosts: Hosts, folder: Path, *, health: bool = True) -> Iterator[Environment]:
    """Bare hosts for one test alone; their lab is taken down after it."""
    hosts.renew()
    yield Environment(hosts, folder, health=health)
    with undisturbed():
        lab.down(hosts.spec.name)


@pytest.fixture
def bare(machine: Callable[[str], Hosts], tmp_path: Path) -> Iterator[Environment]:
    """Four bare hosts, three of them to become managers, for one test alone."""
    with _alone(machine("bare"), tmp_path, health=False) as environment:
        yield environment


@pytest.fixture
def pair(machine: Callable[[str], Hosts], tmp_path: Path) -> Iterator[Environment]:
    """Two bare hosts, a manager and a worker, for one test alone."""
    with _alone(machine("pair"), tmp_path, health=False) as environment:
        yield environment


@pytest.fixture
def mixed(machine: Callable[[str], Hosts], tmp_path: Path) -> Iterator[Environment]:
    """Three bare hosts, each of another Debian release, whose packages come from Debian alone."""
    with _alone(machine("mixed"), tmp_path) as environment:
        environment.hosts.each(AS_DELIVERED)
        yield environment


@pytest.fixture
def rpm(machine: Callable[[str], Hosts], tmp_path: Path) -> Iterator[Environment]:
    """Two bare hosts, one with apt and one with dnf, and repositories in the vendor's layout for both."""
    with _alone(machine("rpm"), tmp_path) as environment:
        yield environment


@pytest.fixture
def vendors(machine: Callable[[str], Hosts], tmp_path: Path) -> Iterator[Environment]:
    """A bare host, and package repositories on its gateway."""
    with _alone(machine("vendors"), tmp_path) as environment:
        yield environment
