"""An audit of real hosts: what is broken by hand is exactly what is found, and the remedies as printed end it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bench.asking import move
from skep.audit.controls import all_controls
from tests.lab.rig.audits import DROP_IN, Audited, Break, Place
from tests.lab.rig.certificates import FOLDER, aged
from tests.lab.rig.environment import Environment
from tests.lab.rig.hosts import until

OWN = "w1"
"""The host whose daemon.json is broken by the inventory."""
OTHER = "w2"
"""The host that is broken by hand."""
STACK = "risky"
UPGRADES = """set -e
mkdir -p /root/fake/DEBIAN
printf 'Package: unattended-upgrades\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\nDescription: x\\n' \
> /root/fake/DEBIAN/control
dpkg-deb -b /root/fake /root/fake.deb >/dev/null
dpkg -i /root/fake.deb >/dev/null
systemctl --quiet unmask apt-daily-upgrade.timer
systemctl --quiet enable apt-daily-upgrade.timer
echo 'APT::Periodic::Unattended-Upgrade "1";' > /etc/apt/apt.conf.d/99fake
"""
SSHD = """docker run --detach --name sshd busybox:1.36 sh -c \
"printf '#!/bin/sh\\nsleep 3600\\n' >/tmp/sshd; chmod +x /tmp/sshd; exec /tmp/sshd" """
FULL = """set -e
mkdir -p /boot
mount -t tmpfs -o size=1m,nr_inodes=20 none /boot
head -c 1000000 /dev/zero >/boot/filled
for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do : >/boot/$number; done
"""
AUDITD = """set -e
mkdir -p /etc/audit/rules.d
printf '#!/bin/sh\\ncat /etc/audit/rules.d/*.rules 2>/dev/null || echo No rules\\n' >/usr/local/sbin/auditctl
printf '#!/bin/sh\\n' >/usr/local/sbin/augenrules
chmod +x /usr/local/sbin/auditctl /usr/local/sbin/augenrules
"""
"""Stand-ins: a container has no part in the kernel's audit."""
OPEN = f"""set -e
mkdir -p {DROP_IN.rpartition("/")[0]}
printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://127.0.0.1:2375\\n' >{DROP_IN}
systemctl daemon-reload
systemctl restart docker
"""
FILES = {
    ("cis-3.1", "cis-3.2"): ("$(systemctl show --property=FragmentPath --value docker.service)", "666"),
    ("cis-3.3", "cis-3.4"): ("$(systemctl show --property=FragmentPath --value docker.socket)", "646"),
    ("cis-3.5", "cis-3.6"): ("/etc/docker", "775"),
    ("cis-3.7", "cis-3.8"): ("/etc/docker/certs.d/r.example.com/ca.crt", "644"),
    ("cis-3.15", "cis-3.16"): ("/run/docker.sock", "666"),
    ("cis-3.17", "cis-3.18"): ("/etc/docker/daemon.json", "664"),
    ("cis-3.19", "cis-3.20"): ("/etc/default/docker", "666"),
    ("cis-3.22", "cis-3.21"): ("/etc/sysconfig/docker", "666"),
    ("cis-3.23", "cis-3.24"): ("/run/containerd/containerd.sock", "666"),
}
"""Files by the ids about owner and mode."""
RIGHT = {
    "/etc/docker/certs.d/r.example.com/ca.crt": "",
    "/etc/sysconfig/docker": "",
    "/etc/docker": "root:root 755",
    "/run/docker.sock": "root:docker 660",
    "/run/containerd/containerd.sock": "root:root 660",
}
"""Owner and mode of files that a test which failed may leave otherwise; those that are made here go."""
MADE = "mkdir -p /etc/docker/certs.d/r.example.com /etc/sysconfig; touch"
TLS = {"tlscacert": ("cis-3.9", "cis-3.10"), "tlscert": ("cis-3.11", "cis-3.12"), "tlskey": ("cis-3.13", "cis-3.14")}
BY_HAND: dict[Place, Break] = {
    ("images-dangling", OTHER): Break(OTHER, "tar -cf - /etc/hostname | docker import - >/dev/null"),
    ("volumes-dangling", OTHER): Break(OTHER, "docker volume create stray"),
    ("upgrades-unattended", OTHER): Break(OTHER, UPGRADES),
    ("disk-use", OTHER): Break(OTHER, FULL, after="rm /boot/filled"),
    ("inode-use", OTHER): Break(OTHER, ":", after="rm /boot/1*"),
    ("cis-5.7", OTHER): Break(OTHER, SSHD, after="docker rm --force sshd"),
    ("services-below-desired", None): Break(
        "m1", "docker service create --quiet --detach --name stray --constraint node.labels.no==1 busybox:1.36 sleep 1"
    ),
    ("quorum-tolerance", None): Break("m1", "docker node demote m2"),
    ("cis-7.1", None): Break("m1", ":"),
    ("cis-2.8", OWN): Break(OWN, OPEN),
    ("verify-swarm-quorum", None): Break("m1", ":"),
    **{(owner, OTHER): Break(OTHER, f"{MADE} {path}; chown 1:1 {path}") for (owner, _), (path, _) in FILES.items()},
    **{(mode, OTHER): Break(OTHER, f"chmod {value} {path}") for (_, mode), (path, value) in FILES.items()},
    **{
        (owner, OWN): Break(OWN, f"mkdir -p /etc/tls; touch /etc/tls/{key}; chown 1:1 /etc/tls/{key}")
        for key, (owner, _) in TLS.items()
    },
    **{(mode, OWN): Break(OWN, f"chmod 664 /etc/tls/{key}") for key, (_, mode) in TLS.items()},
}
DAEMON: dict[str, Any] = {
    "log-level": "debug",
    "iptables": False,
    "cgroup-parent": "risky.slice",
    "experimental": True,
    "log-opts": {},
    **{key: f"/etc/tls/{key}" for key in TLS},
}
BY_INVENTORY = {(identity, OWN) for identity in ("cis-2.3", "cis-2.4", "cis-2.11", "cis-2.19", "mirror-silent")}
BY_DEFAULT = {(identity, OWN) for identity in ("cis-2.2", "cis-2.5", "cis-2.14", "cis-2.15", "cis-2.17")}
"""Found on each host where nothing is said."""
WATCHED = {(one.id, OTHER) for one in all_controls().values() if one.watch}
OF_STACK = {
    (f"cis-{number}", STACK)
    for number in [
        "4.1",
        "5.4",
        "5.6",
        "5.8",
        "5.10",
        "5.11",
        "5.12",
        "5.13",
        "5.20",
        "5.26",
        "5.27",
        "5.28",
        "5.29",
        "5.30",
        "5.32",
    ]
}
FOLLOWING = {(f"cis-{number}", None) for number in ["4.1", "5.4", "5.11", "5.12", "5.13", "5.26", "5.27", "5.29"]}
"""Of the service that no stack has."""
MOVED = "moved"

