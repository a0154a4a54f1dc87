"""What wears out in a swarm as a whole, as its managers report it."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from cryptography import x509
from testinfra.host import Host as Remote

from skep.audit.commands import NETWORKS, for_each
from skep.audit.marking import asked, control, looked
from skep.audit.remaking import remade
from skep.model import Cluster, Stack, canonical
from skep.plan import Plan
from skep.swarm.network import pools_of
from skep.swarm.objects import Network, Node
from skep.swarm.quorum import hostname_of
from skep.verify.ask import Ask
from skep.verify.check import NotSeen, Wrong
from skep.verify.plugin import Found
from skep.waiting import until

NODES = "timeout 20 docker node ls --quiet | xargs timeout 20 docker node inspect --format '{{json .}}'"
SERVICES = "timeout 20 docker service ls --format '{{json .}}'"
ROOT = "timeout 20 docker info --format '{{json .DockerRootDir}}'"
AUTOLOCK = "timeout 20 docker info --format '{{json .Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers}}'"
KEY = "key=$(timeout 20 docker swarm unlock-key --quiet) && echo ${#key}"
ADDRESSES = for_each(
    "timeout 20 docker service ls --quiet", "timeout 20 docker service inspect --format '{{json .Endpoint.VirtualIPs}}'"
)
TASKS = for_each(
    for_each(
        "timeout 20 docker service ls --quiet",
        "timeout 20 docker service ps --quiet --no-trunc --filter desired-state=running",
    ),
    "timeout 20 docker inspect --type task --format '{{json .NetworksAttachments}}'",
)
DAYS = 180
MOST = 0.8
PATIENCE = 10
"""Seconds in which tasks that are on their way arrive."""


@control("node-down")
def test_nodes(cluster: Cluster, manager: Remote, ask: Ask, found: Found) -> None:
    """every node of the swarm is ready"""
    nodes = _nodes(ask, manager, found)
    down = [node for node in nodes if node["Status"]["State"] != "ready"]
    names = ", ".join(f"{hostname_of(node)} is {node['Status']['State']}" for node in down)
    strangers = _strangers(cluster, nodes)
    foreign = [node["ID"] for node in down if node["ID"] in strangers and node["Status"]["State"] == "down"]
    if foreign and len(foreign) == len(down):
        remedy = f"if it will not come back: docker node rm {' '.join(foreign)}"
        raise Wrong(f"{names}, and not in the inventory", remedy)
    assert not down, names


@control("quorum-tolerance")
def test_quorum(cluster: Cluster, manager: Remote, ask: Ask, found: Found) -> None:
    """the swarm survives the loss of one more manager"""
    managers = [node["ManagerStatus"] for node in _nodes(ask, manager, found) if node.get("ManagerStatus")]
    reachable = sum(one is not None and one["Reachability"] == "reachable" for one in managers)
    spare = reachable - (len(managers) // 2 + 1)
    text = f"{reachable} of {len(managers)} managers are reachable: with one less, nothing can be changed any more"
    if spare < 1 and len(cluster.managers) < 3:
        raise Wrong(text, "make it three managers in the inventory, then: invoke cluster.up")
    assert spare > 0, text


@control("engines-apart")
def test_versions(manager: Remote, ask: Ask, found: Found) -> None:
    """all nodes run one version of the engine"""
    nodes = _nodes(ask, manager, found)
    versions = Counter(re.split("[+~]", version)[0] for node in nodes if (version := _version(node)))
    if len(versions) > 1:
        counted = ", ".join(f"{number} with {version}" for version, number in versions.most_common())
        raise Wrong(f"nodes: {counted}", "name one version as engine.version in the inventory, then: invoke cluster.up")


@control("ca-certificate")
def test_ca(manager: Remote, ask: Ask, found: Found) -> None:
    """the swarm's CA is valid for at least 180 days more"""
    (root,) = asked(ask, manager, found, ROOT)
    path = f"{root}/swarm/certificates/swarm-root-ca.crt"
    file = manager.run("cat %s", path)
    if file.rc:
        raise NotSeen(f"cat {path}: {file.stderr.strip()}")
    end = x509.load_pem_x509_certificates(file.stdout_bytes)[0].not_valid_after_utc
    found(f"openssl x509 -noout -enddate -in {path}", f"notAfter={end:%b %d %H:%M:%S %Y} GMT")
    left = (end - datetime.datetime.now(datetime.UTC)).days
    assert left >= DAYS, f"the swarm's CA ends {end:%Y-%m-%d}, in {left} days: no node can talk to another then"


@control("services-below-desired")
def test_services(cluster: Cluster, manager: Remote, ask: Ask, found: Found) -> None:
    """every service runs as many tasks as desired"""

    def below(again: bool) -> list[str]:
        services = cast("Sequence[Mapping[str, str]]", asked(ask, manager, found, SERVICES, again=again, kept=_counts))
        return [f"{one['Name']} runs {one['Replicas']}" for one in services if _is_below(one)]

    seen: list[list[str]] = []
    until(lambda: not (seen.append(below(bool(seen))) or seen[-1]), seconds=PATIENCE, every=1)  # type: ignore[func-returns-value]
    ours = tuple(f"{stack.name}_" for stack in cluster.stacks)
    foreign = [one.partition(" ")[0] for one in seen[-1] if not one.startswith(ours)]
    if foreign and len(foreign) == len(seen[-1]):
        names = " ".join(foreign)
        remedy = (
            f"look first: docker service ps --no-trunc {names}; then, if nobody needs it: docker service rm {names}"
        )
        raise Wrong("; ".join(seen[-1]), remedy)
    assert not seen[-1], "; ".join(seen[-1])


