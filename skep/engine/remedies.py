"""What helps a service whose tasks do not come to run, where that is not in its own files alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from skep.engine.tasks import Node, Service, Task, error_of, node_name
from skep.swarm.labels import stack_of
from skep.swarm.placement import constraints_of, fitting, idle, reserved, taking_tasks
from skep.swarm.ports import published
from skep.swarm.service import rollout_of

NO_OVERLAYS = ("cannot create a swarm scoped network when swarm is not active", "no VNI provided")
"""Words of engines that have lost their place in the swarm's networks; there is no status for it (moby#34864)."""
NO_IMAGE = "No such image: sha256:"
"""Words of an engine that does not have an image that a service names by its content: there is no registry to ask."""
NO_ADDRESS = "node is missing network attachments"
"""Words of an engine that waited 30 s for the addresses its node gets in the networks of a task. That they are used up,
which it adds, is its guess: managers that are slow have the same effect."""

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
    """What helps where a node rejects tasks for what it lacks of the swarm's networks, or of images from files; nothing
    where that is not it."""
    if bad is None or bad["Status"]["State"] != "rejected":
        return ""
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
    if NO_ADDRESS in error_of(bad):
        return (
            f"the managers gave {node} no address in one of its networks for 30 s: they are slow, or the subnet is full"
            f" (docker network inspect says so). Deploy it again: {again}; if it comes again, {restart}"
        )
    return ""


def nodes_to_blame(service: Service, nodes: Mapping[str, Node]) -> str:
    """What helps where every node that its constraints ask for takes no tasks now; nothing where one does."""
    fits = fitting(constraints_of(service["Spec"]), nodes.values())
    if not fits or taking_tasks(fits):
        return ""
    stack, _ = names(service)
    return (
        f"no node that its constraints ask for takes tasks: {', '.join(map(idle, fits[:SHOWN]))}. See what the"
        f" inventory says of that: invoke cluster.plan; once one takes tasks: invoke stack.deploy {stack}"
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