UNBROKEN = {
    "cis-1.1.1": "a host of the lab has one file system",
    "cis-2.6 cis-2.7 cis-2.12": "no kernel and no engine of today has these drivers",
    "cis-2.10": "a node cannot change it; found on each host, and accepted",
    "cis-2.13": "there is no plugin; found on each host",
    "cis-2.18": "the engine of these hosts, 20.10, knows no unconfined",
    "cis-5.2 cis-5.3 cis-5.22": "the kernel has neither AppArmor nor SELinux, and 20.10 has no such option of services",
    "cis-5.26": "found for each stack; with cis-2.15 on all hosts it passes",
    "cis-7.2": "found on each host: skep joins without --listen-addr",
    "cis-7.3": "the kernel has no IPsec; found for ingress on each cluster",
    "cis-7.5": "managers of this cluster are also restarted by other tests",
    "clock-skew clock-unsynchronised": "hosts share the clock of the machine",
    "engines-apart": "another version would have to be installed; the hosts of this cluster are shared",
    "node-down": "a host that is down answers no other check",
    "unlock-key": "the cluster has no autolock",
}
"""What is not broken here, and why; each has a test with answers of hosts in tests/unit/audit."""

OTHERS = {("image-moved", MOVED), ("subnet-nearly-full", None), ("cis-1.1.13", OTHER)}
"""The last is about a file that is made here."""
AGED = {("ca-certificate", None): ("m1", "swarm-root-ca.crt"), ("node-certificate", OTHER): (OTHER, "swarm-node.crt")}
"""Files of certificates. Swarm makes none that ends soon enough."""
LEFT: set[Place] = {("cis-5.26", STACK)}


