"""Each condition looks once and says how far it is."""

from __future__ import annotations

from typing import Any

import pytest

from skep.engine.conditions import CONDITIONS, Progress


def node(
    id: str, role: str = "worker", state: str = "ready", reach: str | None = None, name: str = ""
) -> dict[str, Any]:
    return {
        "ID": id,
        "Description": {"Hostname": name or id},
        "Spec": {"Role": role, "Availability": "active"},
        "Status": {"State": state},
    } | ({"ManagerStatus": {"Reachability": reach}} if reach else {})


def manager(id: str, reach: str = "reachable", state: str = "ready") -> dict[str, Any]:
    return node(id, "manager", state, reach)


@pytest.mark.parametrize(
    ("nodes", "progress"),
    [
        ([], Progress(False, "not in the node list yet")),
        ([node("n")], Progress(True, "ready")),
        ([node("n", state="down")], Progress(False, "down")),
        ([node("n", reach="reachable")], Progress(False, "ready")),
        ([node("n", "manager")], Progress(False, "ready, not yet a manager")),
        ([manager("n", "unreachable")], Progress(False, "ready, unreachable")),
        ([manager("n", state="unknown")], Progress(False, "the leader has yet to hear from 1 node")),
        ([manager("n"), node("other", state="unknown")], Progress(False, "the leader has yet to hear from 1 node")),
        ([manager("n"), node("other", state="down")], Progress(True, "ready, reachable")),
        ([manager("n")], Progress(True, "ready, reachable")),
        ([node("old", state="down", name="n"), node("new", name="n")], Progress(True, "ready")),
        ([node("one", name="n"), node("two", name="n")], Progress(False, "not in the node list yet")),
    ],
)
def test_node_ready(fake: Any, nodes: list[dict[str, Any]], progress: Progress) -> None:
    assert CONDITIONS["node_ready"](fake(nodes=nodes), node="n") == progress


@pytest.mark.parametrize(
    ("nodes", "done"),
    [([], True), ([node("n")], False), ([node("n", state="down")], True), ([node("n", state="unknown")], False)],
)
def test_node_down(fake: Any, nodes: list[dict[str, Any]], done: bool) -> None:
    assert CONDITIONS["node_down"](fake(nodes=nodes), node="n").done is done


@pytest.mark.parametrize(
    ("others", "done", "text"),
    [
        ([], True, "0 of 1 managers would be reachable"),
        ([manager("b")], False, "1 of 2 managers would be reachable"),
        ([manager("b"), manager("c")], True, "2 of 3 managers would be reachable"),
        (
            [manager("b"), manager("c", "unreachable")],
            False,
            "1 of 3 managers would be reachable (not reachable: c)",
        ),
        (
            [manager(name) for name in "bcd"] + [manager("e", "unreachable")],
            True,
            "3 of 5 managers would be reachable (not reachable: e)",
        ),
        (
            [manager("b"), manager("c"), node("d", "manager")],
            False,
            "2 of 4 managers would be reachable (not reachable: d)",
        ),
        ([node("w"), node("x")], True, "0 of 1 managers would be reachable"),
    ],
)
def test_quorum_without(fake: Any, others: list[dict[str, Any]], done: bool, text: str) -> None:
    found = CONDITIONS["quorum_without"](fake(nodes=[manager("a"), *others]), node="a")
    assert found == Progress(done, text)


def test_quorum_without_counts_a_manager_until_raft_has_let_it_go(fake: Any) -> None:
    leaving = node("d", "worker", "down", "unreachable")
    nodes = [manager("a"), manager("b"), manager("c"), leaving]
    found = CONDITIONS["quorum_without"](fake(nodes=nodes), node="a")
    assert found == Progress(False, "2 of 4 managers would be reachable (not reachable: d)")


def task(node: str, state: str, desired: str = "running") -> dict[str, Any]:
    return {"NodeID": node, "DesiredState": desired, "Status": {"State": state}}


