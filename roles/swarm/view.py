"""The swarm as the manager that is believed lists it."""

from __future__ import annotations

from collections.abc import Mapping

from roles.swarm.state import Node, State
from skep.dataclass import dataclass
from skep.seen import Seen


@dataclass(frozen=True, slots=True)
class View:
    """The swarm as one ``manager`` (a host) reports it: its state, and its nodes by ID."""

    manager: str
    state: State
    nodes: Mapping[str, Node]

    def node_of(self, state: State | None) -> Node | None:
        """The node a host is in this swarm."""
        return self.nodes.get(state.node_id) if state and state.node_id else None


def view(seen: Seen[State]) -> View | None:
    """The swarm as the manager that is believed reports it; ``None`` without one."""
    state = seen.swarm
    if seen.manager is None or state is None or state.nodes is None:
        return None
    return View(seen.manager, state, {node.id: node for node in state.nodes})


def leads(state: State) -> bool:
    """Whether a manager takes itself for the leader."""
    return any(node.leader and node.id == state.node_id for node in state.nodes or ())