@control("subnet-nearly-full")
def test_subnets(manager: Remote, cluster: Cluster, ask: Ask, found: Found) -> None:
    """no overlay network has more than 80% of its addresses in use"""
    networks = cast("Sequence[Network]", asked(ask, manager, found, NETWORKS, kept=_pools))
    given = in_use(asked(ask, manager, found, ADDRESSES))
    tasks = in_use(asked(ask, manager, found, TASKS, kept=in_use))
    nodes = len(_nodes(ask, manager, found))
    wrong = {network["Name"]: crowded(network, given, tasks, nodes) for network in networks}
    full = [network for network in networks if wrong[network["Name"]]]
    if full:
        text = "; ".join(one for texts in wrong.values() for one in texts)
        raise Wrong(text, remade(cluster, full, "a larger subnet"))


@control("unlock-key")
def test_unlock_key(manager: Remote, ask: Ask, found: Found) -> None:
    """the swarm's unlock key can be had"""
    (autolock,) = asked(ask, manager, found, AUTOLOCK)
    if not autolock:
        pytest.skip("managers do not lock themselves: swarm.autolock is off")
    if not int(looked(manager, found, KEY)):
        text = "managers lock themselves, and none gives the key to unlock them"
        raise Wrong(text, "docker swarm unlock-key --rotate")


@control("image-moved")
def test_tags(stack: Stack, plan: Plan, found: Found) -> None:
    """tags are the images that run"""
    moved = [one for one in plan.findings if one.kind and one.kind.id == "image-moved" and one.stack == stack.name]
    found(f"invoke stack.plan {stack.name}", "; ".join(one.text for one in moved) or "no tag has moved")
    if moved:
        raise Wrong("; ".join(one.text for one in moved), f"invoke stack.refresh {stack.name}")


def in_use(attached: Sequence[object]) -> list[str]:
    """Addresses of virtual IPs (``[{"Addr": ...}]``) and of tasks (``[{"Addresses": [...]}]``)."""
    return [
        str(ipaddress.ip_interface(str(text)).ip)
        for entries in cast("Sequence[Sequence[Mapping[str, object]] | None]", attached)
        for entry in entries or ()
        for text in [*(cast("Sequence[str] | None", entry.get("Addresses")) or ()), entry.get("Addr")]
        if text
    ]


def crowded(network: Network, services: Sequence[str], tasks: Sequence[str], nodes: int) -> list[str]:
    """What is to be said of a network. Beside services and tasks the gateway has an address, and each node with tasks
    in it (libnetwork's load balancer): at most as many nodes as tasks."""
    said = []
    for pool in pools_of(network):
        subnet = ipaddress.ip_network(pool["Subnet"], strict=False)
        if subnet.version == 6:
            continue
        room = max(subnet.num_addresses - 2, 1)
        inside = [sum(ipaddress.ip_address(one) in subnet for one in of) for of in (services, tasks)]
        taken = sum(inside) + min(nodes, inside[1]) + 1
        if taken > MOST * room:
            said.append(f"network {network['Name']}: about {taken} of {room} addresses of {subnet} are in use")
    return said


def _nodes(ask: Ask, manager: Remote, found: Found) -> Sequence[Node]:
    def kept(nodes: Sequence[object]) -> list[str]:
        return [
            f"{hostname_of(node)} {node['Status']['State']} {_version(node) or 'unknown'}"
            f" {(node.get('ManagerStatus') or {}).get('Reachability', 'worker')}"
            for node in cast("Sequence[Node]", nodes)
        ]

    return cast("Sequence[Node]", asked(ask, manager, found, NODES, kept=kept))


def _version(node: Node) -> str:
    """Of its engine; empty where the node has not reported it yet."""
    engine = (node.get("Description") or {}).get("Engine") or {}
    return str(engine.get("EngineVersion") or "")


def _strangers(cluster: Cluster, nodes: Sequence[Node]) -> set[str]:
    """Workers that are certainly no host of the inventory: by name or address, each of its hosts is another node."""
    words = {node["ID"]: _words(node) for node in nodes}
    hosts = [{host.name, canonical(host.address), canonical(host.advertise or "")} - {""} for host in cluster.hosts]
    if not all(any(host & of for of in words.values()) for host in hosts):
        return set()
    known = set().union(*hosts)
    return {node["ID"] for node in nodes if not node.get("ManagerStatus") and not words[node["ID"]] & known}


def _words(node: Node) -> set[str]:
    """The name and the addresses of a node."""
    listens = (node.get("ManagerStatus") or {}).get("Addr", "").rpartition(":")[0].strip("[]")
    return {hostname_of(node), *map(canonical, filter(None, (node["Status"].get("Addr"), listens)))}


def _counts(services: Sequence[object]) -> list[str]:
    return [f"{one['Name']} {one['Replicas']}" for one in cast("Sequence[Mapping[str, str]]", services)]


def _pools(networks: Sequence[object]) -> list[str]:
    return [f"{one['Name']} {pools_of(one)}" for one in cast("Sequence[Network]", networks)]


def _is_below(service: Mapping[str, str]) -> bool:
    """``0/1``; a job's ``0/1 (1/1 completed)`` is done."""
    numbers = [int(number) for number in re.findall(r"\d+", service["Replicas"])[:2]]
    return "job" not in service.get("Mode", "") and numbers[0] < numbers[1]
