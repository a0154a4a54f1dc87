"""cluster.verify sees each role's state broken by hand, and cluster.up (or the hand that broke it) mends it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from rig.environment import Environment
from rig.hosts import until

FILE = "/etc/docker/daemon.json"
SPOIL = f"""sed -i 's/"max-size": "10m"/"max-size": "11m"/' {FILE} && grep -q 11m {FILE}"""


@dataclass(frozen=True)
class Breakage:
    """What is done by hand as root on ``on``, and where verify must see it: ``host``, or the cluster as a whole.

    ``only`` says that no other role has anything to complain of. ``undo`` is for what cluster.up does not manage.
    """

    role: str
    on: str
    script: str
    host: str | None
    words: str
    only: bool = True
    undo: str | None = None


BREAKAGES = {
    "engine-stopped": Breakage(
        "engine", "w1", "systemctl stop docker.socket docker.service", "w1", "not running", only=False
    ),
    "engine-disabled": Breakage("engine", "m3", "systemctl disable --quiet docker.service", "m3", "not enabled"),
    "daemon-file": Breakage("daemon", "w2", SPOIL, "w2", "log-opts"),
    "daemon-in-force": Breakage(
        "daemon",
        "m2",
        f"cp -p {FILE} /root/kept && sed -i '/registry-mirrors/,/]/d' {FILE} && systemctl reload docker.service &&"
        f" mv /root/kept {FILE}",
        "m2",
        "registry-mirrors",
    ),
    "swarm-label": Breakage("swarm", "m2", "docker node update --label-add zone=moon w1", "w1", "zone"),
    "swarm-availability": Breakage("swarm", "m1", "docker node update --availability pause m2", "m2", "pause"),
    "swarm-role": Breakage("swarm", "m1", "docker node demote m3", "m3", "worker"),
    "networks-gone": Breakage("networks", "m1", "docker network rm back", None, "back"),
    "stacks-service-gone": Breakage("stacks", "m1", "docker service rm web_web", None, "web_web"),
    "stacks-image": Breakage(
        "stacks", "m1", "docker service update --quiet --detach --image busybox:1.35 web_web", None, "busybox:1.35"
    ),
    "stacks-port-silent": Breakage(
        "stacks",
        "w2",
        "iptables -I INPUT -p tcp --dport 8080 -j REJECT && iptables -I FORWARD -p tcp --dport 80 -j REJECT",
        "w2",
        "8080",
        undo="iptables -D INPUT -p tcp --dport 8080 -j REJECT; iptables -D FORWARD -p tcp --dport 80 -j REJECT",
    ),
}


def test_verify_passes_and_looks_at_every_role_of_every_host(cluster: Environment) -> None:
    ran = cluster.tool("cluster.verify").must()
    rows = ran.named("verify")[0]["checks"]
    for role in ("engine", "daemon", "swarm"):
        looked = {row["host"] for row in rows if row["role"] == role and row["outcome"] == "passed"}
        assert looked >= set(cluster.hosts.names), f"{role} was verified on {sorted(map(str, looked))} only\n{ran}"
    assert {row["role"] for row in rows} >= {"networks", "stacks"}, f"{ran}"
    skipped = [row for row in rows if row["outcome"] == "skipped"]
    assert all(row["message"] for row in skipped), f"left out without a reason: {skipped}"


def test_verify_writes_a_junit_report(cluster: Environment) -> None:
    report = cluster.folder / "report.xml"
    ran = cluster.tool("cluster.verify", "--junit", str(report)).must()
    assert "<testsuite" in report.read_text(), f"{ran}"


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
def test_verify_sees_what_was_broken_by_hand_and_it_is_mended(cluster: Environment, breakage: Breakage) -> None:
    cluster.hosts.run(breakage.on, breakage.script)

    ran = until("verify tells it", lambda: (found := cluster.tool("cluster.verify")).exit and found)
    ran.must(8)
    told = [row for row in ran.bad_checks if row["role"] == breakage.role and row["host"] == breakage.host]
    assert told, f"nothing about {breakage.role} on {breakage.host or 'the cluster'} in\n{ran}"
    assert any(breakage.words in row["message"] for row in told), f"not told: {breakage.words!r}\n{ran}"
    if breakage.only:
        assert {row["role"] for row in ran.bad_checks} == {breakage.role}, f"{ran}"

    if breakage.undo:
        cluster.hosts.run(breakage.on, breakage.undo)
    else:
        assert cluster.up().steps, "cluster.up saw nothing to mend"
    cluster.tool("cluster.verify").must()
    cluster.must_be_as_described()
