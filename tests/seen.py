"""What a role plans from, out of states alone: a host's standing in the swarm is what its state says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roles.networks.role import State as NetworksState
from roles.stacks.state import State as StacksState
from roles.swarm.state import State as SwarmState
from roles.swarm.view import leads
from skep.seen import Member, Members, Platform, Seen, believed

MANAGER = Member(manager=True, leader=True, node="n1", managers={"n1": True}, nodes=frozenset({"n1"}))


def seen(
    states: Mapping[str, Any], members: Members | None = None, platforms: Mapping[str, Platform] | None = None
) -> Seen[Any]:
    """``members`` where the states do not say it."""
    standing = {name: standing_of(state) for name, state in states.items()} | dict(members or {})
    return Seen(states, platforms or {}, standing, believed(standing))


def standing_of(state: Any) -> Member | None:
    """From a state of the roles that know; ``None`` from any other."""
    if isinstance(state, SwarmState) and state.node_state == "active":
        nodes = {node.id: node for node in state.nodes or ()}
        managers = {one: node.reachability == "reachable" for one, node in nodes.items() if node.reachability}
        return Member(state.manager, leads(state), node=state.node_id, managers=managers, nodes=frozenset(nodes))
    if isinstance(state, StacksState) and state.swarm is not None:
        return MANAGER
    if isinstance(state, NetworksState) and state.networks is not None:
        return MANAGER
    return None
