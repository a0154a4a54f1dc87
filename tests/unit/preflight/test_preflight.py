"""What a host says of itself, and what of it stands in the way."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest

from skep import preflight
from skep.errors import ConnectError, EngineSilent, HostKeyError, LoginError, ProbeError, SkepError, SudoError
from skep.model import Cluster, Host, Network, Swarm
from skep.plan import Finding
from skep.preflight import MODULES, Facts, check, parse, probe

TEXT = """os debian 12 bookworm
clock 1000.5
hostname m1
machine-id 0123abcd
systemd yes
modules-told yes
module overlay
module vxlan
free 5242880
listen tcp 0.0.0.0:2377 users:(("nginx",pid=7,fd=6))
listen udp [::]:4789
listen tcp *:7946 users:(("dockerd",pid=9,fd=6))
address lo 127.0.0.1/8
address eth0@if3 10.0.0.1/24
address eth0@if3 fd00::1/64
route 10.0.0.0/24 eth0
unroutable 0
"""
CLUSTER = Cluster(
    "test",
    (Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")),
    swarm=Swarm(address_pools=("10.20.0.0/16",)),
)


def facts(name: str = "m1", **more: Any) -> Facts:
    """A host with nothing to complain of."""
    address = CLUSTER.host(name).address
    base = Facts(os=("debian", "12"), hostname=name, machine_id=name, installed=True, in_swarm=True)
    return replace(base, **{"addresses": {"eth0": (address,)}, **more})


def found(cluster: Cluster = CLUSTER, failures: dict[str, SkepError] | None = None, **hosts: Facts) -> list[Finding]:
    return check(cluster, hosts, failures or {})


def texts(*args: Any, **hosts: Any) -> list[str]:
    return [str(finding) for finding in found(*args, **hosts)]


def test_facts_of_a_host() -> None:
    info = {"/info": {"Swarm": {"LocalNodeState": "active"}}}
    assert parse(TEXT, info, 999.0, 1001.0) == Facts(
        os=("debian", "12", "bookworm"), hostname="m1", machine_id="0123abcd", systemd=True, clock=(-0.5, 1.5),
        modules=frozenset({"overlay", "vxlan"}), modules_told=True, free=5 << 30, installed=False, in_swarm=True,
        held=((2377, "tcp", "nginx"), (4789, "udp", "the kernel"), (7946, "tcp", "dockerd")),
        addresses={"lo": ("127.0.0.1",), "eth0": ("10.0.0.1", "fd00::1")}, routes=(("10.0.0.0/24", "eth0"),),
    )  # fmt: skip


def test_facts_of_a_host_that_says_little() -> None:
    bare = parse("\nclock 5\n", {}, 5.0, 5.0)
    assert (bare.systemd, bare.installed, bare.in_swarm, bare.os, bare.free) == (False, False, False, (), 0)
    assert parse(TEXT.replace("unroutable 0", "unroutable 2"), {}, 0, 0).unroutable


def test_the_probe_runs_here_and_can_be_read() -> None:
    done = subprocess.run(["sh", "-c", probe(CLUSTER)], capture_output=True, text=True, check=True, timeout=20)
    here = parse(done.stdout, {}, 0.0, 1e12)
    assert here.hostname
    assert here.free > 0
    assert here.clock[1] > 1e9


def test_the_probe_asks_for_the_overlay_port_in_force() -> None:
    assert ":(2377|7946|4789) " in probe(CLUSTER)
    assert ":(2377|7946|5000) " in probe(replace(CLUSTER, swarm=Swarm(data_path_port=5000)))


def test_hosts_in_order_have_no_findings() -> None:
    assert texts(m1=facts(), w1=facts("w1")) == []


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"systemd": False}, "error: m1: does not run systemd"),
        ({"os": ("alpine", "3"), "installed": False}, "error: m1: runs alpine 3, not one of debian, ubuntu"),
        ({"free": 1 << 20, "installed": False}, "error: m1: has 1 MiB free for /var/lib/docker, 1024 MiB are needed"),
        ({"free": 2 << 30}, "warning: m1: has only 2048 MiB free for /var/lib/docker"),
        ({"free": 1 << 20}, "warning: m1: has only 1 MiB free for /var/lib/docker"),
        ({"addresses": {"eth0": ("10.9.9.9",)}}, "error: m1: the advertise address 10.0.0.1 is not on this host"),
        ({"routes": (("10.20.5.0/24", "eth0"),)},
         "error: m1: swarm.address-pools 10.20.0.0/16 overlaps its route 10.20.5.0/24 (eth0)"),
        ({"unroutable": ("some",)}, "error: m1: has no route to some hosts of the inventory"),
        ({"modules": frozenset(MODULES) - {"vxlan"}},
         "warning: no kernel module vxlan on m1: overlay networks do not reach other hosts"),
        ({"hostname": "w1"}, "error: m1 and w1 have the same hostname w1"),
        ({"machine_id": "w1"}, "error: m1 and w1 have the same machine-id w1"),
        ({"clock": (9.0, 10.0)}, "error: the clock of m1 is at least 9 s ahead of w1"),
        ({"clock": (-10.0, -9.0)}, "error: the clock of w1 is at least 9 s ahead of m1"),
    ],
)  # fmt: skip
def test_a_finding(more: dict[str, Any], text: str) -> None:
    assert texts(m1=facts(**more), w1=facts("w1")) == [text]


@pytest.mark.parametrize(
    "more",
    [
        {"os": ("alpine", "3")},
        {"addresses": {}},
        {"routes": (("10.20.5.0/24", "docker0"), ("10.20.6.0/24", "br-12ab"), ("10.99.0.0/24", "eth0"))},
        {"modules": frozenset({"ip_vs"}), "modules_told": False},
        {"clock": (4.0, 4.5)},
        {"clock": (-100.0, 100.0)},
        {"held": ((2377, "tcp", "nginx"),)},
        {"routes": (("unreachable", "eth0"), ("fd00::/64", "eth0"))},
    ],
)
def test_no_finding(more: dict[str, Any]) -> None:
    assert texts(m1=facts(**more), w1=facts("w1")) == []


def test_names_that_are_not_told_are_not_the_same() -> None:
    assert texts(m1=facts(machine_id="", hostname=""), w1=facts("w1", machine_id="", hostname="")) == []


@pytest.mark.parametrize(
    ("held", "port", "told"),
    [
        ((2377, "tcp", "nginx"), None, "port 2377/tcp is held by nginx"),
        ((7946, "udp", "the kernel"), None, "port 7946/udp is held by the kernel"),
        ((4789, "udp", "flanneld"), None, "port 4789/udp is held by flanneld"),
        ((5000, "udp", "flanneld"), 5000, "port 5000/udp is held by flanneld"),
        ((4789, "udp", "flanneld"), 5000, None),
        ((4789, "udp", "the kernel"), None, None),
        ((4789, "tcp", "nginx"), None, None),
        ((2377, "tcp", "dockerd"), None, None),
    ],
)
def test_ports_held_by_others_before_the_swarm(held: tuple[int, str, str], port: int | None, told: str | None) -> None:
    cluster = replace(CLUSTER, swarm=replace(CLUSTER.swarm, data_path_port=port))
    errors = [
        finding.text for finding in found(cluster, m1=facts(in_swarm=False, held=(held,))) if finding.level == "error"
    ]
    assert errors == ([told] if told else [])


def test_a_network_over_a_route() -> None:
    cluster = replace(CLUSTER, networks=(Network("back", subnet="192.168.0.0/16"), Network("front")))
    found_texts = texts(cluster, m1=facts(routes=(("192.168.7.0/24", "eth1"),)))
    assert found_texts == ["error: m1: network back 192.168.0.0/16 overlaps its route 192.168.7.0/24 (eth1)"]


def test_dockers_default_pool_over_routes_before_a_swarm_exists() -> None:
    cluster = replace(CLUSTER, swarm=Swarm())
    routes = (("10.0.0.0/24", "eth0"),)
    one, two = facts(in_swarm=False, routes=routes), facts("w1", in_swarm=False, routes=routes)
    assert "warning: Docker's default pool 10.0.0.0/8 holds the route 10.0.0.0/24 on every host" in texts(
        cluster, m1=one, w1=two
    )
    assert texts(cluster, m1=replace(one, in_swarm=True), w1=replace(two, in_swarm=True)) == []


@pytest.mark.parametrize("advertise", ["eth0", "10.0.0.1"])
def test_an_advertise_address_may_be_an_interface(advertise: str) -> None:
    host = replace(CLUSTER.hosts[0], address="m1.example.com", advertise=advertise)
    assert texts(replace(CLUSTER, hosts=(host,)), m1=facts()) == []


def test_a_name_is_no_advertise_address() -> None:
    host = replace(CLUSTER.hosts[0], address="m1.example.com")
    assert texts(replace(CLUSTER, hosts=(host,)), m1=facts(addresses={"eth0": ("10.9.9.9",)})) == []


def test_what_could_not_be_told_is_said() -> None:
    told = texts(m1=facts(in_swarm=False), w1=facts("w1"))
    assert told == [
        "note: not told: whether 2377/tcp, 7946/tcp+udp and 4789/udp are open between the hosts;"
        " nothing listens there yet on m1"
    ]
    assert texts(m1=facts(in_swarm=False)) == []


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (ConnectError("cannot be reached", cause="no answer"), "warning"),
        (EngineSilent("the engine runs and does not answer"), "warning"),
        (HostKeyError("unknown host key"), "error"),
        (LoginError("login refused"), "error"),
        (SudoError("may not become root"), "error"),
        (ProbeError("cannot be understood"), "error"),
    ],
)
def test_a_host_that_is_down_is_left_out_and_one_that_refuses_us_is_an_error(error: SkepError, level: str) -> None:
    [finding] = found(failures={"w1": error})
    assert (finding.level, finding.host) == (level, "w1")
    assert finding.text.endswith("; left out of this run") is (level == "warning")


def test_all_findings_at_once() -> None:
    assert len(found(failures={"w1": LoginError("no")}, m1=facts(systemd=False, unroutable=("some",), free=0))) == 4


def test_a_module_is_lacking_everywhere() -> None:
    modules = frozenset(MODULES) - {"ip_vs"}
    [text] = texts(m1=facts(modules=modules), w1=facts("w1", modules=modules, modules_told=False))
    assert text.startswith("warning: no kernel module ip_vs on every host: ")
    assert preflight.MODULES["ip_vs"] in text
