"""What a plan may wait for. Each condition looks once and says how far it is; the executor repeats and ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from skep.engine.moving import services_moved
from skep.engine.nodes import find_node
from skep.engine.progress import Progress
from skep.engine.settling import SettledWatch, services_settled
from skep.engine.stack_watch import StackWatch
from skep.engine.tasks import Node, Task, grace, is_alive, node_name
from skep.engine.transport import EngineClient
from skep.measures import seconds_text
from skep.swarm.labels import of_stack
from skep.swarm.service import container_in

SHOWN = 3
"""Tasks that are named."""


def node_ready(api: EngineClient, *, node: str) -> Progress:
    """The node is Ready in the managers' eyes, Reachable where it is a manager, and the leader, if it is a new one,
    has heard from every node again."""
    try:
        found = find_node(api, node)
    except LookupError:
        return Progress(False, "not in the node list yet")
    unheard = [n for n in api.nodes() if n["Status"]["State"] == "unknown"]
    if unheard:
        return Progress(False, f"the leader has yet to hear from {_counted(len(unheard), 'node')}")
    state = found["Status"]["State"]
    manager = found.get("ManagerStatus")
    if found["Spec"]["Role"] == "manager":
        reach = (manager or {}).get("Reachability", "not yet a manager")
        return Progress(state == "ready" and reach == "reachable", f"{state}, {reach}")
    return Progress(state == "ready" and not manager, state)


def node_down(api: EngineClient, *, node: str) -> Progress:
    """The managers see the node as Down, or not at all."""
    try:
        state = find_node(api, node)["Status"]["State"]
    except LookupError:
        return Progress(True)
    return Progress(state == "down", state)


def quorum_without(api: EngineClient, *, node: str) -> Progress:
    """The other managers make a majority of all without that node; or it is the only one there is."""
    managers = [n for n in api.nodes() if n["Spec"]["Role"] == "manager" or n.get("ManagerStatus")]
    others = [n for n in managers if node not in (n["ID"], n["Description"].get("Hostname"))]
    silent = [n for n in others if (n.get("ManagerStatus") or {}).get("Reachability") != "reachable"]
    reachable = len(others) - len(silent)
    enough = not others or reachable >= len(managers) // 2 + 1
    text = f"{reachable} of {len(managers)} managers would be reachable"
    names = sorted(n["Description"].get("Hostname") or n["ID"] for n in silent)
    return Progress(enough, f"{text} (not reachable: {', '.join(names)})" if silent else text)


def node_empty(api: EngineClient, *, node: str) -> Progress:
    """No task is left on the node. One that is Down hears nothing, and reports nothing."""
    found = find_node(api, node)
    here = [task for task in api.tasks(filters={"node": found["ID"]}) if is_alive(task)]
    if here and not _may_answer(found):
        return Progress(True, f"it is Down: {_counted(len(here), 'task')} to be stopped once it is back")
    if here:
        return Progress(False, _stopping(here, "still on it"), grace=max(map(grace, here)))
    return Progress(True)


def node_drained(api: EngineClient, *, node: str) -> Progress:
    """No task runs on the node, and what ran there is settled elsewhere or waits for a place."""
    found = find_node(api, node)
    here = [task for task in api.tasks(filters={"node": found["ID"]}) if is_alive(task)]
    if here:
        return Progress(False, _stopping(here, "still on it"), grace=max(map(grace, here)))
    desired = [task for task in api.tasks(filters={"desired-state": "running"}) if is_alive(task)]
    moving = [task for task in desired if task["Status"]["State"] not in ("running", "complete", "pending")]
    return Progress(not moving, f"{_counted(len(moving), 'task')} starting elsewhere")


def stack_running(api: EngineClient, *, stack: str, services: Sequence[str] = ()) -> Progress:
    """Every service of the stack (or each of those named in full) runs as desired and has done so for its monitor time;
    jobs are complete. See ``StackWatch``, which a wait uses to know more than one look can tell."""
    return StackWatch()(api, stack=stack, services=services)


def stack_gone(api: EngineClient, *, stack: str, keep: Sequence[str] = ()) -> Progress:
    """No service, task or network of the stack is left, but the networks to ``keep``.

    Tasks on nodes that are Down or gone do not count: nobody can tell such a node to stop them before it is back.
    """
    label = of_stack(stack)
    services = api.services(filters={"label": label})
    tasks = [task for task in api.tasks(filters={"label": label}) if is_alive(task)]
    networks = [one for one in api.networks(filters={"label": label}) if one.get("Name") not in keep]
    nodes = {node["ID"]: node for node in api.nodes()} if tasks else {}
    lost = [task for task in tasks if task.get("NodeID") and not _may_answer(nodes.get(task["NodeID"]))]
    tasks = [task for task in tasks if task not in lost]
    remaining = [_counted(len(left), what) for left, what in ((services, "service"), (tasks, "task")) if left]
    if tasks and not services:
        remaining[-1] += f" ({_named(tasks, nodes)})"
    remaining += [_counted(len(networks), "network")] if networks else []
    if not remaining and lost:
        return Progress(True, f"{_named(lost, nodes)}: to be stopped once the node is back")
    return Progress(not remaining, ", ".join(remaining), grace=max(map(grace, tasks), default=0.0))


def _may_answer(node: Node | None) -> bool:
    """Not Down. After a change of leader all nodes are unknown for a moment."""
    return node is not None and node["Status"]["State"] != "down"


def _named(tasks: Sequence[Task], nodes: Mapping[str, Node]) -> str:
    """The first of these tasks by ID, image and node: once a service is gone, nobody knows its name any more."""
    words = []
    for task in tasks[:SHOWN]:
        image = container_in(task.get("Spec")).get("Image", "").partition("@")[0]
        node = f" on {node_name(nodes, task['NodeID'])}" if task.get("NodeID") else ""
        words.append(f"{task['ID'][:12]}{f' of {image}' if image else ''}{node}")
    return ", ".join(words) + (f" and {len(tasks) - SHOWN} more" if len(tasks) > SHOWN else "")


def _stopping(tasks: Sequence[Task], where: str) -> str:
    """How many there are, and how long they may take."""
    return f"{_counted(len(tasks), 'task')} {where}, which may take {seconds_text(max(map(grace, tasks)))} to stop"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


CONDITIONS: dict[str, Callable[..., Progress]] = {
    condition.__name__: condition
    for condition in (
        node_ready,
        node_down,
        quorum_without,
        node_empty,
        node_drained,
        services_moved,
        services_settled,
        stack_running,
        stack_gone,
    )
}

WATCHES: dict[str, Callable[[], Callable[..., Progress]]] = {
    stack_running.__name__: StackWatch,
    services_settled.__name__: SettledWatch,
}
"""Conditions that remember what they saw, from one look of a wait to the next."""


def watch(condition: str) -> Callable[..., Progress]:
    """What one wait asks again and again."""
    made = WATCHES.get(condition)
    return made() if made else CONDITIONS[condition]
