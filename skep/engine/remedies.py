"""What helps a service whose tasks do not come to run, where that is not in its own files alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from skep.engine.tasks import NO_ADDRESS, Node, Service, Task, error_of, node_name
from skep.measures import in_units
from skep.swarm.labels import stack_of
from skep.swarm.placement import constraints_of, fitting, idle, reserved, taking_tasks
from skep.swarm.ports import published
from skep.swarm.service import rollout_of

NO_OVERLAYS = ("cannot create a swarm scoped network when swarm is not active", "no VNI provided")
"""Words of engines that have lost their place in the swarm's networks; there is no status for it (moby#34864)."""
NO_IMAGE = "No such image: sha256:"
"""Words of an engine that does not have an image that a service names by its content: there is no registry to ask."""
NOT_PULLED = re.compile(r"No such image: (\S+)")
"""Words of an engine that could not pull an image; Swarm passes on no cause (moby, executor/container: Prepare)."""
PORT_HELD = ("port is already allocated", "address already in use")
"""Words of an engine that could not publish a port, for something that Swarm knows nothing of has it."""
NO_ROOM, MAX_REPLICAS = "insufficient resources", "max replicas per node limit exceed"
"""Words of the managers where what a task reserves is free on no node, and where each has as many as it may."""

SHOWN = 3
"""Nodes that one line names."""


def ports_of_hosts(service: Service) -> list[int]:
    """What its tasks publish on the node they run on: one task a node can."""
    return [port["PublishedPort"] for port in published(service["Spec"]) if port["PublishMode"] == "host"]


def anew(service: Service) -> str:
    """What helps where a new task waits for a port of a host: Swarm does not look again by itself (moby#36934)."""
    stack, name = names(service)
    restart = f"invoke stack.restart {stack} {name}"
    if rollout_of(service["Spec"]).get("Order") == "start-first":
        return (
            f"its old tasks hold port {ports_of_hosts(service)[0]}, and 'start-first' waits for them: write 'order:"
            f" stop-first' under update_config of {name} and deploy it; if a task stays pending after that: {restart}"
        )
    return f"Swarm places it once it is rolled out anew: {restart}"


def node_to_blame(service: Service, bad: Task | None, nodes: Mapping[str, Node]) -> str:
    """What helps where a node could not take a task for what it lacks of the swarm's networks, of images from files, or
    for a port that something else has there; nothing where that is not it."""
    if bad is None:
        return ""
    if bad["Status"]["State"] != "rejected":
        return _port_held(service, bad, nodes)
    node, (stack, _) = node_name(nodes, bad.get("NodeID", "")), names(service)
    restart, again = f"on {node}: systemctl restart docker", f"invoke stack.deploy {stack}"
    if any(one in error_of(bad) for one in NO_OVERLAYS):
        return (
            f"the stack is not to blame: the engine of {node} is in the swarm without its overlay networks. Restart it:"
            f" invoke cluster.up, or {restart}; then: {again}"
        )
    if NO_IMAGE in error_of(bad):
        return (
            f"{node} does not have its image, which comes from a file: invoke cluster.up; it loads the inventory's;"
            f" an older one, which a rollback asks for, has to be loaded on {node} by hand from the file it came in"
        )
    if image := NOT_PULLED.search(error_of(bad)):
        return (
            f"{node} could not pull its image, and Swarm does not say why. Once the image's name, the registry or the"
            f" way to it is right: {again}; this says why (after docker login, where the registry asks for one), on"
            f" {node}: docker pull {image[1]}"
        )
    if NO_ADDRESS in error_of(bad):
        return (
            f"the managers gave {node} no address in one of its networks for 30 s: they are slow, or the subnet is full"
            f" (docker network inspect says so). Deploy it again: {again}; if it comes again, {restart}"
        )
    return ""