class Stacks:
    """The stack that asks for more than it needs, and one whose tag moves; no task of most of it is needed."""

    def __init__(self, cluster: Environment) -> None:
        self.folder = cluster.folder / "stacks"
        self.document = _risky("busybox")
        moved = {"services": {"app": {**_service(f"busybox:{MOVED}"), "networks": ["front"]}}}
        self._save(MOVED, {"version": "3.8", **moved, "networks": {"front": {"external": True}}})
        self.save()

    def save(self) -> None:
        """The compose file as it is now."""
        self._save(STACK, self.document)

    def _save(self, name: str, document: dict[str, Any]) -> None:
        (self.folder / name).mkdir(exist_ok=True)
        (self.folder / name / "compose.yml").write_text(yaml.safe_dump(document, sort_keys=False))

    def each(self, **keys: Any) -> None:
        """The same for each service; what is ``None`` goes."""
        for service in self.document["services"].values():
            service.update(copy.deepcopy(keys))
            for key in [key for key, value in service.items() if value is None]:
                del service[key]
        self.save()

    def limit(self, **limits: Any) -> None:
        """A limit of resources for each service."""
        for service in self.document["services"].values():
            service["deploy"].setdefault("resources", {}).setdefault("limits", {}).update(limits)
        self.save()

    def share(self) -> None:
        """A limit of processors, or, where tasks run on a kernel without such limits, a share of them."""
        self.limit(cpus="0.5")
        resources = self.document["services"]["two"]["deploy"]["resources"]
        del resources["limits"]["cpus"]
        resources["reservations"] = {"cpus": "0.01"}
        self.save()

    def make_room(self) -> None:
        """A larger subnet."""
        self.document["networks"]["inner"]["ipam"]["config"][0]["subnet"] = "10.199.1.0/24"
        self.save()


def _service(image: str, replicas: int = 0) -> dict[str, Any]:
    managers = {"constraints": ["node.role == manager"]}
    deploy = {
        "replicas": replicas, "endpoint_mode": "dnsrr", "placement": managers, "update_config": {"monitor": "1s"}
    }  # fmt: skip
    return {"image": image, "command": ["sleep", "3600"], "stop_grace_period": "0s", "deploy": deploy}


def _risky(image: str) -> dict[str, Any]:
    mounts = ["/etc:/of-host:ro", "/var/run/docker.sock:/docker.sock"]
    shared = {"type": "bind", "source": "/srv", "target": "/srv", "bind": {"propagation": "rshared"}}
    host, bridge, two = _service(image), _service(image), _service(image, replicas=2)
    host.update(networks=["host"], cap_add=["NET_ADMIN"], volumes=[*mounts, shared])
    bridge.update(networks=["bridge"])
    two.update(networks=["inner"], ports=[{"target": 80, "published": 80, "mode": "host"}])
    outer = {name: {"external": True, "name": name} for name in ("host", "bridge")}
    inner = {"ipam": {"config": [{"subnet": "10.199.0.0/29"}]}}
    return {
        "version": "3.8",
        "services": {"host": host, "bridge": bridge, "two": two},
        "networks": {**outer, "inner": inner},
    }


def _edits(stacks: Stacks) -> dict[Place, Any]:
    """What a person writes in the compose file, by finding."""
    edits = {
        "4.1": lambda: stacks.each(user="1000:1000"),
        "5.4": lambda: stacks.each(cap_drop=["ALL"], cap_add=None),
        "5.6": lambda: stacks.each(volumes=None),
        "5.8": lambda: stacks.each(ports=None),
        "5.10": lambda: stacks.each(networks=["inner"]),
        "5.11": lambda: stacks.limit(memory="256M"),
        "5.12": stacks.share,
        "5.13": lambda: stacks.each(read_only=True),
        "5.20": lambda: stacks.each(volumes=None),
        "5.27": lambda: stacks.each(healthcheck={"test": ["CMD", "true"], "interval": "1s"}),
        "5.28": lambda: stacks.each(image="busybox:1.36"),
        "5.29": lambda: stacks.limit(pids=100),
        "5.30": lambda: stacks.each(networks=["inner"]),
        "5.32": lambda: stacks.each(volumes=None),
    }
    return {(f"cis-{number}", STACK): edit for number, edit in edits.items()}


@pytest.fixture
def stacks(cluster: Environment) -> Iterator[Stacks]:
    """Both stacks; afterwards all that is left of the breaking goes."""
    cluster.hosts.each(
        "docker image prune --force; docker volume ls --quiet --filter dangling=true | xargs -r docker volume rm"
    )
    found = Stacks(cluster)
    yield found
    cluster.hosts.each(CLEAN)
    cluster.up("--verify", "never")


