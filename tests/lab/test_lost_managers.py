"""Managers of a running cluster that die or come back empty: the others go on, and there is never a second swarm."""

from __future__ import annotations

from tests.lab.rig.environment import Environment
from tests.lab.rig.hosts import until

WIPE = """
set -e
systemctl stop docker.socket docker.service
rm -rf /var/lib/docker/*
systemctl start docker.service
"""


def test_a_dead_first_manager_does_not_matter(cluster: Environment) -> None:
    hosts = cluster.hosts
    hosts.kill("m1")
    until("m2 and m3 have a leader", lambda: hosts.attempt("m2", "timeout 5 docker node ls").returncode == 0)
    hosts.run("m2", "docker node update --label-add zone=moon w1")
    zone = cluster.document["hosts"]["w1"]["labels"]["zone"]

    ran = cluster.tool("cluster.up").must(3)
    assert "m1" in ran.error["message"], f"the host left out is not named\n{ran}"
    assert hosts.node("m2", "w1")["Spec"]["Labels"]["zone"] == zone, f"not fixed\n{ran}"

    hosts.boot("m1")
    cluster.up("--verify", "never")
    until("m1 is a manager again", lambda: hosts.attempt("m1", "docker node ls").returncode == 0)
    cluster.tool("cluster.verify").must()
    hosts.must_be_one_swarm()
    cluster.must_be_as_described()


def test_a_manager_wiped_and_reinstalled_rejoins_the_same_swarm(cluster: Environment) -> None:
    hosts = cluster.hosts
    before = hosts.must_be_one_swarm()
    lost = hosts.swarm("m1")["NodeID"]
    hosts.run("m1", WIPE)
    assert hosts.swarm("m1")["LocalNodeState"] == "inactive"

    plan = until("another manager leads", lambda: (ran := cluster.plan()).exit == 10 and ran)
    assert "swarm/join@m1" in plan.ids, f"{plan}"
    assert not any(step.startswith("swarm/init") for step in plan.ids), f"a second swarm is planned\n{plan}"

    ran = cluster.up("--verify", "always")
    assert hosts.must_be_one_swarm() == before, f"{ran}"
    assert lost not in {node["ID"] for node in hosts.nodes("m2")}, f"the lost node is still there\n{ran}"
    cluster.page_must_answer()
