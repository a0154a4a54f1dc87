"""Hosts that are down from the start: a worker is left out and comes later, a manager forbids to make a swarm."""

from __future__ import annotations

from tests.lab.rig.disk import listing, must_be_same
from tests.lab.rig.environment import Environment, changing


def test_no_swarm_is_made_while_a_manager_is_down_and_a_worker_may_come_later(bare: Environment) -> None:
    hosts = bare.hosts
    _a_manager_is_down(bare)
    hosts.boot("m3")

    hosts.kill("w1")
    ran = bare.tool("cluster.up").must(3)
    assert "w1" in ran.error["message"], f"the host left out is not named\n{ran}"
    assert any(f["host"] == "w1" and f["level"] == "warning" for f in ran.findings), f"{ran}"
    assert not any("@w1" in step for step in ran.ids), f"{ran}"
    nodes = {node["Description"]["Hostname"]: node["Status"]["State"] for node in hosts.nodes("m1")}
    assert nodes == {"m1": "ready", "m2": "ready", "m3": "ready"}, f"the others did not get there: {nodes}\n{ran}"
    again = bare.settled_plan()
    assert again.exit == 3 and not again.steps, f"the others are not as described\n{again}"

    hosts.boot("w1")
    complete = bare.up("--verify", "always")
    assert {step.partition("@")[2] for step in changing(complete.done)} == {"w1"}, f"{complete}"
    hosts.must_be_one_swarm()
    bare.must_be_as_described()
    bare.page_must_answer()


def _a_manager_is_down(bare: Environment) -> None:
    """Nothing at all may happen then."""
    before = listing(bare.hosts)
    bare.hosts.kill("m3")
    ran = bare.tool("cluster.up").must(4)
    errors = [finding for finding in ran.findings if finding["level"] == "error" and "m3" in (finding["host"] or "")]
    assert errors, f"the silent manager is not named\n{ran}"
    assert not ran.named("step"), f"something was done\n{ran}"
    alive = {name: found for name, found in before.items() if name != "m3"}
    bare.hosts.boot("m3")
    after = listing(bare.hosts)
    must_be_same(alive, {name: after[name] for name in alive}, "cluster.up was refused")
