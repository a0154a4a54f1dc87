"""daemon.json that takes a restart: host by host, never below a quorum."""

from __future__ import annotations

from tests.lab.rig.breakages import FILE
from tests.lab.rig.environment import Environment, changing
from tests.lab.rig.quorum import watched

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
        ran = cluster.up("--verify", "never")  # all is verified below

    restarts = [step.partition("@")[2] for step in ran.done if step.startswith("daemon/restart@")]
    assert sorted(restarts) == sorted(CHANGED) and restarts[-1] == leader, f"leader {leader}, restarted: {restarts}"
    listening, reported = quorum.fewest()
    assert len(listening) >= 2, f"for a moment only {set(listening)} of three managers listened\n{ran}"
    assert len(reported) >= 2, f"a manager reported that only {set(reported)} of three were at work\n{ran}"
    assert len(listening) == 2, f"the watcher saw no manager restart in {len(quorum.listening)} looks"

    now = hosts.each(ENGINE)
    assert {name for name in now if now[name] != engines[name]} == set(CHANGED), f"{engines} → {now}"
    busy = {n["Description"]["Hostname"]: n["Spec"]["Availability"] for n in hosts.nodes("m2")}
    assert set(busy.values()) == {"active"}, f"not every node is back at work: {busy}\n{ran}"
    cluster.tool("cluster.verify").must()


LINKED = f"""set -e
useradd --system keeper
install -d /srv/kept
mv {FILE} /srv/kept/engine.json
chown keeper: /srv/kept/engine.json
chmod 640 /srv/kept/engine.json
ln -s /srv/kept/engine.json {FILE}
"""
FULL = """set -e
mount -t tmpfs -o size=4k,nr_inodes=3 none /var/lib/skep
"""
LOOK = f"stat -c '%F %U %a' {FILE}; stat -Lc '%U %a' {FILE}; cat {FILE}"


def test_a_failed_restart_leaves_the_old_file_and_says_how_the_node_stands(cluster: Environment) -> None:
    hosts = cluster.hosts
    hosts.run("w1", LINKED)
    before = hosts.run("w1", LOOK)
    other = cluster.with_inventory(
        "spoilt", lambda document: document["hosts"]["w1"].update(daemon={"storage-driver": "nosuch"})
    )

    hosts.run("w1", FULL)
    refused = other("cluster.up").must(4)
    errors = [finding for finding in refused.findings if finding["level"] == "error"]
    assert [finding["host"] for finding in errors] == ["w1", "w1"], f"{refused}"
    assert all("/var/lib/skep" in finding["text"] for finding in errors), f"{refused}"
    hosts.run("w1", "umount /var/lib/skep")

    failed = other("cluster.up", "--verify", "never").must(5)
    assert "driver not supported" in str(failed), f"{failed}"
    assert failed.error["state"].startswith("w1 is drained"), f"{failed}"
    assert hosts.run("w1", LOOK) == before, f"{failed}"
    assert hosts.node("m1", "w1")["Spec"]["Availability"] == "drain", f"{failed}"

    back = cluster.up("--verify", "changed")
    assert changing(back.done) == ["swarm/node@w1"], f"{back}"
    cluster.must_be_as_described()
    hosts.run("w1", f"mv -T /srv/kept/engine.json {FILE} && chown root: {FILE} && chmod 644 {FILE} && userdel keeper")


def _leads(node: dict[str, dict[str, object]]) -> bool:
    return bool(node.get("ManagerStatus", {}).get("Leader"))
