"""The swarm: what each host's own certificate and engine say, held against what the managers say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from testinfra.host import Host as Remote

from skep.model import Cluster, Host
from skep.swarm.engine_info import SwarmCluster
from skep.swarm.objects import Node
from skep.swarm.quorum import hostname_of
from skep.verify.ask import Ask, engine_info
from skep.waiting import until

NODES = "timeout 20 docker node ls --quiet | xargs timeout 20 docker node inspect --format '{{json .}}'"
NETWORKS = "timeout 20 docker network ls --filter driver=overlay --format '{{json .}}'"
INGRESS = "timeout 20 docker network inspect ingress --format '{{json .Containers}}'"
SECOND = 1_000_000_000
PATIENCE = 40
"""Seconds in which nodes report to a new leader, also those that were with a dead one, and get a new certificate
after a change of role."""
UNSETTLED = ("unknown", "disconnected", "down")
T = TypeVar("T")


def test_active(host: Remote, desired: Host, ask: Ask) -> None:
    """the host is active in a swarm"""
    swarm = engine_info(host, ask)["Swarm"]
    state, why = swarm["LocalNodeState"], swarm.get("Error") or "no reason given"
    assert state != "inactive", f"{desired.name} is in no swarm"
    assert state != "locked", f"the swarm state of {desired.name} is locked; on it run: docker swarm unlock"
    assert state == "active", f"{desired.name} is not active in its swarm: {state}, {why}"
    assert not swarm.get("Error"), f"{desired.name} says of its swarm: {why}"


def test_same_swarm(host: Remote, desired: Host, manager: Remote, ask: Ask) -> None:
    """the host is in the same swarm as the managers"""
    identity = _own(host, ask)
    certificate = _certificate(host, desired, ask)
    ours, theirs = certificate[NameOID.ORGANIZATION_NAME], _of_managers(manager, ask)["ID"]
    assert ours == theirs, f"{desired.name} has a certificate of the swarm {ours}, the managers are the swarm {theirs}"
    name = certificate[NameOID.COMMON_NAME]
    assert name == identity, f"{desired.name} takes itself for the node {identity}, its certificate is for {name}"


def test_own_node(host: Remote, desired: Host, manager: Remote, ask: Ask) -> None:
    """no other machine runs as the node of the host"""
    name = host.run("cat /proc/sys/kernel/hostname").stdout.strip()
    known = _settled(
        lambda again: _hostname(_node(host, desired, manager, ask, again=again)),
        lambda hostname: hostname == name,
    )
    assert known == name, (
        f"{desired.name} calls itself {name}, and the managers know its node as {known}:"
        " another machine, made from a copy of its disk, runs as that node; or it was renamed, and its engine not"
        " restarted"
    )


def test_role(host: Remote, desired: Host, manager: Remote, ask: Ask) -> None:
    """the managers and the host agree on its role, and it is the one desired"""
    node = _settled(
        lambda again: _node(host, desired, manager, ask, again=again),
        lambda node: node["Status"]["State"] not in UNSETTLED,
    )
    role, state = node["Spec"]["Role"], node["Status"]["State"]
    assert role == desired.role, f"{desired.name} is a {role}, desired a {desired.role}"
    assert state == "ready", f"{desired.name} is {state} in the managers' eyes"
    if desired.role == "manager":
        reach = (node.get("ManagerStatus") or {}).get("Reachability", "not a manager yet")
        assert reach == "reachable", f"the managers cannot reach the manager {desired.name}: {reach}"
    given = _settled(
        lambda _: _certificate(host, desired, ask)[NameOID.ORGANIZATIONAL_UNIT_NAME],
        lambda unit: unit == f"swarm-{desired.role}",
    )
    assert given == f"swarm-{desired.role}", (
        f"{desired.name} should be a {desired.role}, and its certificate says {given}"
    )


def test_overlays(host: Remote, desired: Host, manager: Remote, ask: Ask) -> None:
    """the engine has the overlay networks of the swarm"""
    if not any(network["Name"] == "ingress" for network in ask(manager, NETWORKS)):
        pytest.skip("the swarm has no ingress network")
    _own(host, ask)
    joined = until(lambda: "ingress-sbox" in host.run(INGRESS).stdout, seconds=PATIENCE, every=1)
    assert joined, f"{desired.name} is not in the ingress network: its engine rejects tasks; restart it"


def test_availability(host: Remote, desired: Host, manager: Remote, ask: Ask) -> None:
    """the availability is the one desired"""
    have = _node(host, desired, manager, ask)["Spec"]["Availability"]
    assert have == desired.availability, f"{desired.name} is set to {have}, desired {desired.availability}"


def test_labels(host: Remote, desired: Host, manager: Remote, ask: Ask) -> None:
    """the node has its labels"""
    if not desired.labels:
        pytest.skip("the inventory gives it none")
    have = _node(host, desired, manager, ask)["Spec"].get("Labels") or {}
    wrong = [
        f"{key}={have[key]}, desired {value}" if key in have else f"{key} is missing, desired {value}"
        for key, value in desired.labels.items()
        if have.get(key) != value
    ]
    assert not wrong, f"labels of {desired.name}: {'; '.join(wrong)}"


def test_quorum(cluster: Cluster, manager: Remote, ask: Ask) -> None:
    """there are as many managers as desired, a majority of them is reachable, and one leads"""
    managers = [node["ManagerStatus"] for node in ask(manager, NODES) if node.get("ManagerStatus")]
    reachable = [status for status in managers if status["Reachability"] == "reachable"]
    leaders = [status for status in managers if status.get("Leader")]
    desired = len(cluster.managers)
    assert len(leaders) == 1, f"{len(leaders)} managers lead the swarm"
    assert len(managers) == desired, f"the swarm has {len(managers)} managers, the inventory {desired}"
    assert len(reachable) > desired // 2, f"{len(reachable)} of {desired} managers are reachable: no majority"


def test_no_twins(manager: Remote, ask: Ask) -> None:
    """no host is in the node list twice"""
    nodes = ask(manager, NODES)
    wrong = [
        f"{hostname_of(node)} is in the node list twice: {node['ID']} is {node['Status']['State']} and"
        f" will not return; remove it: docker node rm {node['ID']}"
        for node in nodes
        if any(_is_what_became_of(other, node) for other in nodes)
    ]
    assert not wrong, "; ".join(wrong)


def test_settings(cluster: Cluster, manager: Remote, ask: Ask) -> None:
    """the swarm's settings are those of the inventory"""
    asked = cluster.swarm
    found = _of_managers(manager, ask)
    spec = found["Spec"]
    settings: list[tuple[str, object, object]] = [
        ("task-history", asked.task_history, spec["Orchestration"].get("TaskHistoryRetentionLimit")),
        ("cert-expiry in seconds", asked.cert_expiry, spec["CAConfig"].get("NodeCertExpiry", 0) / SECOND),
        ("autolock", asked.autolock, spec["EncryptionConfig"].get("AutoLockManagers")),
        ("address-pools", list(asked.address_pools) or None, found.get("DefaultAddrPool")),
        ("subnet-size", asked.subnet_size, found.get("SubnetSize")),
        ("data-path-port", asked.data_path_port, found.get("DataPathPort")),
    ]
    asked_for = [setting for setting in settings if setting[1] is not None]
    if not asked_for:
        pytest.skip("the inventory names none")
    wrong = [f"{name} is {have}, desired {want}" for name, want, have in asked_for if have != want]
    assert not wrong, f"swarm: {'; '.join(wrong)}"


