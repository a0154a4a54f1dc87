"""Each role's verify against answers of a right host, and against one that is wrong in one place."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from skep.model import Cluster, Engine, Host, Network, Secret, Stack, Swarm
from skep.ssh import Result
from skep.verify import run

ROLES = {
    path.parent.name: path
    for path in sorted(Path(__file__).parents[3].glob("roles/*/verify.py"))
    if path.parent.name in ("engine", "daemon", "swarm", "networks", "stacks")
}
COMPOSE = b"""
services:
  web:
    image: busybox:$TAG
    ports: [{target: 80, published: "${PORT:-8080}", mode: host}]
    deploy: {replicas: 1}
  all: {image: busybox, deploy: {mode: global}}
"""
DAEMON = {"log-driver": "json-file", "registry-mirrors": ["http://10.0.0.9:5000"], "insecure-registries": ["r:5000"]}
HOSTS = (
    Host("m1", "10.0.0.1", "manager", engine=Engine(version="26.1"), daemon=DAEMON),
    Host("w1", "10.0.0.2", "worker", availability="drain", labels={"web": "yes"}),
)
CLUSTER = Cluster(
    "test",
    HOSTS,
    swarm=Swarm(task_history=3, cert_expiry=3600),
    networks=(Network("front", subnet="10.90.0.0/24", attachable=True, options={"mtu": "1400"}),),
    stacks=(Stack("web", ("c.yml",), {"c.yml": COMPOSE}, {"TAG": "1.36"}),),
)
UNIT = "MainPID=7\nActiveState=active\nSubState=running\n"


def certificate(swarm="SWARM", unit="swarm-manager", name="M1"):
    parts = (NameOID.ORGANIZATION_NAME, swarm), (NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (NameOID.COMMON_NAME, name)
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    key, start = ec.generate_private_key(ec.SECP256R1()), datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start + datetime.timedelta(9))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


def swarm(node="M1", address="10.0.0.1", state="active", **more):
    spec = {"Orchestration": {"TaskHistoryRetentionLimit": 3}, "CAConfig": {"NodeCertExpiry": 3600 * 10**9}}
    cluster = {"ID": "SWARM", "Spec": spec | {"EncryptionConfig": {}}}
    return {"NodeID": node, "NodeAddr": address, "LocalNodeState": state, "Error": "", "Cluster": cluster} | more


def node(identity="W1", hostname="w1", role="worker", state="ready", **more):
    spec = {"Role": role, "Availability": "drain" if role == "worker" else "active", "Labels": {"web": "yes"}}
    status = {"State": state, "Addr": f"10.0.0.{'2' if hostname == 'w1' else '1'}"}
    manager = {"Leader": True, "Reachability": "reachable"} if role == "manager" else None
    full = {"ID": identity, "CreatedAt": "2026-01-01", "Description": {"Hostname": hostname}, "Spec": spec}
    return full | {"Status": status, "ManagerStatus": manager} | more


def network(**more):
    right = {"Name": "front", "Scope": "swarm", "Driver": "overlay", "Attachable": True, "Internal": False}
    pools = {"Config": [{"Subnet": "10.90.0.0/24", "Gateway": "10.90.0.1"}]}
    return right | {"IPAM": pools, "Options": {"mtu": "1400"}, "Labels": None} | more


def info(**more):
    registries = {
        "Mirrors": ["http://10.0.0.9:5000/"],
        "IndexConfigs": {"r:5000": {"Secure": False}, "docker.io": {"Secure": True}},
        "InsecureRegistryCIDRs": ["127.0.0.0/8"],
    }
    right = {"LoggingDriver": "json-file", "RegistryConfig": registries, "ServerVersion": "26.1.5+dfsg1"}
    return right | {"DockerRootDir": "/var/lib/docker", "Swarm": swarm()} | more


def service(name="web_web", replicas="1/1", image="busybox:1.36"):
    return {"Name": name, "Mode": "replicated", "Replicas": replicas, "Image": image}


ALL = service("web_all", "2/2", "busybox:latest")
INSPECTED = lines(["S1", "web_web", None], ["S2", "web_all", {"State": "completed"}])
RUNNING = {"State": "running"}
TASKS = lines(["T1", "S1", "M1", "running", RUNNING], ["T0", "S1", "M1", "shutdown", {"State": "failed"}])

RIGHT = {
    "systemctl is-enabled": "enabled\n",
    "systemctl show docker.service": UNIT,
    "uname": "Linux\n",
    "os-release": "ID=debian\n",
    "/proc/7/comm": "dockerd\n",
    "/proc/7/cmdline": "/usr/sbin/dockerd\0-H\0fd://\0",
    "daemon.json": json.dumps(DAEMON | {"foreign": 1}),
    "dpkg-query -f '${Status}' -W docker.io": "install ok installed",
    "dpkg-query -f '${Status} ${Version}' -W docker.io": "install ok installed 5:26.1.5+dfsg1-9",
    "dpkg-query": Result(1, "", "no"),
    "docker node inspect": lines(node("M1", "m1", "manager"), node()),
    "docker network inspect ingress": lines({"ingress-sbox": {"Name": "ingress-endpoint"}}),
    "docker network inspect": lines(network()),
    "docker network ls": lines({"Name": "ingress"}),
    "docker stack services": lines(service(), ALL),
    "type task": TASKS,
    "docker service inspect": INSPECTED,
    "docker ps": lines("web_web.1.T1"),
    "docker info": lines(info()),
    "swarm-node.crt": certificate(),
    "kernel/hostname": "m1\n",
}
WORKER = RIGHT | {
    "docker info": lines(info(Swarm=swarm("W1", "10.0.0.2", Cluster=None))),
    "swarm-node.crt": certificate(unit="swarm-worker", name="W1"),
    "kernel/hostname": "w1\n",
}


def bad(pool, role, m1=None, w1=None, cluster=CLUSTER):
    tables = {"m1": (m1 or {}) | RIGHT | (m1 or {}), "w1": (w1 or {}) | WORKER | (w1 or {})}
    checks = run(cluster, pool(**tables), {role: ROLES[role]}, hosts=["m1", "w1"])
    assert checks
    return [(check.host, check.outcome, check.message) for check in checks if not check.good]


@pytest.mark.parametrize("role", ROLES)
def test_what_is_right_passes(pool, role):
    assert bad(pool, role) == []


def test_every_test_has_words_for_the_operator(pool):
    checks = run(CLUSTER, pool(m1=RIGHT, w1=WORKER), ROLES, hosts=["m1", "w1"])
    assert list(dict.fromkeys(check.role for check in checks)) == list(ROLES)
    assert not [check for check in checks if check.name.startswith(("test ", "web: test", "front: test"))]


STOPPED = {
    "systemctl show docker.service": "MainPID=0\nActiveState=inactive\nSubState=dead\n",
    "exit 69": Result(69, "", "x"),
}
BROKEN = {
    "no dockerd": ("engine", {"command -v dockerd": Result(1, "", "")}, "there is no dockerd on m1"),
    "not at boot": ("engine", {"systemctl is-enabled": Result(1, "disabled\n", "")}, "docker.service is not enabled"),
    "stopped": ("engine", STOPPED, "docker.service is not running on m1: it is inactive, dead"),
    "another program": ("engine", {"/proc/7/comm": "sleep\n"}, "docker.service on m1 runs 'sleep', not dockerd"),
    "old in memory": (
        "engine",
        {"docker info": lines(info(ServerVersion="26.10.1"))},
        "the engine that runs is 26.10.1; asked for 26.1",
    ),
    "silent": ("engine", {"docker info": lines({"ServerErrors": ["Cannot connect"]})}, "docker on m1: Cannot connect"),
    "no file": ("daemon", {"daemon.json": Result(1, "", "none")}, "there is no /etc/docker/daemon.json on m1"),
    "not JSON": ("daemon", {"cat /etc/docker/daemon.json": "{,"}, "/etc/docker/daemon.json on m1 is not JSON"),
    "key missing": ("daemon", {"cat /etc/docker/daemon.json": "{}"}, "log-driver is missing"),
    "key differs": (
        "daemon",
        {"cat /etc/docker/daemon.json": json.dumps(DAEMON | {"log-driver": "local"})},
        'log-driver is "local", desired "json-file"',
    ),
    "another file": ("daemon", {"/proc/7/cmdline": "dockerd\0--config-file=/a\0"}, "was started with --config-file /a"),
    "refused": ("daemon", {"--validate": Result(1, "", "bad key\n")}, "refuses /etc/docker/daemon.json: bad key"),
    "not in force": (
        "daemon",
        {"docker info": lines(info(LoggingDriver="local"))},
        'm1: log-driver is "local" in the running engine, desired "json-file"',
    ),
    "in no swarm": ("swarm", {"docker info": lines(info(Swarm=swarm("", state="inactive")))}, "m1 is in no swarm"),
    "locked": ("swarm", {"docker info": lines(info(Swarm=swarm(state="locked")))}, "on it run: docker swarm unlock"),
    "another swarm": (
        "swarm",
        {"swarm-node.crt": certificate(swarm="OTHER")},
        "m1 has a certificate of the swarm OTHER, the managers are the swarm SWARM",
    ),
    "no overlays": (
        "swarm",
        {"docker network inspect ingress": "null\n"},
        "m1 is not in the ingress network: its engine rejects tasks; restart it",
    ),
    "copied": ("swarm", {"kernel/hostname": "m2\n"}, "m1 calls itself m2, and the managers know its node as m1"),
    "unknown": ("swarm", {"docker node inspect": lines(node("X", "m1", "manager"))}, "the node M1, which the managers"),
    "unreachable": (
        "swarm",
        {"docker node inspect": lines(node("M1", "m1", "manager", ManagerStatus={"Reachability": "unreachable"}))},
        "the managers cannot reach the manager m1: unreachable",
    ),
    "no leader": (
        "swarm",
        {"docker node inspect": lines(node("M1", "m1", "manager", ManagerStatus={"Reachability": "reachable"}))},
        "0 managers lead the swarm",
    ),
    "twin": (
        "swarm",
        {
            "docker node inspect": lines(
                node("M1", "m1", "manager"), node(), node("OLD", state="down", CreatedAt="2025")
            )
        },
        "w1 is in the node list twice: OLD is down and will not return; remove it: docker node rm OLD",
    ),
    "network gone": (
        "networks",
        {"docker network inspect": Result(1, "", "Error: No such network: front\n")},
        "docker on m1: No such network: front",
    ),
    "network differs": (
        "networks",
        {"docker network inspect": lines(network(Attachable=False, Options={}, IPAM={}))},
        "network front: attachable is no, desired yes; subnet is none, desired 10.90.0.0/24;"
        " option mtu is none, desired 1400",
    ),
    "service gone": ("stacks", {"docker stack services": lines(ALL)}, "service web_web does not exist"),
    "scaled": (
        "stacks",
        {"docker stack services": lines(service(replicas="0/0"), ALL)},
        "service web_web is scaled to 0, the compose file asks for 1",
    ),
    "not running": (
        "stacks",
        {
            "docker stack services": lines(service(replicas="0/1"), ALL),
            "type task": lines(["T1", "S1", "M1", "ready", {"State": "rejected", "Err": "No such image"}]),
        },
        "service web_web runs 0 of 1 tasks; one is rejected: No such image",
    ),
    "other image": (
        "stacks",
        {"docker stack services": lines(service(image="busybox:1.35"), ALL)},
        "service web_web runs busybox:1.35, the compose file names busybox:1.36",
    ),
    "update paused": (
        "stacks",
        {"docker service inspect": lines(["S1", "web_web", {"State": "paused", "Message": "task 5 failed"}])},
        "the last update of web_web is paused: task 5 failed",
    ),
    "no container": ("stacks", {"docker ps": ""}, "m1 should run and does not: web_web (task T1)"),
    "port silent": (
        "stacks",
        {"/dev/tcp/10.0.0.1/8080": Result(1, "", "")},
        "nothing answers at m1 (10.0.0.1) on port 8080/tcp of web_web",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_fails_in_the_operators_words(pool, case, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    role, answers, words = BROKEN[case]
    found = bad(pool, role, m1=answers)
    assert [message for _, outcome, message in found if outcome == "failed" and words in message], found


def test_a_node_that_is_not_as_desired(pool):
    spec = {"Role": "worker", "Availability": "active", "Labels": {"web": "no"}}
    nodes = lines(node("M1", "m1", "manager"), node(Spec=spec))
    assert [message for _, _, message in bad(pool, "swarm", m1={"docker node inspect": nodes})] == [
        "w1 is set to active, desired drain",
        "labels of w1: web=no, desired yes",
    ]
    promoted = lines(node("M1", "m1", "manager"), node(role="manager"))
    assert "w1 is a manager, desired a worker" in str(bad(pool, "swarm", m1={"docker node inspect": promoted}))


def test_a_new_leader_is_given_time(pool, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    unknown = [node("M1", "m1", "manager", state="unknown"), node(state="unknown")]
    answers = iter([lines(*unknown)] * 2)
    calm = RIGHT["docker node inspect"]
    assert bad(pool, "swarm", m1={"docker node inspect": lambda script: next(answers, calm)}) == []
    found = bad(pool, "swarm", m1={"docker node inspect": lines(*unknown)})
    assert [message for _, _, message in found] == [f"{name} is unknown in the managers' eyes" for name in ("m1", "w1")]


def test_settings_of_the_swarm(pool):
    asked = Swarm(task_history=5, cert_expiry=60, address_pools=("10.64.0.0/12",), autolock=True)
    ((host, _, message),) = bad(pool, "swarm", cluster=replace(CLUSTER, swarm=asked))
    assert host is None
    assert message == (
        "swarm: task-history is 3, desired 5; cert-expiry in seconds is 3600.0, desired 60;"
        " autolock is None, desired True; address-pools is None, desired ['10.64.0.0/12']"
    )


def test_a_secret_in_daemon_json_is_not_shown_nor_the_one_found_in_its_place(pool):
    desired = {"log-opts": {"tag": "x", "token": Secret("hunter2")}, "registry-mirrors": [Secret("http://hunter2")]}
    first, second = CLUSTER.hosts
    cluster = replace(CLUSTER, hosts=(replace(first, daemon=desired), second))
    right = {"log-opts": {"tag": "x", "token": "hunter2"}, "registry-mirrors": ["http://hunter2"]}
    running = {"RegistryConfig": {"Mirrors": ["http://hunter2/"]}}
    there = {"cat /etc/docker/daemon.json": json.dumps(right), "docker info": lines(info(**running))}
    assert bad(pool, "daemon", m1=there, cluster=cluster) == []
    old = {"log-opts": {"tag": "y", "token": "old-hunter"}, "registry-mirrors": ["http://old-hunter"]}
    running = {"RegistryConfig": {"Mirrors": ["http://old-hunter/"]}}
    there = {
        "cat /etc/docker/daemon.json": json.dumps(old),
        "docker info": lines(info(**running)),
        "--validate": Result(1, "", "bad token hunter2"),
    }
    found = bad(pool, "daemon", m1=there, cluster=cluster)
    assert [message for _, _, message in found] == [
        '/etc/docker/daemon.json on m1: log-opts is {"tag": "y", "token": "***"}, desired {"tag": "x", "token": "***"};'
        " registry-mirrors holds another secret than desired",
        "dockerd on m1 refuses /etc/docker/daemon.json: bad token ***",
        "m1: registry-mirrors holds another secret in the running engine than desired",
    ]


@pytest.mark.parametrize("prune", [True, False])
def test_a_service_in_no_file_is_wrong_where_it_would_go(pool, prune):
    text = COMPOSE + b"x-skep: {prune: %s}" % (b"true" if prune else b"false")
    cluster = replace(CLUSTER, stacks=(replace(CLUSTER.stacks[0], files={"c.yml": text}),))
    answers = {"docker stack services": lines(service(), ALL, service("web_x"))}
    found = [message for _, _, message in bad(pool, "stacks", cluster=cluster, m1=answers)]
    assert found == (["service web_x is in no compose file"] if prune else [])


def test_a_secret_in_a_compose_file_is_not_shown(pool):
    stack = replace(CLUSTER.stacks[0], variables={"TAG": Secret("hush")})
    cluster = replace(CLUSTER, stacks=(stack,))
    ((_, _, message),) = bad(pool, "stacks", cluster=cluster)
    assert message == "service web_web runs busybox:1.36, the compose file names busybox:***"