@pytest.mark.parametrize(
    ("tasks", "progress"),
    [
        ([], Progress(True, "0 tasks starting elsewhere")),
        ([task("n", "running")], Progress(False, "1 task still on it, which may take 10s to stop", grace=10.0)),
        ([task("n", "shutdown", "shutdown"), task("x", "running")], Progress(True, "0 tasks starting elsewhere")),
        ([task("x", "preparing"), task("y", "starting")], Progress(False, "2 tasks starting elsewhere")),
        ([task("", "pending")], Progress(True, "0 tasks starting elsewhere")),
    ],
)
def test_node_drained(fake: Any, tasks: list[dict[str, Any]], progress: Progress) -> None:
    def listed(filters: dict[str, str]) -> list[dict[str, Any]]:
        if "node" in filters:
            return [task for task in tasks if task["NodeID"] == filters["node"]]
        return [task for task in tasks if task["DesiredState"] == filters["desired-state"]]

    assert CONDITIONS["node_drained"](fake(nodes=[node("n")], tasks=listed), node="n") == progress


def test_node_empty(fake: Any) -> None:
    """However the tasks fare elsewhere; one that is Down hears nothing."""
    left = [task("n", "running", "shutdown"), task("n", "shutdown", "shutdown")]
    reported = {"nodes": [node("n")], "tasks": left}
    words = "1 task still on it, which may take 10s to stop"
    assert CONDITIONS["node_empty"](fake(**reported), node="n") == Progress(False, words, grace=10.0)
    assert CONDITIONS["node_empty"](fake(**{**reported, "tasks": left[1:]}), node="n") == Progress(True)
    down = CONDITIONS["node_empty"](fake(**{**reported, "nodes": [node("n", state="down")]}), node="n")
    assert down == Progress(True, "it is Down: 1 task to be stopped once it is back")


def of_stack(id: str, node: str, state: str = "running") -> dict[str, Any]:
    return {**task(node, state, "remove"), "ID": id, "Spec": {"ContainerSpec": {"Image": "busybox:1@sha256:0"}}}


def gone(fake: Any, **answers: Any) -> Progress:
    nodes = [node("w1"), node("w2", state="unknown"), node("w3", state="down")]
    keep = answers.pop("keep", ())
    api = fake(**{"services": [], "tasks": [], "networks": [], "nodes": nodes, **answers})
    return CONDITIONS["stack_gone"](api, stack="web", keep=keep)


def test_stack_gone_counts_what_is_left(fake: Any) -> None:
    done = of_stack("t0", "w1", "shutdown")
    left = gone(fake, services=[{}], tasks=[done, of_stack("t1", "w1")], networks=[{}, {}])
    assert left == Progress(False, "1 service, 1 task, 2 networks", grace=10.0)
    assert gone(fake, tasks=[done]) == Progress(True)
    shared = gone(fake, networks=[{"Name": "web_shared"}, {"Name": "web_default"}], keep=["web_shared"])
    assert shared == Progress(False, "1 network")


def test_stack_gone_names_the_tasks_that_hold_it_up(fake: Any) -> None:
    tasks = [of_stack("0123456789abcdef", "w1"), of_stack("t2", "w2"), of_stack("t3", ""), of_stack("t4", "w1")]
    assert gone(fake, tasks=tasks[:1]) == Progress(False, "1 task (0123456789ab of busybox:1 on w1)", grace=10.0)
    names = "0123456789ab of busybox:1 on w1, t2 of busybox:1 on w2, t3 of busybox:1 and 1 more"
    assert gone(fake, tasks=tasks) == Progress(False, f"4 tasks ({names})", grace=10.0)


def test_stack_gone_waits_for_no_node_that_cannot_be_known(fake: Any) -> None:
    lost = [of_stack("t1", "w3"), of_stack("t2", "no-more")]
    words = "t1 of busybox:1 on w3, t2 of busybox:1 on no-more: to be stopped once the node is back"
    assert gone(fake, tasks=lost) == Progress(True, words)
    assert gone(fake, tasks=[*lost, of_stack("t3", "w1")]).grace == 10.0
    assert gone(fake, tasks=lost, networks=[{}]) == Progress(False, "1 network")
