"""Ports of hosts: which removed services give them up first, and where the hosts' SSH servers have them."""

from __future__ import annotations

from typing import Any

import pytest

from roles.stacks.role import role
from roles.stacks.state import State, SwarmObjects
from skep.compose import convert, load
from skep.model import Host
from skep.plan import Finding, Step
from skep.request import RequestedCluster, RequestedStack, Rollout
from tests.seen import seen

PORT = "ports: [{target: 80, published: 22, mode: host}]"
COLORS = ("red", "blue")
NODES: Any = tuple(
    {"ID": f"n{number}", "Spec": {"Role": "manager", "Labels": {"color": color}}, "Status": {"State": "ready"}}
    for number, color in enumerate(COLORS, 1)
)


def compose(*services: tuple[str, str, str]) -> dict[str, bytes]:
    """A file of services by name, color of their nodes (any where that is empty) and what else there is of each."""
    lines = [
        f"  {name}: {{image: 'shop:1', {more}"
        + (f", deploy: {{placement: {{constraints: ['node.labels.color == {color}']}}}}}}\n" if color else "}\n")
        for name, color, more in services
    ]
    return {"compose.yml": f"services:\n{''.join(lines)}".encode()}


def planned(files: dict[str, bytes], there: dict[str, bytes] | None, state: State, *hosts: Host) -> list[Any]:
    """The plan of a stack with these files, in a swarm that holds those services of it; what is in no file goes."""
    stack = RequestedStack("shop", ("compose.yml",), files, {}, rollout=Rollout(resolve="never", prune=True))
    specs = convert(load(there, ["compose.yml"], variables={}), "shop").services if there else {}
    held: Any = tuple({"ID": name, "Spec": spec} for name, spec in specs.items())
    swarm = SwarmObjects(services=held, nodes=NODES if there else ())
    cluster = RequestedCluster("ports", hosts or (Host("m1", "10.0.0.1", "manager"),), stacks=(stack,))
    return list(role.plan(cluster, seen({"m1": State(swarm=swarm, login=state.login)})))


@pytest.mark.parametrize(
    ("old", "new", "goes_first"), [("red", "red", True), ("red", "", True), ("red", "blue", False)]
)
def test_a_removed_service_goes_first_only_where_the_other_may_need_its_node(
    old: str, new: str, *, goes_first: bool
) -> None:
    items = planned(compose(("new", new, PORT)), compose(("old", old, PORT)), State())
    steps = [item.id.action for item in items if isinstance(item, Step)]
    assert (steps.index("prune") < steps.index("create")) == goes_first
    assert (steps.index("prune") > steps.index("running")) != goes_first


def test_hosts_that_are_to_join_are_judged_by_their_labels_in_the_inventory() -> None:
    hosts = [Host(f"m{n}", f"10.0.0.{n}", "manager", labels={"color": color}) for n, color in enumerate(COLORS, 1)]
    for color, refused in (("red", True), ("blue", False), ("", True)):
        items = planned(compose(("git", color, PORT)), None, State(login=22), *hosts)
        errors = [item.text for item in items if isinstance(item, Finding) and item.level == "error"]
        assert any("SSH server of m1" in text for text in errors) == refused, color
