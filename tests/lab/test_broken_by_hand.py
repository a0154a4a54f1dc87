"""Each role's state broken by hand: the plan shows it, cluster.verify reports it, cluster.up fixes it."""

from __future__ import annotations

import pytest

from tests.lab.rig.breakages import BREAKAGES, GROUPS, Breakage
from tests.lab.rig.environment import Environment, changing
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Ran

ENGINE = "systemctl show --property=MainPID --value docker.service"


def test_verify_passes_and_looks_at_every_role_of_every_host(cluster: Environment) -> None:
    report = cluster.folder / "report.xml"
    ran = cluster.tool("cluster.verify", "--junit", str(report)).must()
    rows = ran.named("verify")[0]["checks"]
    for role in ("engine", "daemon", "swarm"):
        looked = {row["host"] for row in rows if row["role"] == role and row["outcome"] == "passed"}
        assert looked >= set(cluster.hosts.names), f"{role} was checked on {sorted(map(str, looked))} only\n{ran}"
    assert {row["role"] for row in rows if row["outcome"] == "passed"} >= {"networks", "stacks"}, f"{ran}"
    silent = [row for row in rows if row["outcome"] == "skipped" and not row["message"]]
    assert not silent, f"left out without a reason: {silent}"
    assert "<testsuite" in report.read_text(), f"no JUnit report\n{ran}"


@pytest.mark.parametrize("names", GROUPS, ids=["+".join(names) for names in GROUPS])
def test_is_planned_reported_and_fixed(cluster: Environment, names: tuple[str, ...]) -> None:
    broken = [BREAKAGES[name] for name in names]
    for breakage in broken:
        cluster.hosts.run(breakage.on, breakage.script)
    engines = cluster.hosts.each(ENGINE)

    steps = {breakage.step for breakage in broken if breakage.step}
    if steps:
        plan = until(f"the plan holds {steps}", lambda: planned(cluster, steps))
        changes, hosts = changing(plan.ids), {None, *(breakage.host for breakage in broken)}
        others = {step["concerns"] for step in plan.steps if step["id"] in changes} - hosts
        assert not others, f"the plan is about {others}, too\n{plan}"
    else:
        cluster.must_be_as_described()

    checked = cluster.tool("cluster.verify").must(8)
    for breakage in broken:
        rows = [row for row in checked.bad_checks if row["role"] == breakage.role and row["host"] == breakage.host]
        assert rows, f"nothing about {breakage.role} on {breakage.host or 'the cluster'}\n{checked}"
        assert any(breakage.words in row["message"] for row in rows), f"not reported: {breakage.words!r}\n{checked}"
    if all(breakage.alone for breakage in broken):
        must_be_about(broken, checked)

    for breakage in broken:
        if breakage.undo:
            cluster.hosts.run(breakage.on, breakage.undo)
    fixed = cluster.up("--verify", "changed" if steps else "always")
    assert bool(fixed.steps) == bool(steps), f"{fixed}"
    now = cluster.hosts.each(ENGINE)
    restarted = {name for name in now if now[name] != engines[name]}
    allowed = {name for breakage in broken for name in breakage.restarts}
    assert restarted <= allowed, f"the engine was restarted on {restarted}\n{fixed}"


def planned(cluster: Environment, steps: set[str]) -> Ran | None:
    """The plan, if it holds those steps."""
    ran = cluster.plan()
    return ran if steps <= ran.ids and ran.exit == 10 else None


def must_be_about(broken: list[Breakage], checked: Ran) -> None:
    """No other role complains; where several things are broken, neither does one of another host than its own."""
    hosts: dict[str, set[str | None]] = {}
    for breakage in broken:
        hosts.setdefault(breakage.role, set()).add(breakage.host)
    assert {row["role"] for row in checked.bad_checks} == set(hosts), f"{checked}"
    if len(broken) > 1:
        strange = [
            row
            for row in checked.bad_checks
            if None not in hosts[row["role"]] and row["host"] not in hosts[row["role"]]
        ]
        assert not strange, f"{strange}\n{checked}"
