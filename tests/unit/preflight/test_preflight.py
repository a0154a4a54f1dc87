"""What a host says of itself, and what of it stands in the way."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skep import places, preflight
from skep.errors import ConnectError, EngineSilent, HostKeyError, LoginError, ProbeError, SkepError, SudoError
from skep.model import Cluster, Engine, Host, Network, Secret, Stack, Swarm
from skep.plan import Finding, Plan, Run
from skep.preflight import MODULES, Facts, Room, check, parse, probe, standalone
from skep.seen import Platform
from tests.steps import roles, step_id

TASK = "com.docker.swarm.task.id"

TEXT = """platform distribution debian
platform version 12
platform codename bookworm
platform like debian of old
platform base bookworm
platform architecture x86_64
platform packages apt-get
platform init systemd
platform firewall ufw
clock 1000.5
hostname m1
machine-id 0123abcd
modules-known yes
module overlay
module vxlan
free 5242880
listen tcp 0.0.0.0:2377 users:(("nginx",pid=7,fd=6))
listen udp [::]:4789
listen tcp *:7946 users:(("dockerd",pid=9,fd=6))
address lo 127.0.0.1/8
address eth0@if3 10.0.0.1/24
address eth0@if3 fd00::1/64
device lo
device eth0
route 10.0.0.0/24 eth0
route 10.7.0.0/16 eth0 via
"""
CLUSTER = Cluster(
    "test",
    (Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")),
    swarm=Swarm(address_pools=("10.20.0.0/16",)),
)


def facts(name: str = "m1", **more: Any) -> Facts:
    """A host with nothing to complain of."""
    address = CLUSTER.host(name).address
    base = Facts(hostname=name, machine_id=name, installed=True, in_swarm=True)
    return replace(base, **{"addresses": {"eth0": (address,)}, **more})


def found(cluster: Cluster = CLUSTER, failures: dict[str, SkepError] | None = None, **hosts: Facts) -> list[Finding]:
    return check(cluster, hosts, failures or {})


def texts(*args: Any, **hosts: Any) -> list[str]:
    return [str(finding) for finding in found(*args, **hosts)]


def test_facts_of_a_host() -> None:
    info = {"/info": {"Swarm": {"LocalNodeState": "active"}, "Name": "m1"}}
    assert parse(TEXT, info, 999.0, 1001.0) == Facts(
        platform=Platform(
            "debian", "12", "bookworm", "amd64", "apt-get", "systemd", "ufw", "debian of old", "bookworm"
        ),
        hostname="m1", engine_on="m1", machine_id="0123abcd",
        clock=(-0.5, 1.5), modules=frozenset({"overlay", "vxlan"}), modules_known=True, free=5 << 30,
        installed=False, in_swarm=True,
        held=((2377, "tcp", "nginx"), (4789, "udp", "the kernel"), (7946, "tcp", "dockerd")),
        addresses={"lo": ("127.0.0.1",), "eth0": ("10.0.0.1", "fd00::1")}, devices=frozenset({"lo", "eth0"}),
        routes=(("10.0.0.0/24", "eth0"), ("10.7.0.0/16", "eth0")), behind=frozenset({"10.7.0.0/16"}),
    )  # fmt: skip


def test_facts_of_a_host_that_says_little() -> None:
    bare = parse("\nclock 5\n", {}, 5.0, 5.0)
    assert (bare.platform, bare.installed, bare.in_swarm, bare.free) == (Platform(), False, False, 0)
    reported = parse(f"{TEXT}unroutable 10.0.0.2\nlacking ss\n", {}, 0, 0)
    assert (reported.unroutable, reported.lacking) == (("10.0.0.2",), {"ss"})


def test_the_probe_runs_here_and_can_be_read() -> None:
    done = subprocess.run(
        ["sh", "-c", places.HOST + probe(CLUSTER)], capture_output=True, text=True, check=True, timeout=120
    )
    here = parse(done.stdout, {}, 0.0, 1e12)
    assert here.hostname
    assert here.platform.distribution and here.platform.architecture and here.platform.init
    assert here.platform.packages == "apt-get"
    assert here.free > 0
    assert here.clock[1] > 1e9


def test_the_probe_asks_for_the_overlay_port_in_force() -> None:
    assert "PORT=4789\n" in probe(CLUSTER)
    assert "PORT=5000\n" in probe(replace(CLUSTER, swarm=Swarm(data_path_port=5000)))


def run_probe(cluster: Cluster, folder: Path, ip: str | None) -> Facts:
    """With nothing but the basic tools, and an ``ip`` where one is given."""
    for tool in ("sh", "cat", "date", "uname", "grep", "df", "awk", "sed", "true"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    if ip:
        (folder / "ip").write_text(f"#!/bin/sh\n{ip}\n")
        (folder / "ip").chmod(0o755)
    env = {"PATH": str(folder)}
    text = places.HOST + probe(cluster)
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True, timeout=120, env=env)
    return parse(done.stdout, {}, 0.0, 1e12)


def test_the_probe_names_who_has_no_route(tmp_path: Path) -> None:
    ip = (
        'case "$*" in *json*) exit;; esac\n'
        "while read -r _ _ to; do n=$((n + 1))\n"
        ' case $to in *.2) echo "Network is unreachable" >&2; echo "Command failed -:$n" >&2;; esac; done'
    )
    here = run_probe(CLUSTER, tmp_path, ip)
    assert (here.unroutable, here.lacking) == (("10.0.0.2",), {"ss"})


LINK = '{"ifindex":%d,"ifname":"%s","flags":["BROADCAST"%s],"address":"02:00:00:00:00:01"%s,"addr_info":[%s]}'
ADDRESS = '{"family":"%s","local":"%s","prefixlen":24,"scope":"%s","label":"x"}'
KIND = ',"linkinfo":{"info_kind":"%s","info_data":{"id":5},"info_slave_kind":"bridge"}'
LINKS = (
    LINK % (1, "lo", ',"UP"', "", ADDRESS % ("inet", "127.0.0.1", "host")),
    LINK % (2, "eth0", ',"UP","LOWER_UP"', ',"vfinfo_list":[{"vf":0}]', ",".join(
        (ADDRESS % ("inet", "10.0.0.1", "global"), ADDRESS % ("inet6", "fe80::1", "link"))
    )),
    LINK % (3, "eth1", "", "", ""),
    LINK % (4, "eth2", ',"UP"', ',"linkinfo":{"info_slave_kind":"bridge"}', ""),
    LINK % (5, "br-1", ',"UP"', KIND % "bridge", ADDRESS % ("inet", "172.18.0.1", "global")),
    LINK % (6, "bond0", ',"UP"', KIND % "bond", ADDRESS % ("inet", "10.2.0.1", "global")),
)  # fmt: skip
ROUTES = (
    '{"type":"unicast","dst":"default","gateway":"10.0.0.254","dev":"eth0","flags":[]}',
    '{"type":"unicast","dst":"10.0.0.0/24","dev":"eth0","protocol":"kernel","prefsrc":"10.0.0.1","flags":["linkdown"]}',
    '{"type":"unicast","dst":"10.7.0.0/16","gateway":"10.0.0.9","dev":"eth0","flags":[]}',
    '{"type":"unicast","dst":"10.8.0.0/16","via":{"family":"inet6","host":"fe80::9"},"dev":"eth0","flags":[]}',
    '{"type":"blackhole","dst":"10.9.0.0/16","flags":[]}',
    '{"type":"unicast","dst":"10.10.0.0/16","flags":[],"nexthops":['
    '{"gateway":"10.0.0.8","dev":"eth0","weight":1,"flags":[]},{"gateway":"10.2.0.8","dev":"bond0","weight":1}]}',
)


def as_json(*lists: tuple[str, ...]) -> str:
    """A stand-in for ip that prints these, an array a line, as ip does."""
    text = "".join("[" + ",".join(rows) + "]\\n" for rows in lists)
    return f"case \"$*\" in *json*) printf '{text}';; esac"


def test_the_probe_reads_addresses_and_routes_out_of_one_answer(tmp_path: Path) -> None:
    here = run_probe(CLUSTER, tmp_path, as_json(LINKS, ROUTES))
    assert here.addresses == {
        "lo": ("127.0.0.1",), "eth0": ("10.0.0.1", "fe80::1"), "br-1": ("172.18.0.1",), "bond0": ("10.2.0.1",),
    }  # fmt: skip
    assert here.devices == {"lo", "eth0", "eth2"}
    assert here.routes == (
        ("10.0.0.0/24", "eth0"), ("10.7.0.0/16", "eth0"), ("10.8.0.0/16", "eth0"), ("10.10.0.0/16", "eth0"),
        ("10.10.0.0/16", "bond0"),
    )  # fmt: skip
    assert here.behind == {"10.7.0.0/16", "10.8.0.0/16", "10.10.0.0/16"}
    assert here.unroutable == ()


def test_a_host_does_not_try_its_own_ports(tmp_path: Path) -> None:
    """It has 10.0.0.1, and no more than a route to 10.0.0.2."""
    for tool in ("bash", "timeout"):
        (tmp_path / tool).write_text('#!/bin/sh\nshift 5; for place; do echo "tried $place"; done\n')
        (tmp_path / tool).chmod(0o755)
    route = '{"type":"unicast","dst":"10.0.0.2","dev":"eth0","flags":[]}'
    here = run_probe(CLUSTER, tmp_path, as_json(LINKS, (route,)))
    assert here.tried == {("10.0.0.2", 7946)}


def test_the_probe_names_who_listens(tmp_path: Path) -> None:
    (tmp_path / "ss").write_text(
        "#!/bin/sh\nprintf '%s\\n' 'udp UNCONN 0 0 0.0.0.0:4789 0.0.0.0:*' "
        """'tcp LISTEN 0 4096 *:2377 *:* users:(("dockerd",pid=5,fd=2))'\n"""
    )
    (tmp_path / "ss").chmod(0o755)
    here = run_probe(CLUSTER, tmp_path, None)
    assert here.held == ((4789, "udp", "the kernel"), (2377, "tcp", "dockerd"))
    assert here.lacking == {"ip"}


@pytest.mark.parametrize(
    ("engine", "holder"), [("engine 9\n", "dockerd"), ("", "dockerd"), ("engine 8\n", "another dockerd")]
)
def test_an_engine_in_a_container_with_the_hosts_network_is_another_one(engine: str, holder: str) -> None:
    here = parse(engine + TEXT, {}, 0, 0)
    assert (7946, "tcp", holder) in here.held
    refused = "error: m1: port 7946/tcp is held by another dockerd"
    assert (refused in texts(m1=facts(held=here.held, in_swarm=False))) is (holder != "dockerd")


def test_the_probe_reports_what_it_could_not_ask(tmp_path: Path) -> None:
    bare = run_probe(CLUSTER, tmp_path, None)
    assert (bare.unroutable, bare.routes, bare.lacking) == ((), (), {"ip", "ss"})


def test_routes_go_to_where_a_host_advertises_itself() -> None:
    hosts = (replace(CLUSTER.hosts[0], advertise="10.5.0.1"), replace(CLUSTER.hosts[1], advertise="eth1"))
    assert "TARGETS='10.5.0.1 10.0.0.2'\n" in probe(replace(CLUSTER, hosts=hosts))


@pytest.mark.parametrize("field", ["address", "advertise"])
def test_addresses_are_compared_however_they_are_written(field: str) -> None:
    hosts = [Host("m1", **{"address": "m1.example.org", field: "FD15:0:0::12", "role": "manager"})]  # type: ignore[arg-type]
    found = check(Cluster("test", tuple(hosts)), {"m1": facts(addresses={"eth0": ("fd15::12",)})}, {})
    assert [finding for finding in found if "advertise" in finding.text] == []


def test_images_need_room_where_the_data_root_is() -> None:
    elsewhere = replace(
        CLUSTER, hosts=(replace(CLUSTER.hosts[0], daemon={"data-root": "/srv/docker"}), CLUSTER.hosts[1])
    )
    rooms = {"/srv/docker": Room("", "2", 3 << 30, None)}
    reported = texts(elsewhere, m1=facts(free=0, rooms=rooms), w1=facts("w1"))
    assert reported == ["warning: m1: has only 3072 MiB free for /srv/docker"]


def test_hosts_in_order_have_no_findings() -> None:
    assert texts(m1=facts(), w1=facts("w1")) == []


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"platform": Platform(init="openrc-init")}, "error: m1: does not run systemd"),
        ({"free": 1 << 20, "installed": False}, "error: m1: has 1 MiB free for /var/lib/docker, 1024 MiB are needed"),
        ({"free": 2 << 30}, "warning: m1: has only 2048 MiB free for /var/lib/docker"),
        ({"free": 1 << 20}, "warning: m1: has only 1 MiB free for /var/lib/docker"),
        ({"addresses": {"eth0": ("10.9.9.9",)}}, "error: m1: the advertise address 10.0.0.1 is not on this host"),
        ({"routes": (("10.20.5.0/24", "eth0"),)},
         "error: m1: swarm.address-pools 10.20.0.0/16 overlaps its route 10.20.5.0/24 (eth0)"),
        ({"unroutable": ("10.0.0.2",)}, "error: m1: has no route to w1"),
        ({"modules": frozenset(MODULES) - {"vxlan"}},
         "warning: m1: has no kernel module vxlan: overlay networks do not reach other hosts"),
        ({"engine_on": "x9"}, "error: m1: the engine that answers there runs on x9, this is m1"),
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
        {"engine_on": "m1"},
        {"addresses": {}},
        {"routes": (("10.99.5.0/24", "docker0"), ("10.20.6.0/24", "br-12ab"), ("10.99.0.0/24", "eth0"))},
        {"modules": frozenset({"ip_vs"}), "modules_known": False},
        {"clock": (4.0, 4.5)},
        {"clock": (-100.0, 100.0)},
        {"held": ((2377, "tcp", "nginx"),)},
        {"routes": (("unreachable", "eth0"), ("fd00::/64", "eth0"))},
    ],
)
def test_no_finding(more: dict[str, Any]) -> None:
    assert texts(m1=facts(**more), w1=facts("w1")) == []


def test_names_that_are_not_reported_are_not_the_same() -> None:
    assert texts(m1=facts(machine_id="", hostname=""), w1=facts("w1", machine_id="", hostname="")) == []


@pytest.mark.parametrize(
    ("held", "port", "expected"),
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
def test_ports_held_by_others_before_the_swarm(
    held: tuple[int, str, str], port: int | None, expected: str | None
) -> None:
    cluster = replace(CLUSTER, swarm=replace(CLUSTER.swarm, data_path_port=port))
    errors = [
        finding.text for finding in found(cluster, m1=facts(in_swarm=False, held=(held,))) if finding.level == "error"
    ]
    assert errors == ([expected] if expected else [])


def test_a_network_over_a_route() -> None:
    cluster = replace(CLUSTER, networks=(Network("back", subnet="192.168.0.0/16"), Network("front")))
    found_texts = texts(cluster, m1=facts(routes=(("192.168.7.0/24", "eth1"),)))
    assert found_texts == ["error: m1: network back 192.168.0.0/16 overlaps its route 192.168.7.0/24 (eth1)"]


def test_a_stacks_network_over_a_route() -> None:
    text = b"services: {a: {image: b}}\nnetworks: {default: {ipam: {config: [{subnet: 192.168.7.128/25}]}}}\n"
    files = {"web": {"compose.yml": text}, "bad": {"compose.yml": b"subnet"}, "none": {}}
    stacks = tuple(Stack(name, ("compose.yml",), held) for name, held in files.items())
    found_texts = texts(replace(CLUSTER, stacks=stacks), m1=facts(routes=(("192.168.7.0/24", "eth1"),)))
    assert found_texts == [
        "warning: m1: network web_default of a stack, 192.168.7.128/25, overlaps its route 192.168.7.0/24 (eth1): "
        "containers of such a network cannot reach what lies behind it"
    ]


@pytest.mark.parametrize(
    ("subnet", "internal", "expected"),
    [
        ("172.18.0.0/16", False, "error: m1: network back 172.18.0.0/16 overlaps docker_gwbridge (172.18.0.0/16): "
         "containers of such a network do not start"),
        ("172.18.4.0/24", True, "warning: m1: network back 172.18.4.0/24 overlaps docker_gwbridge (172.18.0.0/16): "
         "containers of such a network do not start"),
        ("172.17.9.0/24", False, "warning: m1: network back 172.17.9.0/24 overlaps docker0 (172.17.0.0/16): "
         "containers of such a network cannot reach the host there"),
        ("172.19.0.0/24", False, None),
    ],
)  # fmt: skip
def test_a_network_over_dockers_own_bridges(subnet: str, internal: bool, expected: str | None) -> None:
    cluster = replace(CLUSTER, networks=(Network("back", subnet=subnet, internal=internal),))
    routes = (("172.17.0.0/16", "docker0"), ("172.18.0.0/16", "docker_gwbridge"), ("172.19.0.0/16", "br-12ab"))
    assert texts(cluster, m1=facts(routes=routes)) == ([expected] if expected else [])


def test_pools_of_the_swarm_over_dockers_own_bridges() -> None:
    one = facts(routes=(("10.20.1.0/24", "docker_gwbridge"),))
    assert [finding.level for finding in found(m1=one)] == ["warning"]
    default = replace(CLUSTER, swarm=Swarm())
    reported = texts(default, m1=replace(one, in_swarm=False))
    assert reported == ["warning: m1: Docker's default pool 10.0.0.0/8 holds its route 10.20.1.0/24"]


def with_daemon(**daemon: Any) -> Cluster:
    return replace(CLUSTER, hosts=(replace(CLUSTER.hosts[0], daemon=daemon),))


@pytest.mark.parametrize(
    ("base", "size", "more", "expected"),
    [
        ("192.168.0.0/16", 24, {}, ["warning: m1: daemon.default-address-pools 192.168.0.0/16 overlaps its route"
         " 192.168.7.0/24 (eth0): Docker leaves that part out"]),
        ("192.168.0.0/16", 24, {"behind": frozenset({"192.168.7.0/24"})},
         ["warning: m1: daemon.default-address-pools 192.168.0.0/16 overlaps its route 192.168.7.0/24 (eth0): Docker"
          " may take it for a bridge, which cuts it off"]),
        ("192.168.8.0/21", 24, {}, []),
        ("192.168.0.0/16", 24, {"routes": (("192.168.7.0/24", "br-12ab"),)}, []),
    ],
)  # fmt: skip
def test_pools_of_bridges_over_a_route(base: str, size: int, more: dict[str, Any], expected: list[str]) -> None:
    cluster = with_daemon(**{"default-address-pools": [{"base": base, "size": size}]})
    assert texts(cluster, m1=facts(**{"routes": (("192.168.7.0/24", "eth0"),), **more})) == expected


@pytest.mark.parametrize(
    ("base", "size", "more", "left"),
    [
        ("192.168.7.128/25", 26, {}, 0),
        ("192.168.6.0/23", 24, {}, 1),
        ("192.168.6.0/23", 25, {}, None),
        ("192.168.6.0/23", 24, {"in_swarm": True}, None),
        ("192.168.6.0/23", 24, {"behind": frozenset({"192.168.7.0/24"})}, None),
    ],
)
def test_pools_of_bridges_of_which_routes_leave_too_little(
    base: str, size: int, more: dict[str, Any], left: int | None
) -> None:
    cluster = with_daemon(**{"default-address-pools": [{"base": base, "size": size}]})
    host = facts(**{"routes": (("192.168.7.0/24", "eth0"),), "in_swarm": False, **more})
    errors = [finding.text for finding in found(cluster, m1=host) if finding.level == "error"]
    ending = "ranges of daemon.default-address-pools; Docker's own bridges need 2"
    assert errors == ([] if left is None else [f"its routes leave {left} {ending}"])


def test_pools_that_a_reference_gives_are_not_shown() -> None:
    cluster = with_daemon(**{"default-address-pools": [{"base": Secret("192.168.0.0/16"), "size": 24}]})
    assert texts(cluster, m1=facts(routes=(("192.168.7.0/24", "eth0"),))) == []


def test_dockers_default_pool_over_routes_before_a_swarm_exists() -> None:
    cluster = replace(CLUSTER, swarm=Swarm())
    routes = (("10.0.0.0/24", "eth0"),)
    one, two = facts(in_swarm=False, routes=routes), facts("w1", in_swarm=False, routes=routes)
    assert "warning: w1: Docker's default pool 10.0.0.0/8 holds its route 10.0.0.0/24" in texts(cluster, m1=one, w1=two)
    assert texts(cluster, m1=replace(one, in_swarm=True), w1=replace(two, in_swarm=True)) == []


@pytest.mark.parametrize("advertise", ["eth0", "10.0.0.1"])
def test_an_advertise_address_may_be_an_interface(advertise: str) -> None:
    host = replace(CLUSTER.hosts[0], address="m1.example.com", advertise=advertise)
    assert texts(replace(CLUSTER, hosts=(host,)), m1=facts()) == []


CARDS = {"lo": ("127.0.0.1",), "eth0": ("10.0.0.1", "fe80::1"), "docker0": ("172.17.0.1",)}
DEVICES = frozenset({"lo", "eth0", "eth1"})


@pytest.mark.parametrize(
    ("advertise", "more", "expected"),
    [
        (None, {}, None),
        (None, {"eth0": ("10.0.0.1", "fd00::1", "fe80::1")}, None),
        (None, {"eth1": ("fe80::2",)}, None),
        (None, {"bond0": ("10.1.0.1",), "veth12": ("10.3.0.1",)}, None),
        (None, {"eth0": (), "bond0": ("10.1.0.1",), "br-12": ("10.3.0.1",)}, None),
        (None, {"eth1": ("10.1.0.1",)}, "cannot choose which address to advertise: 10.0.0.1 (eth0), 10.1.0.1 (eth1)"),
        (None, {"eth1": ("fd00::2",)}, "cannot choose which address to advertise: 10.0.0.1 (eth0), fd00::2 (eth1)"),
        (None, {"eth0": ("10.0.0.1", "10.0.0.9")},
         "cannot choose which address to advertise: 10.0.0.1 (eth0), 10.0.0.9 (eth0)"),
        (None, {"eth0": (), "bond0": ("10.1.0.1",), "bond1": ("10.3.0.1",)},
         "cannot choose which address to advertise: 10.1.0.1 (bond0), 10.3.0.1 (bond1)"),
        ("eth0", {}, None),
        ("10.0.0.1", {"eth1": ("10.1.0.1",)}, None),
        ("eth0", {"eth0": ("10.0.0.1", "fd00::1", "fe80::1")},
         "takes no interface with several addresses of a kind: fd00::1 (eth0), fe80::1 (eth0)"),
    ],
)  # fmt: skip
def test_which_address_an_engine_would_advertise(
    advertise: str | None, more: dict[str, tuple[str, ...]], expected: str | None
) -> None:
    host = replace(CLUSTER.hosts[0], address="m1.example.com", advertise=advertise)
    cluster = replace(CLUSTER, hosts=(host,))
    fact = facts(addresses=CARDS | more, devices=DEVICES, in_swarm=False)
    assert [finding.text.removeprefix("the engine ") for finding in found(cluster, m1=fact)] == (
        [expected] if expected else []
    )
    assert all("set hosts.m1.advertise to one of: " in str(finding.next_action) for finding in found(cluster, m1=fact))
    assert texts(cluster, m1=replace(fact, in_swarm=True)) == []
    if not advertise:
        assert texts(cluster, m1=replace(fact, devices=frozenset())) == [], "not known which are devices"


def test_containers_beside_swarm_are_named_where_their_engine_restarts() -> None:
    def step(host: str, **more: Any) -> Run:
        return Run(
            id=step_id(f"daemon/restart@{host}"), host=host, title="restart", cause="differs", script="true", **more
        )

    beside = {"m1": [("cache", "always"), ("job", "no")], "w1": [("db", "always")]}
    items = [step("m1", restarts=True), step("w1"), step("w2", restarts=True)]
    reported = list(standalone(items, beside))
    assert [str(finding) for finding in reported] == [
        "warning: m1: its engine restarts, and what is not Swarm's is not drained: cache (restart: always), job"
        " (restart: no)"
    ]
    assert Plan([*items, *reported], roles("daemon"), ["m1", "w1", "w2"]).findings == tuple(reported)
    assert Plan([*items[1:], *reported], roles("daemon"), ["m1", "w1", "w2"]).findings == (), "left out with its step"
    many = list(standalone(items, {"m1": [(f"c{number}", "always") for number in range(12)]}))
    assert many[0].text.endswith("c9 (restart: always) and 2 more")


def test_the_probe_reports_which_containers_run_beside_swarm() -> None:
    fact = parse("container /cache unless-stopped\ncontainer /x no\ncontainer /gone\n", {}, 0.0, 0.0)
    assert fact.standalone == (("cache", "unless-stopped"), ("x", "no"))


def test_containers_beside_swarm_are_found_by_what_the_engine_keeps(tmp_path: Path) -> None:
    kept = {
        "a": ({"State": {"Running": True}, "Name": "/cache", "Config": {"Labels": {}}}, "unless-stopped"),
        "b": ({"State": {"Running": True}, "Name": "/web.1", "Config": {"Labels": {TASK: "x1"}}}, ""),
        "c": ({"State": {"Running": False}, "Name": "/old", "Config": {"Labels": {}}}, "no"),
        "d": ({"State": {"Running": True}, "Name": "/odd", "Config": {"Env": [f'L={{"{TASK}":"y"}}']}}, ""),
    }
    for name, (config, policy) in kept.items():
        folder = tmp_path / "containers" / name
        folder.mkdir(parents=True)
        (folder / "config.v2.json").write_text(json.dumps(config, separators=(",", ":")))
        restart = {"RestartPolicy": {"Name": policy, "MaximumRetryCount": 0}}
        (folder / "hostconfig.json").write_text(json.dumps(restart, separators=(",", ":")))
    standalone = places.probe("skep/preflight/standalone.sh", TASK_ID=TASK)
    script = f"engine=1 data_roots='/none\n{tmp_path}'\n{standalone}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert sorted(done.stdout.splitlines()) == ["container cache unless-stopped", "container odd no"]
    assert done.stderr == ""


def test_a_name_is_no_advertise_address() -> None:
    host = replace(CLUSTER.hosts[0], address="m1.example.com")
    assert texts(replace(CLUSTER, hosts=(host,)), m1=facts(addresses={"eth0": ("10.9.9.9",)})) == []


def test_what_could_not_be_known_is_said() -> None:
    reported = texts(m1=facts(in_swarm=False), w1=facts("w1"))
    assert reported == [
        "note: not checked: whether 2377/tcp, 7946/tcp+udp and 4789/udp are open between the hosts;"
        " nothing listens there yet on m1"
    ]
    assert texts(m1=facts(in_swarm=False)) == []


def test_the_port_that_could_not_be_known_is_the_one_in_force() -> None:
    cluster = replace(CLUSTER, swarm=replace(CLUSTER.swarm, data_path_port=5000))
    [reported] = texts(cluster, m1=facts(in_swarm=False), w1=facts("w1"))
    assert "5000/udp" in reported
    assert "4789" not in reported


def test_routes_to_hosts_that_have_only_a_name_are_not_reported() -> None:
    hosts = (CLUSTER.hosts[0], replace(CLUSTER.hosts[1], address="w1.example.com"))
    reported = texts(replace(CLUSTER, hosts=hosts), m1=facts(in_swarm=False), w1=facts("w1", in_swarm=False))
    assert reported[1:] == ["note: not checked: whether the others have a route to w1: no IP address is given"]
    hosts = (hosts[0], replace(hosts[1], advertise="10.0.0.2"))
    assert len(texts(replace(CLUSTER, hosts=hosts), m1=facts(in_swarm=False), w1=facts("w1"))) == 1


def test_what_takes_tools_that_are_lacking_is_not_reported() -> None:
    lacking = frozenset({"ip", "ss"})
    reported = texts(m1=facts(lacking=lacking, in_swarm=False), w1=facts("w1", lacking=lacking))
    assert reported[1:] == [
        "note: m1: not checked: addresses and routes; there is no ip",
        "note: w1: not checked: addresses and routes; there is no ip",
        "note: m1: not checked: who holds Swarm's ports; there is no ss",
    ]


def test_every_finding_but_what_was_not_reported_has_a_next_action() -> None:
    lean = facts(free=2 << 30, modules=frozenset())
    assert all(finding.next_action for finding in found(m1=lean, w1=facts("w1", lacking=frozenset({"ip"}))))


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
    host = facts(platform=Platform(), unroutable=("10.0.0.2",), free=0)
    assert len(found(failures={"w1": LoginError("no")}, m1=host)) == 4


def test_a_module_is_lacking_everywhere() -> None:
    modules = frozenset(MODULES) - {"ip_vs"}
    reported = texts(m1=facts(modules=modules), w1=facts("w1", modules=modules, modules_known=False))
    loss = preflight.MODULES["ip_vs"]
    assert reported == [f"warning: {host}: has no kernel module ip_vs: {loss}" for host in ("m1", "w1")]


LITTLE = "error: m1: has 512 MiB free for /var/lib/containerd, 1024 MiB are needed"


@pytest.mark.parametrize(
    ("engine", "daemon", "more", "expected"),
    [
        (
            Engine(version="29.1"),
            {},
            {"installed": False},
            [LITTLE],
        ),
        (Engine(version="28.5"), {}, {"installed": False}, []),
        (Engine(version="29"), {"features": {"containerd-snapshotter": False}}, {"installed": False}, []),
        (Engine(version="29.7"), {"userns-remap": "default"}, {"installed": False}, []),
        (Engine(), {}, {"containerd_images": True}, ["warning: m1: has only 512 MiB free for /var/lib/containerd"]),
        (Engine(), {}, {"containerd_images": False}, []),
    ],
)
def test_where_containerd_keeps_images_it_is_its_disk_that_counts(
    engine: Engine, daemon: dict[str, Any], more: dict[str, Any], expected: list[str]
) -> None:
    cluster = Cluster("c", (Host("m1", "10.0.0.1", "manager", engine=engine, daemon=daemon),))
    rooms = {"/var/lib/docker": Room(device="1", bytes=9 << 30), "/var/lib/containerd": Room(device="2", bytes=1 << 29)}
    assert texts(cluster, m1=facts(**{"free": 9 << 30, "rooms": rooms, **more})) == expected
    same = {path: replace(room, device="1") for path, room in rooms.items()}
    assert texts(cluster, m1=facts(**{"free": 9 << 30, "rooms": same, **more})) == []