CLEAN = """
rm -rf /usr/local/sbin/auditctl /usr/local/sbin/augenrules /etc/audit /etc/tls /etc/sysconfig/docker
rm -rf /etc/docker/certs.d/r.example.com
rmdir /etc/docker/certs.d /etc/sysconfig
apt-mark unhold docker.io containerd runc
dpkg -P unattended-upgrades
systemctl --quiet mask apt-daily-upgrade.timer
rm -rf /root/fake /root/fake.deb /etc/apt/apt.conf.d/99fake
umount /boot
docker rm --force sshd
docker service rm stray
docker volume rm stray
docker stack rm risky moved
docker image prune --force
[ ! -e /run/aged ] || docker swarm ca --rotate --quiet
rm -f /run/aged
docker config ls -q | xargs -r docker config inspect --format '{{.ID}} {{index .Spec.Labels "skep.stack"}}' |
  awk '$2 == "risky" || $2 == "moved" { print $1 }' | xargs -r docker config rm
if [ -e /etc/systemd/system/docker.service.d/flag.conf ]; then
  rm /etc/systemd/system/docker.service.d/flag.conf && systemctl daemon-reload && systemctl restart docker
fi
rmdir /etc/systemd/system/docker.service.d
exit 0
"""


CLEAN = (
    "".join(
        "chown {0} {2}; chmod {1} {2}\n".format(*RIGHT.get(path, "root:root 644").split(), path)
        for path, _ in FILES.values()
        if RIGHT.get(path) != ""
    )
    + CLEAN
)


def test_what_is_broken_is_found_alone_and_the_remedy_as_printed_ends_it(cluster: Environment, stacks: Stacks) -> None:
    hosts = cluster.hosts
    document = copy.deepcopy(cluster.document)
    document["stacks"] |= {MOVED: {"timeout": "3m"}}
    audited = Audited(cluster, OWN, OTHER, document)
    move(hosts.spec.registry, MOVED, "1.35")
    audited.tool("stack.deploy", MOVED).must()
    before = audited.audit()
    watched = WATCHED & set(before)
    assert set(before) >= BY_DEFAULT and len(watched) > 10, f"{sorted(map(str, before))}"

    silent = f"http://{hosts.spec.subnet.rpartition('.')[0]}.1:5999"
    document["hosts"][OWN]["daemon"] = {**DAEMON, "registry-mirrors": [*document["daemon"]["registry-mirrors"], silent]}
    document["stacks"] |= {STACK: {"timeout": "3m"}}
    audited.tool("cluster.up", "--verify", "never").must()
    move(hosts.spec.registry, MOVED, "1.36")
    scripts: dict[str, list[str]] = {OTHER: [AUDITD]}
    for one in BY_HAND.values():
        scripts.setdefault(one.on, []).append(f"( {one.script.strip()} ) >/dev/null")
    for host, lines in scripts.items():
        hosts.run(host, "set -e\n" + "\n".join(lines))
    until(f"{OWN} is ready", lambda: hosts.node("m1", OWN)["Status"]["State"] == "ready")
    hosts.run("m1", "touch /run/aged")
    for host, name in AGED.values():
        file = f"{FOLDER}/{name}"
        hosts.run(host, f"cat >{file} <<'PEM'\n{aged(hosts.run(host, f'cat {file}'), ago=80, left=10)}PEM\n")

    found = audited.audit()
    expected = {*BY_HAND, *BY_INVENTORY, *OF_STACK, *FOLLOWING, *OTHERS, *AGED}
    assert set(found) - set(before) == expected, f"{set(found) - set(before) ^ expected}"

    by_person = _edits(stacks) | {("subnet-nearly-full", None): stacks.make_room}
    by_person |= {place: _by_hand(cluster, one) for place, one in BY_HAND.items() if one.after}
    to_fix = {*expected, *BY_DEFAULT, *watched} - FOLLOWING - LEFT
    audited.fix([one for place, one in found.items() if place in to_fix], by_person)
    after = audited.audit()
    left = set(after) & {*expected, *BY_DEFAULT, *watched}
    assert left == LEFT and set(after) <= set(before) | LEFT, f"{[after[place] for place in after if place in left]}"
    hosts.run("m1", "rm /run/aged")


def _by_hand(cluster: Environment, one: Break) -> Any:
    return lambda: cluster.hosts.run(one.on, one.after)


def test_every_check_is_broken_here_or_says_why_not() -> None:
    broken = {identity for identity, _ in {*BY_HAND, *BY_INVENTORY, *BY_DEFAULT, *WATCHED, *OF_STACK}}
    broken |= {"image-moved", "subnet-nearly-full", *(identity for identity, _ in AGED)}
    not_here = {identity for words in UNBROKEN for identity in words.split()}
    decided = {one.id for one in all_controls().values() if not one.shown and not one.why_not}
    assert decided - broken == not_here - broken and not_here <= decided
