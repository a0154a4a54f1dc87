"""cluster.status: what there is, what differs, and who does not answer; it changes nothing."""

from __future__ import annotations

import signal

from tests.lab.rig.environment import Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Ran


def test_status_shows_the_cluster_and_drift_and_changes_nothing(cluster: Environment) -> None:
    ran = until("all nodes and tasks are there", lambda: _settled(cluster.tool("cluster.status").must()))
    nodes = {row["name"]: row for row in _table(ran, "nodes")}
    assert set(nodes) == set(cluster.hosts.names), f"{ran}"
    assert [row["manager"] for row in nodes.values()].count("leader") == 1, f"{nodes}"
    assert {row["state"] for row in nodes.values()} == {"ready"}, f"{nodes}"
    networks = {row["name"]: row for row in _table(ran, "networks")}
    assert networks["front"]["attachable"] == "yes" and not networks["back"]["attachable"], f"{networks}"
    services = {row["service"]: row for row in _table(ran, "stacks")}
    web = services["web_web"]
    assert web["running"] == web["desired"] == len(cluster.hosts.workers), f"{web}"
    assert not ran.steps, f"{ran}"

    cluster.hosts.run("m1", "docker node update --label-add zone=moon w1 && docker network rm back")
    drifted = cluster.tool("cluster.status").must()
    assert {"swarm/node@w1", "networks/create:back"} <= drifted.ids, f"the drift is not shown\n{drifted}"
    assert not drifted.named("step"), f"a status did something\n{drifted}"
    shown = cluster.tool("cluster.status", json=False).must().out
    assert "zone: moon" in shown and "create network back" in shown, shown
    assert cluster.hosts.node("m2", "w1")["Spec"]["Labels"]["zone"] == "moon"

    path = cluster.folder / "drifted.html"
    picture = cluster.tool("cluster.report", "--html", str(path)).must().named("picture")[0]
    machines = {one["name"]: one for one in picture["machines"]}
    assert set(machines) == set(cluster.hosts.names) and machines["w1"]["zone"] == "moon", f"{machines}"
    assert all(one["outlook"]["certificate"] and one["outlook"]["disks"] for one in machines.values()), f"{machines}"
    assert sum(len(one["tasks"]) for one in machines.values()) >= web["running"], f"{machines}"
    page = path.read_text()
    assert "zone: moon" in page and "create network back" in page and "web_web" in page, page
    cluster.up("--verify", "never")


def test_status_of_a_cluster_with_a_dead_host_shows_the_others(cluster: Environment) -> None:
    with cluster.tool.start("cluster.watch") as watching:
        watching.wait_for("the first look", lambda ran: _said(ran, " answers: "))
        asked = next(one["name"] for one in watching.so_far().named("change") if " answers: " in one["text"])
        cluster.hosts.run("w1", "docker kill $(docker ps --quiet --filter name=web_web)")
        watching.wait_for("a task that failed", lambda ran: _said(ran, "failed on w1", kind="task"))
        for name in ("w2", asked):
            cluster.hosts.kill(name)
        ran = until("a manager is missed", lambda: _missing(cluster.tool("cluster.status")))
        assert "2 of 3 managers reachable; one more loss stops changes" in ran.must(3).error["message"], f"{ran}"
        assert "w2" in ran.error["cause"] and asked in ran.error["cause"], f"the dead hosts are not named\n{ran}"
        assert {row["name"] for row in _table(ran, "nodes")} == set(cluster.hosts.names), f"{ran}"
        assert _table(ran, "stacks"), f"{ran}"
        watching.wait_for("another manager is read", lambda ran: _said(ran, f"answers now: {asked}"))
        watching.wait_for("a node that is down", lambda ran: _said(ran, "→ down", kind="node"))
        watching.send(signal.SIGINT)
        watching.end().must(0)
    for name in ("w2", asked):
        cluster.hosts.boot(name)
    cluster.up("--verify", "never")
    cluster.page_must_answer()


def _settled(ran: Ran) -> Ran | None:
    """That status, once the managers have heard of every node and no task is on its way."""
    ready = all(row["state"] == "ready" for row in _table(ran, "nodes"))
    return ran if ready and all(row["running"] == row["desired"] for row in _table(ran, "stacks")) else None


def _said(ran: Ran, words: str, kind: str = "") -> bool:
    """Whether a change with these words was shown."""
    return any(words in one["text"] and kind in one["kind"] for one in ran.named("change"))


def _missing(ran: Ran) -> Ran | None:
    return ran if ran.named("quorum")[0]["unreachable"] else None


def _table(ran: Ran, name: str) -> list[dict[str, object]]:
    tables = ran.named(name)
    assert len(tables) == 1, f"{len(tables)} tables of {name}\n{ran}"
    return list(tables[0]["rows"])
