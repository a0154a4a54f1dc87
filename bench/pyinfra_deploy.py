"""The same end state as ``cluster.up``, as a pyinfra deploy: stock operations where there are any, facts of the
swarm asked once of the first manager. Run by pyinfra, not by skep."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pyinfra import host, inventory
from pyinfra.api import FactBase, OperationError, operation
from pyinfra.facts.docker import DockerNetwork, DockerSystemInfo
from pyinfra.operations import apt, files, server, systemd

site = host.data.site
NAMESPACE = "com.docker.stack.namespace"
FIRST = next(entry["name"] for entry in site["hosts"] if entry["role"] == "manager")


class SwarmNodes(FactBase):
    """Host name → node, from a manager."""

    default = dict

    def requires_command(self) -> str:
        return "docker"

    def command(self) -> str:
        return "docker node inspect $(docker node ls -q 2>/dev/null) 2>/dev/null || true"

    def process(self, output: Iterable[str]) -> dict[str, Any]:
        return {node["Description"]["Hostname"]: node for node in json.loads("".join(output) or "[]")}


class JoinTokens(FactBase):
    """Role → token, from a manager."""

    def command(self) -> str:
        return "docker swarm join-token -q manager && docker swarm join-token -q worker"

    def process(self, output: Iterable[str]) -> dict[str, str]:
        return dict(zip(("manager", "worker"), output, strict=True))


class StackServices(FactBase):
    """Names of the services of a stack, from a manager."""

    default = set

    def requires_command(self, stack: str) -> str:
        return "docker"

    def command(self, stack: str) -> str:
        return f"docker service ls --filter label={NAMESPACE}={stack} --format '{{{{.Name}}}}' 2>/dev/null || true"

    def process(self, output: Iterable[str]) -> set[str]:
        return set(output)


def swarm_of(a_host: Any) -> dict[str, Any]:
    """The engine's word on the swarm it is in."""
    return (a_host.get_fact(DockerSystemInfo) or {}).get("Swarm") or {}


@operation()
def swarm_init(address: str, pools: list[str], mask: int | None) -> Iterator[str]:
    """A swarm on this host."""
    if swarm_of(host).get("ControlAvailable"):
        host.noop("the swarm is there")
        return
    given = [f"--default-addr-pool {pool}" for pool in pools]
    given += [f"--default-addr-pool-mask-length {mask}"] if mask else []
    yield f"docker swarm init --advertise-addr {address} {' '.join(given)}"


@operation()
def swarm_join(address: str, role: str, through: str, port: int = 2377) -> Iterator[str]:
    """This host in the swarm of another."""
    if swarm_of(host).get("LocalNodeState") == "active":
        host.noop("is in a swarm")
        return
    manager = inventory.get_host(through)
    token = manager.get_fact(JoinTokens, _sudo=True)[role]
    yield f"docker swarm join --advertise-addr {address} --token {token} {manager.data.address}:{port}"


@operation()
def nodes_as(desired: list[dict[str, Any]]) -> Iterator[str]:
    """Role, availability and labels of all nodes."""
    nodes = host.get_fact(SwarmNodes)
    for entry in desired:
        name, node = entry["name"], nodes.get(entry["name"])
        spec = node["Spec"] if node else {"Role": entry["role"], "Availability": "active", "Labels": {}}
        given = [f"--label-add {k}={v}" for k, v in entry["labels"].items() if spec["Labels"].get(k) != v]
        if spec["Availability"] != entry["availability"]:
            given.append(f"--availability {entry['availability']}")
        if spec["Role"] != entry["role"]:
            given.append(f"--role {entry['role']}")
        if given:
            yield f"docker node update {' '.join(given)} {name}"


@operation()
def overlay(network: str, driver: str, subnet: str, attachable: bool) -> Iterator[str]:
    """A network as described; what differs cannot be changed in place."""
    found = host.get_fact(DockerNetwork, object_id=network)
    if not found:
        yield f"docker network create -d {driver} --subnet {subnet} {'--attachable' if attachable else ''} {network}"
        return
    has = (found[0]["Driver"], found[0]["IPAM"]["Config"][0]["Subnet"], found[0]["Attachable"])
    if has != (driver, subnet, attachable):
        raise OperationError(f"network {network} differs: {has}")
    host.noop("is as described")


@operation()
def stack(
    stack: str, folder: str, compose: list[str], services: set[str], changed: Callable[[], bool]
) -> Iterator[str]:
    """A stack deployed when its files changed or a service is missing."""
    if not changed() and services <= host.get_fact(StackServices, stack=stack):
        host.noop("is deployed")
        return
    files_given = " ".join(f"-c {folder}/{file}" for file in compose)
    yield f"docker stack deploy --with-registry-auth --prune {files_given} {stack}"


config = files.put(
    name="Write daemon.json",
    src=io.StringIO(json.dumps(host.data.daemon, indent=2, sort_keys=True) + "\n"),
    dest="/etc/docker/daemon.json",
    mode="644",
)
package = apt.packages(name="Install the engine", packages=["docker.io"], no_recommends=True)
systemd.service(name="Run the engine", service="docker.service", running=True, enabled=True)
systemd.service(
    name="Reload the engine",
    service="docker.service",
    reloaded=True,
    _if=lambda: config.did_change() and not package.did_change(),
)

if host.name == FIRST:
    swarm = site["swarm"]
    swarm_init(name="Initialise the swarm", address=host.data.address, pools=swarm["pools"], mask=swarm["mask"])
else:
    swarm_join(name="Join the swarm", address=host.data.address, role=host.data.role, through=FIRST)

if host.name == FIRST:
    nodes_as(name="Set roles, availability and labels", desired=site["hosts"])
    for network in site["networks"]:
        overlay(name=f"Create network {network['network']}", **network)
    desired = site["stack"]
    place = f"/opt/stacks/{desired['stack']}"
    puts = [
        files.put(name=f"Upload {file}", src=f"{desired['folder']}/{file}", dest=f"{place}/{file}", mode="644")
        for file in desired["files"]
    ]
    stack(
        name="Deploy the stack",
        stack=desired["stack"],
        folder=place,
        compose=desired["compose"],
        services={f"{desired['stack']}_{service}" for service in desired["services"]},
        changed=lambda: any(put.did_change() for put in puts),
    )
    replicas = f"docker service ls --filter label={NAMESPACE}={desired['stack']} --format '{{{{.Replicas}}}}'"
    server.shell(
        name="Wait until the stack runs",
        commands=f"until {replicas} | awk -F'[/ ]' '$1 != $2 || !$1 {{ exit 1 }}'; do sleep 0.5; done",
        _if=lambda: any(put.did_change() for put in puts),
    )