def _port_held(service: Service, bad: Task, nodes: Mapping[str, Node]) -> str:
    port = next((one for one in ports_of_hosts(service) if re.search(rf":{one}\b", error_of(bad))), None)
    if port is None or not any(one in error_of(bad) for one in PORT_HELD):
        return ""
    node, (stack, name) = node_name(nodes, bad.get("NodeID", "")), names(service)
    return (
        f"something on {node} that is not Swarm's holds port {port}: see what, on {node}: docker ps --filter"
        f" publish={port}, or: ss -lntup sport = :{port}. End it, or publish another port in {name}; then: invoke"
        f" stack.deploy {stack}"
    )


def nodes_to_blame(service: Service, unplaced: Task | None, nodes: Mapping[str, Node]) -> str:
    """What helps where no node takes a task: none meets the constraints, or those that do take no tasks now, or have no
    room; nothing where that is not it."""
    if unplaced is None:
        return ""
    stack, name = names(service)
    constraints = constraints_of(service["Spec"])
    fits = fitting(constraints, nodes.values())
    if not fits:
        unmet = [one for one in constraints if not fitting([one], nodes.values())]
        keys = ", ".join(dict.fromkeys(re.split("[!=]=", one)[0].strip() for one in unmet))
        what = f"what the constraints of {name} ask of {keys}" if keys else f"all constraints of {name}"
        return (
            f"no node meets {what}: change them, and deploy it again: invoke stack.deploy {stack}; or give a node the"
            " labels, under hosts.NAME.labels in the inventory: invoke cluster.up"
        )
    if taking_tasks(fits):
        return _no_room(service, unplaced)
    return (
        f"no node that its constraints ask for takes tasks: {', '.join(map(idle, fits[:SHOWN]))}. See what the"
        f" inventory says of that: invoke cluster.plan; once one takes tasks: invoke stack.deploy {stack}"
    )


def _no_room(service: Service, unplaced: Task) -> str:
    stack, name = names(service)
    no_room = any(one in error_of(unplaced) for one in (NO_ROOM, MAX_REPLICAS))
    in_update = (service.get("UpdateStatus") or {}).get("State") in ("updating", "paused")
    if no_room and in_update and rollout_of(service["Spec"]).get("Order") == "start-first":
        return (
            f"'start-first' starts a new task beside the old ones, and no node for it has room for one more: write"
            f" 'order: stop-first' under update_config of {name} and deploy it; if a task stays pending after that:"
            f" invoke stack.restart {stack} {name}"
        )
    desired = ", ".join(f"{key} {in_units(key, [amount])[0]}" for key, amount in reserved(service["Spec"]).items())
    if NO_ROOM not in error_of(unplaced) or not desired:
        return ""
    return (
        f"each task of {name} reserves {desired}, and no node for it has that left beside what other tasks reserve:"
        " reserve less, remove what else reserves, or add nodes; Swarm places it as soon as there is room; then: invoke"
        f" stack.deploy {stack}"
    )


def taken(service: Service) -> str:
    """What helps where the port was taken before the service came."""
    port, (stack, name) = ports_of_hosts(service)[0], names(service)
    return (
        f"publish another port than {port} in {name}, or remove what holds it on the nodes (on each: docker ps --filter"
        f" publish={port}), then: invoke stack.restart {stack} {name}"
    )


def too_many(service: Service, desired: int, places: int) -> str:
    """What helps where each task takes a node of its own and there are fewer nodes."""
    port = ports_of_hosts(service)[0]
    return (
        f"each task takes port {port} of a node, and {desired} are to run on {places}: write 'replicas: {places}' for"
        f" {names(service)[1]} and deploy it, or add nodes"
    )


def reserves(service: Service) -> bool:
    """Whether its tasks may wait for room as well as for a port."""
    return bool(reserved(service["Spec"]))


def names(service: Service) -> tuple[str, str]:
    """Of its stack, and its own there."""
    stack = stack_of(service["Spec"])
    return stack, service["Spec"]["Name"].removeprefix(f"{stack}_")
