"""Names and rules of the lab's network."""

import pytest

from skep.lab import network
from skep.lab.spec import Lab, LabHost

LAB = Lab("h1", "10.84.0.0/24", (LabHost("bee-1", "10.84.0.11"),))
LISTING = """\
-P FORWARD DROP
-A FORWARD -i sk-h1 -m comment --comment skep-lab-h1 -j ACCEPT
-A FORWARD -i sk-h11 -m comment --comment skep-lab-h11 -j ACCEPT
-A FORWARD -i eth0 -m comment --comment "about skep-lab-h1" -j ACCEPT
-A FORWARD -i docker0 -j ACCEPT
"""


def test_the_longest_interface_name_fits_the_kernels_15_characters() -> None:
    longest = Lab("eightchr", "10.84.0.0/16", (LabHost("bee", "10.84.3.231"),))
    assert network.cable(longest, longest.hosts[0]) == "vb-eightchr-999"
    assert len(network.bridge("eightchr")) <= 15


def test_only_rules_with_exactly_the_labs_comment_are_removed() -> None:
    rule = "FORWARD -i sk-h1 -m comment --comment skep-lab-h1 -j ACCEPT"
    assert network.marked(LISTING, "skep-lab-h1") == [rule.split()]
    assert network.marked(LISTING, "skep-lab-h2") == []


def test_every_rule_is_marked_and_names_the_bridge() -> None:
    for table, rule in network.rules(LAB):
        assert table in ("filter", "nat")
        assert "skep-lab-h1" in rule
        assert "sk-h1" in rule


@pytest.mark.parametrize(
    ("routes", "found"),
    [
        ([("default", "eth0"), ("192.0.2.0/24", "eth0")], None),
        ([("10.84.0.128/25", "wg0")], "10.84.0.128/25, which this machine reaches by wg0"),
        ([("10.0.0.0/8", "tun0")], "10.0.0.0/8, which this machine reaches by tun0"),
        ([("10.84.0.7", "eth0")], "10.84.0.7, which this machine reaches by eth0"),
    ],
)
def test_a_subnet_the_machine_already_reaches_is_reported(routes: list[tuple[str, str]], found: str | None) -> None:
    assert network.overlapping("10.84.0.0/24", routes) == found
