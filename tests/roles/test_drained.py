"""A drained node is asked for its tasks at every look, and only where it is to be drained."""

from __future__ import annotations

from roles.swarm.role import role
from roles.swarm.state import Node, State
from skep.model import Host
from skep.request import RequestedCluster
from tests.seen import seen

CLUSTER = RequestedCluster(
    "test",
    (
        Host("m1", "10.0.0.1", "manager"),
        Host("w1", "10.0.0.2", "worker", availability="drain"),
        Host("w2", "10.0.0.3", "worker"),
    ),
)
NODES = (
    Node("m1-id", "m1", "manager", reachability="reachable", leader=True, address="10.0.0.1"),
    Node("w1-id", "w1", "worker", availability="drain", address="10.0.0.2"),
    Node("w2-id", "w2", "worker", availability="drain", address="10.0.0.3"),
)
OBSERVED = {
    "m1": State(node_state="active", node_id="m1-id", cluster_id="one", manager=True, nodes=NODES),
    "w1": State(node_state="active", node_id="w1-id"),
    "w2": State(node_state="active", node_id="w2-id"),
}


def test_tasks_that_are_left_are_counted() -> None:
    (asked,) = role.inquiries(CLUSTER, seen(OBSERVED))
    assert (asked.path, asked.lasting) == ("/tasks?filters=%7B%22node%22%3A%5B%22w1-id%22%5D%7D", False)
    states = ("running", "starting", "shutdown", "complete", "failed")
    tasks = [{"NodeID": "w1-id", "Status": {"State": state}} for state in states]
    answered = role.with_answers(seen(OBSERVED), {asked: tasks})
    assert {name: state.busy for name, state in answered.items() if state} == {"m1": 0, "w1": 2, "w2": 0}
    assert role.with_answers(seen(OBSERVED), {asked: "no manager answers"}) == OBSERVED
