"""Swarm's ports between the hosts: what was tried, and what is said of those that are cut."""

from __future__ import annotations

import socket
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from skep.model import Cluster, Host
from skep.places import FILES
from skep.plan import Finding
from skep.preflight import Facts, check, parse, reach
from skep.shell import exported, script

CLUSTER = Cluster("test", (Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")))


def facts(name: str, **more: Any) -> Facts:
    base = Facts(hostname=name, machine_id=name, installed=True, in_swarm=True)
    return replace(base, **{"addresses": {"eth0": (CLUSTER.host(name).address,)}, **more})


def found(**hosts: Facts) -> list[Finding]:
    return [finding for finding in check(CLUSTER, hosts, {}) if "cannot reach" in finding.text]


LISTENING = ((2377, "tcp", "dockerd"), (7946, "tcp", "dockerd"), (7946, "udp", "dockerd"))
M1, W1 = "10.0.0.1", "10.0.0.2"


def reaching(name: str, tried: set[tuple[str, int]], open: set[tuple[str, int]], **more: Any) -> Facts:
    return facts(name, tried=frozenset(tried), open=frozenset(open), **{"held": LISTENING, **more})


BLOCKED = [
    ({(M1, 2377), (M1, 7946)}, {(M1, 2377), (M1, 7946)}, {}, None),
    ({(M1, 2377), (M1, 7946)}, {(M1, 2377)}, {}, "warning: w1: cannot reach m1 on 7946, though its engine listens"),
    ({(M1, 2377), (M1, 7946)}, set(), {}, "warning: w1: cannot reach m1 on 2377/7946, though its engine listens"),
    ({(M1, 2377), (M1, 7946)}, set(), {"in_swarm": False}, "error: w1: cannot reach m1 on 2377/7946"),
    ({(M1, 2377), (M1, 7946)}, {(M1, 2377)}, {"in_swarm": False}, "warning: w1: cannot reach m1 on 7946"),
    (set(), set(), {}, None),
]


@pytest.mark.parametrize(("tried", "open", "more", "said"), BLOCKED)
def test_ports_that_are_cut_between_two_hosts_are_named(
    tried: set[tuple[str, int]], open: set[tuple[str, int]], more: dict[str, Any], said: str | None
) -> None:
    there = reaching("m1", set(), set())
    reported = [str(one) for one in found(m1=there, w1=reaching("w1", tried, open, **more))]
    assert len(reported) == (said is not None)
    assert said is None or reported[0].startswith(said)
    assert said is None or f"</dev/tcp/{M1}/" in found(m1=there, w1=reaching("w1", tried, open, **more))[0].next_action


def test_a_port_where_nobody_listens_is_not_cut() -> None:
    w1 = reaching("w1", {(M1, 2377), (M1, 7946)}, set())
    for held in ((), ((2377, "tcp", "nginx"),), ((7946, "udp", "dockerd"),)):
        assert not found(m1=facts("m1", held=held), w1=w1)


def test_places_are_tried_and_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        here, gone = server.getsockname()[1], other.getsockname()[1]
        other.close()
        assert reach.ports(CLUSTER) == ["10.0.0.1/2377", "10.0.0.1/7946", "10.0.0.2/7946"]
        ports = exported({"PORTS": f"127.0.0.1/{here} 127.0.0.1/{gone}", "PATIENCE": reach.PATIENCE})
        text = f"interfaces='' newline=''\n{ports}{script('skep/preflight/reach.sh', *FILES)}"
        done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=120)
    seen = parse(done.stdout, {}, 0.0, 0.0)
    assert seen.tried == {("127.0.0.1", here), ("127.0.0.1", gone)}
    assert seen.open == {("127.0.0.1", here)}
