"""What managers and hosts answer, as the page shows it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from skep.errors import ConnectError
from skep.model import Cluster, Host
from skep.picture import outlook, reading
from skep.picture.reading import Answered
from skep.swarm.objects import Network, Node, Service, Task

CLUSTER = Cluster(
    "prod",
    (
        Host("m1", "10.0.0.1", "manager"),
        Host("w1", "10.0.0.2", "worker", labels={"zone": "b"}),
        Host("w2", "10.0.0.3", "worker"),
    ),
)


def node(number: int, name: str, zone: str = "", *, leader: bool = False) -> Node:
    found: Node = {
        "ID": f"n{number}",
        "Spec": {"Role": "worker", "Availability": "active", "Labels": {"zone": zone, "skep.labels": "zone"}},
        "Description": {"Hostname": name, "Engine": {"EngineVersion": "28.5.2"}},
        "Status": {"State": "ready", "Addr": f"10.0.0.{number}"},
    }
    if leader:
        found["Spec"]["Role"] = "manager"
        found["ManagerStatus"] = {"Leader": True, "Reachability": "reachable"}
    return found


def service(name: str, desired: int, running: int) -> Service:
    return {
        "ID": f"id-{name}",
        "UpdatedAt": "2026-05-01T10:00:00.123456789Z",
        "Spec": {
            "Name": name,
            "Labels": {"com.docker.stack.namespace": "shop"},
            "Mode": {"Replicated": {"Replicas": desired}},
            "TaskTemplate": {
                "ContainerSpec": {"Image": f"shop/web:1.4@sha256:{'ab' * 32}"},
                "Networks": [{"Target": "net1"}],
            },
        },
        "ServiceStatus": {"RunningTasks": running, "DesiredTasks": desired},
    }


def task(number: int, at: str, state: str = "running", desired: str = "running", created: int = 1) -> Task:
    return {
        "ID": f"t{number}{created}",
        "ServiceID": "id-shop_web",
        "NodeID": at,
        "Slot": number,
        "CreatedAt": f"2026-05-01T10:00:0{created}Z",
        "DesiredState": desired,
        "Status": {"State": state, "Timestamp": "2026-05-01T10:00:09Z", "Err": "no  such\nimage" if not at else ""},
    }


NETWORK: Network = {
    "Id": "net1",
    "Name": "shop_front",
    "Driver": "overlay",
    "Attachable": True,
    "Options": {"encrypted": ""},
    "IPAM": {"Config": [{"Subnet": "10.20.0.0/24"}]},
}
ANSWERED = Answered(
    [node(1, "one", "a", leader=True), node(2, "w1", "b"), node(9, "old", "b")],
    [service("shop_web", 4, 2)],
    [
        task(1, "n1"),
        task(2, "n2"),
        task(3, "n2", "shutdown", "shutdown"),
        task(3, "n1", "preparing", created=2),
        task(4, "", "pending"),
        {**task(1, "n1"), "ServiceID": "removed"},
    ],
    [NETWORK],
)


def test_hosts_of_the_inventory_come_first_and_each_node_once() -> None:
    silent = {"w2": ConnectError("does not answer", host="w2", cause="timed out")}
    found = reading.machines(CLUSTER, ANSWERED, {}, silent, {"m1": "n1"})
    assert [(one.name, one.in_inventory, one.in_swarm, one.zone, one.well) for one in found] == [
        ("m1", True, True, "a", True),
        ("w1", True, True, "b", True),
        ("w2", True, False, "", False),
        ("old", False, True, "b", True),
    ]
    assert found[0].leader and found[0].role == "manager" and found[0].labels == {"zone": "a"}
    assert "timed out" in found[2].silent or "does not answer" in found[2].silent


def test_tasks_of_a_node_that_is_down_do_not_run() -> None:
    down: Node = {**node(2, "w1"), "Status": {"State": "down", "Addr": "10.0.0.2"}}
    answered = Answered([node(1, "one", leader=True), down], ANSWERED.services, ANSWERED.tasks)
    assert [(one.running, one.desired) for one in reading.services(answered)] == [(1, 4)]
    assert [(one.running, one.desired) for one in reading.services(ANSWERED)] == [(2, 4)]


def test_without_a_manager_no_host_is_said_to_be_out_of_the_swarm() -> None:
    found = reading.machines(CLUSTER, Answered(), {}, {}, {})
    assert [(one.state, one.in_swarm) for one in found] == [("not known", True)] * 3


def test_a_host_that_is_silent_is_known_by_its_address_and_not_shown_twice() -> None:
    found = reading.machines(CLUSTER, Answered([node(3, "ip-10-0-0-3"), node(2, "other", "b")]), {}, {}, {})
    assert [(one.name, one.in_inventory, one.in_swarm) for one in found] == [
        ("m1", True, False),
        ("w1", True, True),
        ("w2", True, True),
    ]


def test_tasks_stand_on_their_nodes_the_newest_of_each_slot() -> None:
    found = reading.machines(CLUSTER, ANSWERED, {}, {}, {"m1": "n1"})
    assert [[(one.name, one.state) for one in machine.tasks] for machine in found] == [
        [("shop_web.1", "running"), ("shop_web.3", "preparing")],
        [("shop_web.2", "running")],
        [],
        [],
    ]
    (web,) = reading.services(ANSWERED)
    assert [(one.name, one.error) for one in web.unplaced] == [("shop_web.4", "no such image")]


def test_services_count_and_name_their_image_and_networks() -> None:
    (web,) = reading.services(ANSWERED)
    assert (web.stack, web.running, web.desired, web.well) == ("shop", 2, 4, False)
    assert (web.image, web.digest, web.networks) == ("shop/web:1.4", "abababababab", ("shop_front",))
    assert web.updated == datetime(2026, 5, 1, 10, 0, 0, 123456, UTC)
    (network,) = reading.networks(ANSWERED)
    assert network.encrypted and network.services == ("shop_web",) and network.subnets == "10.20.0.0/24"


def test_a_job_counts_what_is_complete() -> None:
    job = service("shop_job", 0, 0)
    job["Spec"]["Mode"] = {"ReplicatedJob": {"TotalCompletions": 3, "MaxConcurrent": 1}}
    job["ServiceStatus"] = {"RunningTasks": 1, "DesiredTasks": 1, "CompletedTasks": 2}
    (line,) = reading.services(Answered(services=[job]))
    assert (line.running, line.desired, line.mode) == (2, 3, "replicated job")


def test_zones_are_what_services_spread_over() -> None:
    spread = service("shop_web", 1, 1)
    spread["Spec"]["TaskTemplate"]["Placement"] = {
        "Preferences": [{"Spread": {"SpreadDescriptor": "node.labels.hall"}}]
    }
    hall = node(1, "one", "a")
    hall["Spec"]["Labels"] = {"zone": "a", "hall": "north"}
    assert reading.zone_label(Answered([hall], [spread])) == "hall"
    assert reading.zone_label(Answered([hall], [])) == "zone"
    assert reading.zone_label(Answered([], [spread])) == ""


def test_runs_of_a_history_newest_first_and_one_that_was_cut_off() -> None:
    entries = [
        {"time": "2026-05-01T10:00:00.000+00:00", "run": "a", "kind": "run", "event": "started", "what": "cluster.up",
         "who": "ana@desk", "commit": "abc"},
        {"time": "2026-05-01T10:00:01.000+00:00", "run": "a", "kind": "step", "event": "done"},
        {"time": "2026-05-01T10:00:02.000+00:00", "run": "a", "kind": "step", "event": "failed", "error": "no"},
        {"time": "2026-05-01T10:00:03.000+00:00", "run": "a", "kind": "run", "event": "failed", "error": "it\n broke"},
        {"time": "2026-05-02T10:00:00.000+00:00", "run": "b", "kind": "run", "event": "started", "what": "stack.rm"},
    ]  # fmt: skip
    newest, first = reading.runs(entries, 5)
    assert (newest.what, newest.ended, newest.steps) == ("stack.rm", "", 0)
    assert (first.ended, first.steps, first.failed, first.error, first.commit) == ("failed", 1, 1, "it broke", "abc")
    assert len(reading.runs(entries, 1)) == 1


def certificate(ends: datetime) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(ends - timedelta(days=90)).not_valid_after(ends).sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_the_script_reads_the_first_certificate_and_the_disks(tmp_path: Path) -> None:
    """As the script runs on any host, this one for example."""
    ends = datetime(2026, 8, 1, tzinfo=UTC)
    folder = tmp_path / "data" / "swarm" / "certificates"
    folder.mkdir(parents=True)
    (folder / "swarm-node.crt").write_text(certificate(ends) + certificate(ends + timedelta(days=999)))
    script = f"set -- / '{tmp_path}/missing' '{tmp_path}/data'\n{outlook.SCRIPT.read_text()}"
    ran = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=True)
    found = outlook.parse(ran.stdout)
    assert found.certificate == ends and not ran.stderr
    assert found.disks and all(disk.free >= 0 and 0 <= disk.used <= 1 for disk in found.disks)
    assert len({disk.path for disk in found.disks}) == len(found.disks)


def test_a_disk_that_cannot_be_looked_at_hides_no_other(tmp_path: Path) -> None:
    """``df`` fails, for example, where the server of a mount is gone."""
    fails = '#!/bin/sh\n[ "$2" = /tmp ] && exit 1\necho "/dev/a 100 40 60 40% $2"\n'
    (tmp_path / "df").write_text(fails)
    (tmp_path / "df").chmod(0o755)
    script = f"PATH='{tmp_path}':$PATH\nset -- / /tmp /usr\n{outlook.SCRIPT.read_text()}"
    ran = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=True)
    assert [(disk.path, disk.used) for disk in outlook.parse(ran.stdout).disks] == [("/", 0.4), ("/usr", 0.4)]


def test_what_cannot_be_understood_is_left_out() -> None:
    assert outlook.parse("") == outlook.Outlook()
    broken = outlook.parse("certificate\n-----BEGIN CERTIFICATE-----\nx\nspace\n/ overlay - - -\n/ overlay\n")
    assert broken == outlook.Outlook()
