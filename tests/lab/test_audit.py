"""An audit of real hosts: what is broken by hand is exactly what is found, and the remedy as printed ends it."""

from __future__ import annotations

import pytest

from tests.lab.rig.environment import Environment
from tests.lab.rig.tool import Ran

UPGRADES = """set -e
mkdir -p /root/fake/DEBIAN
printf 'Package: unattended-upgrades\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\nDescription: x\\n' \
> /root/fake/DEBIAN/control
dpkg-deb -b /root/fake /root/fake.deb >/dev/null
dpkg -i /root/fake.deb >/dev/null
echo 'APT::Periodic::Unattended-Upgrade "1";' > /etc/apt/apt.conf.d/99fake
"""
NO_UPGRADES = """
apt-mark unhold docker.io containerd runc >/dev/null
dpkg -P unattended-upgrades >/dev/null
rm -rf /root/fake /root/fake.deb /etc/apt/apt.conf.d/99fake
"""
TIDY = "docker image prune --force; docker volume ls --quiet --filter dangling=true | xargs -r docker volume rm"

BROKEN = {
    ("images-dangling", "w1"): "tar -cf - /etc/hostname | docker import - >/dev/null",
    ("volumes-dangling", "w1"): "docker volume create stray",
    ("upgrades-unattended", "w2"): UPGRADES,
    ("cis-3.6", "m3"): "chmod 775 /etc/docker",
    ("cis-3.17", "m3"): "chown 1:1 /etc/docker/daemon.json",
}


def audited(cluster: Environment) -> tuple[Ran, dict[tuple[str, str], dict[str, str]]]:
    """What is found, by id and host."""
    ran = cluster.tool("cluster.audit", "--profile", "cis")
    assert ran.exit in (0, 11), f"{ran}"
    (event,) = ran.named("audit")
    assert event["counts"]["not seen"] == 0, f"{[one for one in event['results'] if one['status'] == 'not seen']}"
    findings = [one for one in event["results"] if one["status"] == "finding"]
    return ran, {(one["id"], one["host"] or one["stack"] or "cluster"): one for one in findings}


@pytest.fixture
def put_right(cluster: Environment) -> object:
    """What remedies leave of the breaking goes."""
    yield
    cluster.hosts.run("w2", NO_UPGRADES)


def test_what_is_broken_is_found_and_the_remedy_as_printed_ends_it(cluster: Environment, put_right: object) -> None:
    cluster.hosts.run("w1", TIDY)
    _, before = audited(cluster)
    for (_, host), script in BROKEN.items():
        cluster.hosts.run(host, script)
    ran, found = audited(cluster)
    assert set(found) - set(before) == set(BROKEN), f"{ran.error}"
    assert set(before) <= set(found)
    for identity, host in BROKEN:
        one = found[identity, host]
        assert one["on"] == "host" and one["evidence"], f"{one}"
        cluster.hosts.run(host, one["remedy"])
    _, after = audited(cluster)
    assert set(after) == set(before)