def _certificate(host: Remote, desired: Host, ask: Ask) -> Mapping[x509.ObjectIdentifier, str]:
    """The subject that the swarm's CA gave the node: swarm (O), role (OU) and node (CN).

    Source: swarmkit, ca/certificates.go.
    """
    root = engine_info(host, ask)["DockerRootDir"]
    file = host.run("cat %s", f"{root}/swarm/certificates/swarm-node.crt")
    assert file.succeeded, f"{desired.name} has no certificate of a swarm: {file.stderr.strip()}"
    subject = x509.load_pem_x509_certificates(file.stdout_bytes)[0].subject
    return {part.oid: str(part.value) for part in subject}


def _of_managers(manager: Remote, ask: Ask) -> SwarmCluster:
    """The swarm as a manager knows it."""
    swarm = engine_info(manager, ask)["Swarm"].get("Cluster")
    assert swarm, f"{manager.backend.get_hostname()} is no manager any more"
    return swarm


def _own(host: Remote, ask: Ask) -> str:
    """The node ID that the host's engine gives itself."""
    identity = engine_info(host, ask)["Swarm"]["NodeID"]
    return identity or pytest.skip("the host is in no swarm")


def _node(host: Remote, desired: Host, manager: Remote, ask: Ask, *, again: bool = False) -> Node:
    """The managers' entry of the host."""
    identity = _own(host, ask)
    nodes: list[Node] = ask(manager, NODES, again=again)
    found = next((node for node in nodes if node["ID"] == identity), None)
    assert found is not None, f"{desired.name} takes itself for the node {identity}, which the managers do not know"
    return found


def _settled(look: Callable[[bool], T], right: Callable[[T], bool]) -> T:
    """What ``look`` gives once that is right, at the latest after ``PATIENCE``. It takes whether it looks again."""
    seen = list[T]()

    def is_right() -> bool:
        seen.append(look(bool(seen)))
        return right(seen[-1])

    until(is_right, seconds=PATIENCE, every=1)
    return seen[-1]


def _hostname(node: Node) -> str | None:
    """What it calls itself; nothing while it has not said so."""
    return (node.get("Description") or {}).get("Hostname")


def _is_what_became_of(node: Node, old: Node) -> bool:
    """Whether the newer of two nodes is the same machine: at the same address, or under a name whose owner is gone."""
    if node["CreatedAt"] <= old["CreatedAt"]:
        return False
    address = old["Status"].get("Addr")
    if address not in (None, "", "0.0.0.0") and address == node["Status"].get("Addr"):
        return True
    name, old_name = map(_hostname, (node, old))
    return old["Status"]["State"] != "ready" and bool(name and name == old_name)
