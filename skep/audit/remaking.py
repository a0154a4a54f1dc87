"""What to type where networks have to be made anew: Docker changes none in place."""

from __future__ import annotations

from collections.abc import Sequence

from skep.model import Cluster
from skep.swarm.labels import NAMESPACE
from skep.swarm.objects import Network


def remade(cluster: Cluster, networks: Sequence[Network], change: str, *, compose: str = "") -> str:
    """The remedy, by whose networks they are: the inventory's, a stack's, or nobody's. ``compose`` is the change in the
    words of a compose file, where they are others. A stack that is not in the inventory is not removed by skep, which
    could not deploy it again."""
    known, stacks = {one.name for one in cluster.networks}, {one.name for one in cluster.stacks}
    change_there = compose or change
    by_stack = {
        one["Name"]: (one.get("Labels") or {})[NAMESPACE] for one in networks if NAMESPACE in (one.get("Labels") or {})
    }
    ours = [one["Name"] for one in networks if one["Name"] in known]
    foreign = [one["Name"] for one in networks if one["Name"] not in known and one["Name"] not in by_stack]
    parts = []
    if ours:
        places = " and ".join(f"networks.{name}" for name in ours)
        parts.append(
            f"write {change} at {places} in the inventory and remove the stacks in it (stack.rm), then: "
            f"invoke cluster.up --replace-network {','.join(ours)}"
        )
    for stack in sorted(set(by_stack.values())):
        names = " and ".join(name.removeprefix(f"{stack}_") for name, of in by_stack.items() if of == stack)
        parts.append(
            f"write {change_there} for the network {names} in the compose file, then: invoke stack.rm {stack}; "
            f"invoke stack.deploy {stack}"
            if stack in stacks
            else f"on a manager, once FILE of stack {stack}, which is not in the inventory, says {change_there} for its"
            f" network {names}: docker stack rm {stack}, and when it is gone:"
            f" docker stack deploy --compose-file FILE {stack}"
        )
    if foreign:
        names = " ".join(foreign)
        parts.append(f"on a manager, remove the services in it, then: docker network rm {names}")
    return "; ".join(parts)
