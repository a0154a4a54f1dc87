"""An audit of real hosts: what is broken by hand is exactly what is found, and the remedy as printed ends it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab.rig.environment import Environment

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


def audited(cluster: Environment) -> dict[tuple[str, str], dict[str, str]]:
    """What is found of what is broken here, by id and host."""
    ran = cluster.tool("cluster.audit", "--profile", "cis", "--limit", ",".join(sorted({host for _, host in BROKEN})))
    assert ran.exit in (0, 11), f"{ran}"
    (event,) = ran.named("audit")
    ids = {identity for identity, _ in BROKEN}
    return {
        (one["id"], one["host"]): one for one in event["results"] if one["status"] == "finding" and one["id"] in ids
    }


@pytest.fixture
def put_right(cluster: Environment) -> Iterator[None]:
    """What remedies leave of the breaking goes."""
    cluster.hosts.each(TIDY)
    yield
    cluster.hosts.run("w2", NO_UPGRADES)


@pytest.mark.usefixtures("put_right")
def test_what_is_broken_is_found_there_alone_and_the_remedy_as_printed_ends_it(cluster: Environment) -> None:
    for (_, host), script in BROKEN.items():
        cluster.hosts.run(host, script)
    found = audited(cluster)
    assert set(found) == set(BROKEN), f"{found}"
    for (_, host), one in found.items():
        assert one["on"] == "host" and one["evidence"], f"{one}"
        cluster.hosts.run(host, re.sub("look first: |then: ", "", one["remedy"]))
    assert audited(cluster) == {}
