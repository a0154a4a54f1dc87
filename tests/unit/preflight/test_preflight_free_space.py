"""Room on a host's disks, against what the steps of a plan write."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from roles import ROLES
from skep import preflight
from skep.model import Cluster, Engine, Host
from skep.places import HOST
from skep.plan import Call, Put, Run, Send, Step
from skep.preflight import ROOMS, Room
from skep.preflight.free_space import MIB, parse, places
from skep.shell import exported, script
from tests.roles.test_cases import a_cluster, a_plan, cases
from tests.steps import step_id

CLUSTER = Cluster("test", (Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")))
PLENTY = {place: Room("", "1", 10 << 30, 1 << 20) for place in ROOMS}


def run(host: str = "w1", **writes: int) -> Run:
    places = {name.replace("_", "/"): size for name, size in writes.items()}
    return Run(id=step_id(f"a/b@{host}"), host=host, title="t", cause="c", script="true", writes=places)


def texts(*steps: Step, **rooms: Any) -> list[str]:
    reported = {host: {**PLENTY, **rooms.get(host, {})} for host in ("m1", "w1")}
    found = list(preflight.room(CLUSTER, steps, reported))
    assert all(finding.next_action for finding in found)
    return [str(finding) for finding in found]


def test_room_enough_is_nothing_to_tell() -> None:
    assert texts(run(_usr=512 * MIB)) == []
    assert texts() == []


@pytest.mark.parametrize(
    ("rooms", "text"),
    [
        ({"/run": Room("locked", "2")}, "nothing can be written to /run, not even by root"),
        ({"/var/lib/skep": Room("file", "2")},
         "nothing can be written to /var/lib/skep: a file lies where a folder belongs"),
        ({"/usr": Room("", "2", 100 * MIB)}, "has 100 MiB free for /usr; 512 MiB are needed"),
        ({"/usr": Room("", "2", 10 << 30, 5)}, "has room for 5 more files in /usr; 8192 are needed"),
        ({"/run": Room("", "2", 0, 0)}, "has 0 MiB free for /run; 1 MiB are needed"),
    ],
)  # fmt: skip
def test_what_is_lacking_where_a_step_writes_is_an_error(rooms: dict[str, Room], text: str) -> None:
    assert texts(run(_usr=512 * MIB), w1=rooms)[0] == f"error: w1: {text}"


def test_places_on_one_disk_share_what_is_free() -> None:
    disk = Room("", "2", 600 * MIB)
    step = run(_usr=512 * MIB, _var_cache_apt_archives=192 * MIB)
    assert texts(step, w1={"/usr": disk, "/var/cache/apt/archives": disk}) == [
        "error: w1: has 600 MiB free for /usr, /var/cache/apt/archives; 704 MiB are needed"
    ]


def test_where_nothing_is_written_nothing_is_reported() -> None:
    full = {place: Room("locked", "2", 0, 0) for place in ROOMS}
    assert texts(w1=full, m1=full) == []
    call = Call(id=step_id("a/c@w1"), host="w1", title="t", cause="c", operation="o")
    assert texts(call, w1=full) == []


def test_a_put_writes_its_file() -> None:
    put = Put(id=step_id("a/p@w1"), host="w1", title="t", cause="c", path="/etc/docker/daemon.json", content=b"")
    assert texts(put, w1={"/etc/docker/daemon.json": Room("locked", "2")})[0].startswith(
        "error: w1: nothing can be written to /etc/docker/daemon.json"
    )


def test_a_manager_that_can_keep_no_lock_is_warned_of() -> None:
    rooms = {"/var/lib/skep": Room("", "2", 0, 0)}
    assert texts(run(), m1=rooms)[0] == (
        "warning: m1: has 0 MiB free for /var/lib/skep; 1 MiB are needed; it keeps no lock and no history"
    )
    assert [text.partition(":")[0] for text in texts(run("m1"), m1=rooms)] == ["error", "error"]


def test_all_places_that_steps_write_are_looked_at() -> None:
    places = set()
    for param in cases():
        path, _, case = param.values
        if "error" not in case:
            cluster = a_cluster(case["cluster"])
            roots = {host.data_root for host in cluster.hosts}
            steps = a_plan(path.parent.name, cluster, case)
            places |= {place for step in steps for place in step.writes if place not in roots}
    assert places <= set(ROOMS)
    assert {"/etc/docker/daemon.json", "/usr"} <= places
    assert ROLES


def look(*paths: Path | str) -> dict[str, Room]:
    text = exported({"PLACES": " ".join(map(str, paths))}) + script("skep/preflight/free_space.sh")
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True, timeout=120)
    return parse(line.split() for line in done.stdout.splitlines())


def test_the_probe_looks_at_what_there_is_of_a_path(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to("target/real.json")
    (tmp_path / "plain").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    paths = [tmp_path / name for name in ("link.json", "loop", "not/there", "plain", "plain/below.json", ".")]
    found = look(*paths)
    assert list(found) == [str(path) for path in paths]
    assert [room.state for room in found.values() if room.device] == ["", "", "", "file", "file", ""]
    assert len({room.device for room in found.values()}) == 1
    assert all(room.bytes for room in found.values())


def test_every_place_is_reported_of_a_host() -> None:
    cluster = replace(
        CLUSTER, hosts=(Host("m1", "10.0.0.1", "manager", engine=Engine(), daemon={"data-root": "/srv/x"}),)
    )
    assert set(look(*places(cluster))) == {*ROOMS, "/srv/x"}
    assert parse([["room", "/run", "free"], ["disk", "3"]]) == {}


def test_the_whole_probe_reports_the_rooms_and_the_interfaces_apart() -> None:
    """Parts of one script, whose lines are distinguished by their first word."""
    cluster = Cluster("here", (Host("m1", "10.0.0.1", "manager"),))
    ran = subprocess.run(["sh"], input=HOST + preflight.probe(cluster), capture_output=True, text=True, check=True)
    facts = preflight.parse(ran.stdout, {}, 0.0, 0.0)
    assert set(ROOMS) <= set(facts.rooms)
    assert all(room.device.isdigit() for room in facts.rooms.values())
    assert not any(device.isdigit() for device in facts.devices)


def test_a_file_that_is_sent_needs_its_size_where_it_goes() -> None:
    one, two = (
        Send(
            id=step_id(f"a/s:{name}@w1"), host="w1", title="t", cause="c", source="/x", path=path, size=size, sha256=""
        )
        for name, path, size in (("one", "/var/lib/skep/images/a.tar", 300 * MIB), ("two", "/var/lib/skep/b", MIB))
    )
    rooms = {"/var/lib/skep": Room("", "2", 300 * MIB)}
    assert texts(one, two, w1=rooms)[0] == "error: w1: has 300 MiB free for /var/lib/skep; 303 MiB are needed"
