"""The swarm as its managers tell it: the word that is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roles.swarm.state import Node, State
from skep.model import Cluster


@dataclass(frozen=True, slots=True)
class View:
    """The cluster as its managers tell it. ``told_by`` is the host whose word this is."""

    told_by: str
    state: State
    nodes: Mapping[str, Node]

    def node_of(self, state: State | None) -> Node | None:
        """The node a host is in this swarm."""
        return self.nodes.get(state.node_id) if state and state.node_id else None


def view(cluster: Cluster, observed: Mapping[str, State | None]) -> View | None:
    """What the managers of the inventory agree on, the leader's word first; ``None`` without such a manager."""
    told = [
        (name, state)
        for host in cluster.hosts
        for name, state in [(host.name, observed.get(host.name))]
        if state and state.nodes is not None
    ]
    if not told:
        return None
    name, state = max(told, key=lambda item: leads(item[1]))
    return View(name, state, {node.id: node for node in state.nodes or ()})


def leads(state: State) -> bool:
    """Whether a manager takes itself for the leader."""
    return any(node.leader and node.id == state.node_id for node in state.nodes or ())
