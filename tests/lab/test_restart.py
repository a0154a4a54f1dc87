"""daemon.json that takes a restart: host by host, never below a quorum."""

from __future__ import annotations

from rig.breakages import FILE
from rig.environment import Environment
from rig.quorum import watched

ENGINE = "systemctl show --property=MainPID --value docker.service"
SPOIL = f"""sed -i 's/"max-size": "10m"/"max-size": "11m"/' {FILE} && grep -q 11m {FILE}"""
CHANGED = ("m1", "m2", "m3", "w1")


def test_engines_are_restarted_one_by_one_and_the_quorum_is_kept(cluster: Environment) -> None:
    hosts = cluster.hosts
    hosts.each(SPOIL, CHANGED)
    engines = hosts.each(ENGINE)
    leader = next(node["Description"]["Hostname"] for node in hosts.nodes("m1") if _leads(node))

    plan = cluster.plan().must(10)
    planned = {name for name in hosts.names if f"daemon/restart@{name}" in plan.ids}
    assert planned == set(CHANGED), f"restarts are planned on {planned}\n{plan}"

    with watched(hosts) as quorum:
        ran = cluster.up()

    restarts = [step.partition("@")[2] for step in ran.done if step.startswith("daemon/restart@")]
    assert sorted(restarts) == sorted(CHANGED) and restarts[-1] == leader, f"leader {leader}, restarted: {restarts}"
    listening, told = quorum.fewest()
    assert len(listening) >= 2, f"for a moment only {set(listening)} of three managers listened\n{ran}"
    assert len(told) >= 2, f"a manager told that only {set(told)} of three were at work\n{ran}"
    assert len(listening) == 2, f"the watcher saw no manager restart in {len(quorum.listening)} looks"

    now = hosts.each(ENGINE)
    assert {name for name in now if now[name] != engines[name]} == set(CHANGED), f"{engines} → {now}"
    busy = {n["Description"]["Hostname"]: n["Spec"]["Availability"] for n in hosts.nodes("m2")}
    assert set(busy.values()) == {"active"}, f"not every node is back at work: {busy}\n{ran}"
    cluster.tool("cluster.verify").must()


def _leads(node: dict[str, dict[str, object]]) -> bool:
    return bool(node.get("ManagerStatus", {}).get("Leader"))
