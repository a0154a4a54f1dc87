"""Each role's state broken by hand: the plan shows it, cluster.verify tells it, cluster.up fixes it."""

from __future__ import annotations

import pytest

from tests.lab.rig.breakages import BREAKAGES, Breakage
from tests.lab.rig.environment import Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Ran

ENGINE = "systemctl show --property=MainPID --value docker.service"


def test_verify_passes_and_looks_at_every_role_of_every_host(cluster: Environment) -> None:
    report = cluster.folder / "report.xml"
    ran = cluster.tool("cluster.verify", "--junit", str(report)).must()
    rows = ran.named("verify")[0]["checks"]
    for role in ("engine", "daemon", "swarm"):
        looked = {row["host"] for row in rows if row["role"] == role and row["outcome"] == "passed"}
        assert looked >= set(cluster.hosts.names), f"{role} was verified on {sorted(map(str, looked))} only\n{ran}"
    assert {row["role"] for row in rows if row["outcome"] == "passed"} >= {"networks", "stacks"}, f"{ran}"
    silent = [row for row in rows if row["outcome"] == "skipped" and not row["message"]]
    assert not silent, f"left out without a reason: {silent}"
    assert "<testsuite" in report.read_text(), f"no JUnit report\n{ran}"


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
def test_is_planned_told_and_mended(cluster: Environment, breakage: Breakage) -> None:
    cluster.hosts.run(breakage.on, breakage.script)
    engines = cluster.hosts.each(ENGINE)

    if breakage.step:
        plan = until(f"the plan holds {breakage.step}", lambda: planned(cluster, breakage.step))
        changes = [step for step in plan.steps if not step["id"].startswith("swarm/heard@")]
        others = {step["concerns"] for step in changes} - {None, breakage.host}
        assert not others, f"the plan is about {others}, too\n{plan}"
    else:
        cluster.must_be_as_described()

    told = cluster.tool("cluster.verify").must(8)
    rows = [row for row in told.bad_checks if row["role"] == breakage.role and row["host"] == breakage.host]
    assert rows, f"nothing about {breakage.role} on {breakage.host or 'the cluster'}\n{told}"
    assert any(breakage.words in row["message"] for row in rows), f"not told: {breakage.words!r}\n{told}"
    if breakage.alone:
        assert {row["role"] for row in told.bad_checks} == {breakage.role}, f"{told}"

    if breakage.undo:
        cluster.hosts.run(breakage.on, breakage.undo)
    fixed = cluster.up("--verify", "changed" if breakage.step else "always")
    assert bool(fixed.steps) == bool(breakage.step), f"{fixed}"
    now = cluster.hosts.each(ENGINE)
    restarted = {name for name in now if now[name] != engines[name]}
    assert restarted <= set(breakage.restarts), f"the engine was restarted on {restarted}\n{fixed}"


def planned(cluster: Environment, step: str) -> Ran | None:
    """The plan, if it holds that step."""
    ran = cluster.plan()
    return ran if step in ran.ids and ran.exit == 10 else None
