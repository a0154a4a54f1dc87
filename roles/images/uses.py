"""Which services take their images from files, and on which hosts they may run."""

from __future__ import annotations

from collections.abc import Iterator

from skep.compose import ComposeError, convert, document_of
from skep.dataclass import dataclass
from skep.model import Archive, ArchivedImage, Cluster, Host, Stack
from skep.swarm.archived import archived
from skep.swarm.labels import labels_of
from skep.swarm.objects import Node
from skep.swarm.placement import ALIASES, ENGINE_LABELS, constraints_of, meets, parse
from skep.swarm.service import image_of
from skep.swarm.spec import ServiceSpec


@dataclass(frozen=True, slots=True)
class Use:
    """A service of a stack, and the image that it takes from a file."""

    stack: str
    spec: ServiceSpec
    archive: Archive
    image: ArchivedImage


def uses(cluster: Cluster) -> list[Use]:
    """In the order of stacks. A stack whose files are wrong has none: the role of stacks says what is."""
    return [use for stack in cluster.stacks if cluster.archives for use in _of(cluster, stack)]


def _of(cluster: Cluster, stack: Stack) -> Iterator[Use]:
    try:
        services = convert(document_of(stack), stack.name).services if stack.compose else {}
    except ComposeError:
        return
    for spec in services.values():
        if found := archived(cluster.archives, image_of(spec)):
            yield Use(stack.name, spec, *found)


def may_run_on(spec: ServiceSpec, host: Host, node: Node | None) -> bool:
    """Whether tasks of the service may come to the host once it is as the inventory says, whatever its machine is. Of a
    host that is no ``node`` yet, what only its engine can say counts as met."""
    if host.availability != "active":
        return False
    there = node or {}
    labels = {**labels_of(there.get("Spec") or {}), **host.labels}
    known: Node = {
        "Description": {"Hostname": host.name},
        "Status": {"Addr": host.advertise or host.address},
        **there,
        "Spec": {"Role": host.role, "Availability": host.availability, "Labels": labels},
    }
    return all(meets(one, known) or (node is None and _is_unknown(one)) for one in constraints_of(spec))


def _is_unknown(constraint: str) -> bool:
    try:
        key = parse(constraint).key.casefold()
    except ValueError:
        return False
    return key == "node.id" or key.startswith((ENGINE_LABELS, "node.platform."))


def is_for(image: ArchivedImage, machine: str) -> bool:
    """Whether it runs on that machine, by whichever name; one that is not known counts as right."""
    own = ALIASES.get(machine, machine)
    return own in ("", image.architecture) or (image.architecture == "arm" and own.startswith("armv"))
