"""Names of labels, Docker's and this tool's own: nowhere else are they spelled out."""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = "com.docker.stack.namespace"
"""On every object of a stack: the stack's name. Source: ``cli/compose/convert`` of docker/cli."""
IMAGE = "com.docker.stack.image"
"""On a service: its image as the compose file names it."""
PREDEFINED = "com.docker.swarm.predefined"
"""On nodes' own networks; Swarm refuses it on any other."""
SERVICE_ID = "com.docker.swarm.service.id"
"""On a task's container, as the two below."""
TASK_ID = "com.docker.swarm.task.id"
NODE_ID = "com.docker.swarm.node.id"
RESERVED = ("com.docker.", "io.docker.", "org.dockerproject.")
"""How keys begin that are Docker's own. Source: Docker object labels, key format recommendations."""

OURS = "skep."
"""How keys of this tool's own begin."""
OWNED = "skep.labels"
"""On a node: the labels of it that this tool set, comma-separated."""
KEY = "skep.key"
"""Name and label of the config whose content keys the marks of secrets: whoever reads a mark alone cannot try
passwords on it."""
MARK = "skep.mark"
"""On a secret: a keyed hash over what it holds."""

REVISION_OF = "skep.stack"
"""On a record of a stack's revision, as all below: the stack."""
REVISION = "skep.revision"
REVISION_STATE = "skep.state"
REVISION_CAUSE = "skep.cause"
REVISION_ERROR = "skep.error"
REVISION_WHO = "skep.who"
REVISION_COMMIT = "skep.commit"


def labels_of(labelled: Mapping[str, object]) -> Mapping[str, str]:
    """The labels of a spec or of a network; the Engine API leaves them out, or sends null, where there are none."""
    found = labelled.get("Labels")
    return found if isinstance(found, Mapping) else {}


def stack_of(labelled: Mapping[str, object]) -> str:
    """The stack that a spec or network belongs to; empty where it is of none."""
    return labels_of(labelled).get(NAMESPACE) or ""


def of_stack(stack: str) -> str:
    """The label by which the Engine API lists what belongs to a stack."""
    return f"{NAMESPACE}={stack}"
