"""The scripts about an engine that has left a swarm, run by sh against stand-ins for ss and systemctl."""

from __future__ import annotations

from pathlib import Path

import pytest

from roles.swarm.role import role
from roles.swarm.state import Node, State
from skep import model
from skep.plan import Run
from skep.request import RequestedCluster
from skep.shell import script
from tests.roles.test_scripts import Host
from tests.seen import seen

BEFORE, AFTER = 41, 42
"""Processes of the engine, before and after a restart."""
RELEASE = f"engine={BEFORE}\n" + script("roles/swarm/release.sh", "skep/places.sh")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path)
    asked = """$(echo "$*" | grep -o ':[0-9]*' | paste -sd '|' -)"""
    made.stand_in("ss", f'grep -E "({asked}) " {tmp_path}/sockets 2>/dev/null')
    return made


def listening(host: Host, *sockets: tuple[int, str, int]) -> None:
    """Ports, and which process listens there, once for each family."""
    lines = [
        f'LISTEN 0 4096 {address}:{port} {address}:* users:(("{name}",pid={pid},fd=29))\n'
        for port, name, pid in sockets
        for address in ("*", "0.0.0.0")
    ]
    (host.folder / "sockets").write_text("".join(lines))


@pytest.mark.parametrize(
    ("sockets", "printed"),
    [
        ([], []),
        ([(7946, "dockerd", BEFORE)], ["listens 7946"]),
        ([(7946, "dockerd", BEFORE), (2377, "dockerd", BEFORE)], ["listens 7946"]),
        ([(2377, "dockerd", BEFORE)], []),
        ([(7946, "consul", 7), (2377, "dockerd", 411)], []),
    ],
)
def test_the_probe_sees_where_the_engine_listens_that_is_no_node(
    host: Host, sockets: list[tuple[int, str, int]], printed: list[str]
) -> None:
    listening(host, *sockets)
    ran = host.run(f"newline='\n'\nengine={BEFORE}\ninterfaces=\ndata_roots=\n{role.probe}")
    assert [line for line in ran.stdout.splitlines() if line.startswith("listens")] == printed, ran


@pytest.mark.parametrize(
    ("row", "printed"),
    [
        ("   3: {}:1F0A {}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 f 100 0 0 10 0", True),
        ("   3: {}:1F0A {}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 778 1 f 100 0 0 10 0", False),
        ("   3: {}:1F0A {}:C350 01 00000000:00000000 00:00000000 00000000     0        0 777 1 f 100 0 0 10 0", False),
        ("   3: {}:0947 {}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 f 100 0 0 10 0", False),
    ],
)
@pytest.mark.parametrize(("table", "any_address"), [("tcp", 8 * "0"), ("tcp6", 32 * "0")])
def test_where_there_is_no_ss_the_kernel_s_table_says_where_the_engine_listens(
    host: Host, table: str, any_address: str, row: str, printed: bool
) -> None:
    proc = host.folder / "proc"
    (proc / "net").mkdir(parents=True)
    (proc / "net" / table).write_text(f"  sl  local_address rem_address   st\n{row.format(any_address, any_address)}\n")
    (proc / str(BEFORE) / "fd").mkdir(parents=True)
    (proc / str(BEFORE) / "fd" / "9").symlink_to("socket:[777]")
    probe = role.probe.replace("/proc/", f"{proc}/").replace("command -v ss", "command -v no-such-ss")
    ran = host.run(f"newline='\n'\nengine={BEFORE}\ninterfaces=\ndata_roots=\n{probe}")
    assert [line for line in ran.stdout.splitlines() if line.startswith("listens")] == ["listens 7946"] * printed, ran
    assert not host.called("ss")


def test_a_bridge_of_the_host_s_own_is_not_taken_for_docker_s(host: Host) -> None:
    """Or its address would be missing, and the node be refused as one whose address changed."""
    lines = "global br-ex 10.0.0.1\nglobal br-0123456789ab 172.18.0.1\nglobal docker0 172.17.0.1\nglobal lo 10.0.0.9"
    ran = host.run(f"newline='\n'\nengine=\ninterfaces='{lines}'\ndata_roots=\n{role.probe}")
    found = [line for line in ran.stdout.splitlines() if line.startswith("address ")]
    assert found == ["address 10.0.0.1", "address 10.0.0.9"], ran


@pytest.mark.parametrize("engine", ["", str(BEFORE)])
def test_nodes_and_hosts_without_an_engine_are_not_looked_at(host: Host, engine: str) -> None:
    (host.folder / "root/swarm/certificates").mkdir(parents=True)
    (host.folder / "root/swarm/certificates/swarm-node.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    root = f"{host.folder}/root" if engine else ""
    ran = host.run(f"newline='\n'\nengine={engine}\ninterfaces=\ndata_roots={root}\n{role.probe}")
    assert (ran.returncode, host.called("ss")) == (0, []), ran


@pytest.mark.parametrize(
    ("before", "after", "status", "restarts"),
    [
        ([], [], 0, 0),
        ([(7946, "consul", 7)], [], 0, 0),
        ([(7946, "dockerd", BEFORE)], [], 0, 1),
        ([(7946, "dockerd", BEFORE)], [(7946, "consul", 7)], 0, 1),
        ([(2377, "dockerd", BEFORE)], [(2377, "dockerd", AFTER)], 0, 0),
        ([(7946, "dockerd", BEFORE)], [(7946, "dockerd", AFTER)], 66, 1),
    ],
)
def test_an_engine_is_restarted_only_where_it_listens_and_has_to_stop_that(
    host: Host,
    before: list[tuple[int, str, int]],
    after: list[tuple[int, str, int]],
    status: int,
    restarts: int,
) -> None:
    listening(host, *after)
    (host.folder / "sockets").rename(host.folder / "later")
    listening(host, *before)
    moved = f"mv {host.folder}/later {host.folder}/sockets"
    host.stand_in("systemctl", f"case $1 in restart) {moved} ;; show) echo {AFTER} ;; esac")
    ran = host.run(RELEASE)
    assert (ran.returncode, len(host.called("systemctl restart"))) == (status, restarts), ran
    assert ("it listens there again, on 7946" in ran.stderr) is (status == 66), ran


def test_every_step_that_restarts_an_engine_says_so() -> None:
    """What restarts is asked about on a terminal, and the plan names the containers there that are not Swarm's."""
    nodes = (Node("m1-id", "m1", "manager", reachability="reachable", leader=True), Node("w1-id", "w1", "worker"))
    observed = {
        "m1": State(node_state="active", node_id="m1-id", cluster_id="one", manager=True, nodes=nodes, ingress=True),
        "w1": State(node_state="active", node_id="w1-id", overlays=False),
        "w2": State(listens=("7946",)),
    }
    hosts = tuple(
        model.Host(name, f"10.0.0.{place}", kind)
        for place, (name, kind) in enumerate([("m1", "manager"), ("w1", "worker"), ("w2", "worker")], 1)
    )
    planned = role.plan(RequestedCluster("test", hosts), seen(observed))
    runs = [step for step in planned if isinstance(step, Run)]
    assert {str(step.id): step.restarts for step in runs if "systemctl restart docker" in step.script} == {
        "swarm/restart@w1": True,
        "swarm/release@w2": True,
    }
