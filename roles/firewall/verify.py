"""Swarm's ports in the firewall, as the firewall's own program shows them."""

from __future__ import annotations

import re

import pytest
from testinfra.host import Host as Remote

from skep.model import Cluster, Host, canonical, is_ip

SHOWING = (
    ("firewalld.service", "firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones"),
    ("ufw.service", "ufw status"),
    ("nftables.service", "nft list ruleset"),
)


def test_open_to_the_others(host: Remote, desired: Host, cluster: Cluster) -> None:
    """the firewall lets Swarm's ports through from every other host"""
    if not desired.open_firewall:
        pytest.skip("the inventory leaves firewalls alone")
    show = next((show for unit, show in SHOWING if host.service(unit).is_running), None)
    shown = host.run(show).stdout if show else ""
    if not shown.strip() or "Status: inactive" in shown:
        pytest.skip("no firewall is active")
    given = ((other.address, other.advertise) for other in cluster.hosts if other.name != desired.name)
    addresses = {canonical(text) for texts in given for text in texts if text and is_ip(text)}
    ours = [line for line in shown.splitlines() if any(port in line for port in ("2377", "7946"))]
    missing = sorted(address for address in addresses if not any(address in line for line in ours))
    assert not missing, f"the firewall of {desired.name} lets nothing of Swarm's through from {', '.join(missing)}"


def test_shut_to_strangers(host: Remote, desired: Host) -> None:
    """no rule of ours lets Swarm's ports through from everybody"""
    if not desired.open_firewall:
        pytest.skip("the inventory leaves firewalls alone")
    if host.service("nftables.service").is_running:
        shown = host.run("nft list ruleset").stdout
        ours = "".join(re.findall(r"chain skep_input \{\n(.*?)\n\t\}", shown, re.DOTALL))
        assert ours, f"nothing of ours is in nftables on {desired.name}"
        wide = [line.strip() for line in ours.splitlines() if line.strip().endswith("accept") and "saddr" not in line]
    else:
        text = host.run("cat /var/lib/skep/firewall").stdout
        wide = [line for line in text.splitlines()[1:] if "from" not in line and "source address" not in line]
    assert not wide, f"on {desired.name} these are open to everybody: {'; '.join(wide)}"
