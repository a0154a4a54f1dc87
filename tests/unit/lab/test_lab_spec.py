"""A lab's description: what it derives and what it refuses."""

import pytest

from skep.errors import LabError
from skep.lab.spec import Lab, LabHost, from_document, to_document

BEES = (LabHost("bee-1", "10.83.0.11"), LabHost("bee-2", "10.83.0.12", "trixie"))
LAB = Lab("lab", "10.83.0.0/24", BEES)


def test_gateway_and_registry_are_the_first_address() -> None:
    assert LAB.gateway == "10.83.0.1"
    assert LAB.registry == "10.83.0.1:5000"
    assert LAB.prefix_length == 24


def test_number_is_the_place_in_the_subnet() -> None:
    wide = Lab("wide", "10.83.0.0/16", (LabHost("far", "10.83.1.4"),))
    assert LAB.number(BEES[0]) == 11
    assert wide.number(wide.hosts[0]) == 260


def test_host_is_found_by_name() -> None:
    assert LAB.host("bee-2") is BEES[1]
    with pytest.raises(LabError, match="it has: bee-1, bee-2"):
        LAB.host("wasp")


def test_the_document_comes_back_as_the_same_lab() -> None:
    assert from_document(to_document(LAB)) == LAB
    served = Lab("lab", "10.83.0.0/24", BEES, packages=True)
    assert from_document(to_document(served)) == served


def test_another_document_is_refused() -> None:
    with pytest.raises(LabError, match="not readable"):
        from_document({"name": "lab"})


@pytest.mark.parametrize("name", ["", "Lab", "lab-1", "ninechars", "../x", "a b"])
def test_lab_names_that_would_not_fit_everywhere(name: str) -> None:
    with pytest.raises(LabError, match="lab name"):
        Lab(name, "10.83.0.0/24", ())


@pytest.mark.parametrize("subnet", ["10.83.0.1/24", "8.8.8.0/24", "10.83.0.0/30", "fd00::/64", "lab"])
def test_subnets_that_are_none_for_a_lab(subnet: str) -> None:
    with pytest.raises(LabError, match="lab subnet"):
        Lab("lab", subnet, ())


@pytest.mark.parametrize("address", ["10.83.0.1", "10.83.0.0", "10.83.0.255", "10.84.0.11", "10.82.255.255"])
def test_addresses_outside_or_taken(address: str) -> None:
    with pytest.raises(LabError, match="does not fit"):
        Lab("lab", "10.83.0.0/24", (LabHost("bee", address),))


def test_names_and_addresses_occur_once() -> None:
    with pytest.raises(LabError, match=r"10\.83\.0\.11 occurs twice"):
        Lab("lab", "10.83.0.0/24", (BEES[0], LabHost("bee-3", "10.83.0.11")))
    with pytest.raises(LabError, match="bee-1 occurs twice"):
        Lab("lab", "10.83.0.0/24", (BEES[0], LabHost("bee-1", "10.83.0.13")))


@pytest.mark.parametrize(
    ("name", "address", "suite", "message"),
    [
        ("Bee", "10.83.0.11", "bookworm", "host name"),
        ("bee/..", "10.83.0.11", "bookworm", "host name"),
        ("bee", "10.83.0", "bookworm", "not an IPv4 address"),
        ("bee", "10.83.0.11", "jessie", "known: bookworm, trixie, forky, el9"),
    ],
)
def test_hosts_that_cannot_be(name: str, address: str, suite: str, message: str) -> None:
    with pytest.raises(LabError, match=message):
        LabHost(name, address, suite)


def test_a_host_that_passes_for_another_distribution_is_a_container() -> None:
    host = LabHost("bee", "10.83.0.11", "el9")
    assert Lab("lab", "10.83.0.0/24", (host,)).hosts == (host,)
    with pytest.raises(LabError, match="no virtual machine passes for el9"):
        Lab("lab", "10.83.0.0/24", (host,), backend="vm")
