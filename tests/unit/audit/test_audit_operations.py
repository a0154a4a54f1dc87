"""Operational facts: what is broken makes exactly that control fail, and says what to type."""

from dataclasses import replace

import pytest

from skep.audit.controls import controls
from skep.kinds import Kind
from skep.model import Host
from skep.plan import Finding
from skep.ssh import Result as Answer
from skep.swarm.labels import REVISION, REVISION_OF
from skep.swarm.revision import pack
from tests.unit.audit.conftest import (
    CLUSTER,
    DF,
    certificate,
    engine,
    image,
    lines,
    network,
    node,
    service,
    volume,
    worker,
)  # fmt: skip

NODES = (node("m1"), node("m2"), node("m3"))
INFO = "docker info --format '{{json .}}'"
MOVED = Kind("image-moved", "It moved.", "refresh")


def bad(results):
    return [(one.id, one.where, one.status) for one in results if one.status not in ("passed", "not applicable")]


def test_a_right_cluster_has_no_finding_and_every_control_has_a_test(audit):
    results = audit("hosts", "swarm")
    assert bad(results) == []
    assert {one.id for one in results} == set(controls())
    assert all(one.title == controls()[one.id].title for one in results)
    looked = [one for one in results if one.status == "passed"]
    assert [one.id for one in looked if not one.evidence] == []


BROKEN = [
    ("disk-use", "m1", {"df -P /": DF.format(91)}, "/ is 91% full",
     "on m1, look first: du -xhd1 / | sort -h; then: invoke cluster.prune --limit m1"),
    ("inode-use", "m1", {"df -P -i": DF.format(99)}, "/ is 99% in use",
     "on m1, look first: du -x --inodes -d1 / | sort -n; then: invoke cluster.prune --limit m1"),
    ("node-certificate", "m1", {"swarm-node.crt": certificate(85, 5)}, "was not renewed",
     "on a manager: docker swarm ca --rotate --quiet"),
    ("node-certificate", "m1", {"swarm-node.crt": certificate(95, -5)}, "shut out of the swarm",
     "on another manager: docker node demote m1; only where that is done, on m1: docker swarm leave --force; then:"
     " invoke cluster.up"),
    ("ca-certificate", "cluster", {"swarm-root-ca.crt": certificate(3000, 100)}, "in 99 days",
     "on a manager: docker swarm ca --rotate --quiet"),
    ("clock-unsynchronised", "m1", {"CanNTP": "yes", "timedatectl": "no"}, "no time server",
     "on m1: timedatectl set-ntp true"),
    ("upgrades-unattended", "m1", {"apt-mark": "other\n"}, "docker.io", "on m1: apt-mark hold docker.io"),
    ("mirror-silent", "m1", {"/dev/tcp/": Answer(124, "", "")}, "http://10.0.0.9:5000 does not",
     "start it, or take http://10.0.0.9:5000 out of daemon.registry-mirrors in the inventory, then:"
     " invoke cluster.up"),
    ("mirror-silent", "m1", {"/dev/tcp/": "500"}, "does not answer m1", None),
    ("images-dangling", "m1",
     {"docker image ls": lines(image("a"), image("b")), "docker ps --all": lines(image("a")["Id"])},
     "1 on m1: bbbbbbbbbbbb", "invoke cluster.prune --safe --limit m1"),
    ("volumes-dangling", "m1", {"docker volume ls": lines(volume("stray"), volume("data-1"))}, "1 on m1, with",
     "on m1: look first: docker volume inspect stray; then: docker volume rm stray"),
    ("unlock-key", "m1", {INFO: lines(engine("locked"))}, "unlock key", "invoke cluster.up"),
    ("unlock-key", "cluster", {"docker swarm unlock-key": "0\n"}, "none gives the key",
     "on a manager: docker swarm unlock-key --rotate"),
    ("node-down", "cluster", {"docker node inspect": lines(*NODES, worker("w1", "10.0.0.9"))},
     "w1 is down", "on a manager: if it will not come back: docker node rm id-w1"),
    ("engines-apart", "cluster", {"docker node inspect": lines(node("m1"), node("m2"), node("m3", version="28.5.2"))},
     "2 with 26.1.5, 1 with 28.5.2", "name one version as engine.version in the inventory, then: invoke cluster.up"),
    ("quorum-tolerance", "cluster",
     {"docker node inspect": lines(node("m1"), node("m2"), node("m3", reach="unreachable"))},
     "2 of 3 managers", "invoke cluster.up"),
    ("quorum-tolerance", "cluster", {"docker node inspect": lines(node("m1"), node("m2"))}, "2 of 2 managers",
     "invoke cluster.up"),
    ("services-below-desired", "cluster",
     {"docker service ls --format": lines({"Name": "web_web", "Mode": "replicated", "Replicas": "1/2"})},
     "web_web runs 1/2", "invoke cluster.up"),
    ("services-below-desired", "cluster",
     {"docker service ls --format": lines({"Name": "other", "Mode": "global", "Replicas": "0/2"})},
     "other runs 0/2", "on a manager: look first: docker service ps --no-trunc other; then, if nobody needs it:"
     " docker service rm other"),
    ("clock-unsynchronised", "m1", {"CanNTP": "no\n", "timedatectl": "no"}, "no time server",
     "on m1: apt-get install -y systemd-timesyncd && timedatectl set-ntp true"),
]  # fmt: skip


@pytest.mark.parametrize(("identity", "where", "answers", "words", "fix"), BROKEN)
def test_what_is_broken_is_exactly_that_finding(audit, identity, where, answers, words, fix):
    results = audit("hosts", "swarm", m1=answers)
    assert bad(results) == [(identity, where, "finding")]
    assert words in results[0].message
    assert results[0].severity == controls()[identity].severity
    if fix is not None:
        assert results[0].fix == fix
    assert results[0].evidence


def test_an_only_manager_whose_certificate_ended_is_not_made_to_leave_with_its_swarm(audit):
    first, *others = CLUSTER.hosts
    cluster = replace(CLUSTER, hosts=(first, *(replace(one, role="worker") for one in others)))
    ended = {"swarm-node.crt": certificate(95, -5)}
    results = audit("hosts", m1=ended, m2=ended, cluster=cluster)
    assert [(one.where, one.fix) for one in results if one.id == "node-certificate" and one.status == "finding"] == [
        ("m1", "on m1: docker swarm init --force-new-cluster --advertise-addr 10.0.0.1; then: invoke cluster.up"),
        ("m2", "on m2: docker swarm leave --force; then: invoke cluster.up"),
    ]


@pytest.mark.parametrize("state", ["unknown", "disconnected"])
def test_no_remedy_removes_a_node_that_the_managers_have_lost_sight_of_and_that_may_run(audit, state):
    foreign = {**worker("w1", "10.0.0.9"), "Status": {"State": state, "Addr": "10.0.0.9"}}
    results = audit("swarm", m1={"docker node inspect": lines(*NODES, foreign)})
    assert [one.fix for one in results if one.id == "node-down"] == ["invoke cluster.up"]


@pytest.mark.parametrize(
    ("host", "nodes"),
    [
        (Host("w1", "10.0.0.9", "worker"), (*NODES, worker("ip-10-0-0-9", "10.0.0.9"))),
        (Host("w1", "198.51.100.9", "worker", advertise="fd00:0::9"), (*NODES, worker("other", "fd00::9"))),
        (Host("w1", "w1.example.org", "worker"), (*NODES, worker("ip-10-0-0-9", "10.0.0.9"))),
        (Host("m1", "10.0.0.1", "manager"), (*NODES, {**worker("old", "10.0.0.8"), "ManagerStatus": {"Addr": ""}})),
    ],
)
def test_no_remedy_removes_a_node_that_may_be_a_host_of_the_inventory_or_is_a_manager(audit, host, nodes):
    cluster = replace(CLUSTER, hosts=(*CLUSTER.hosts, host) if host.role == "worker" else CLUSTER.hosts)
    results = audit("swarm", m1={"docker node inspect": lines(*nodes)}, cluster=cluster)
    (down,) = [one for one in results if one.id == "node-down"]
    assert (down.status, down.fix) == ("finding", "invoke cluster.up")


def test_a_node_that_has_reported_nothing_of_itself_keeps_nobody_from_looking_at_the_others(audit):
    new = {"ID": "id-w9", "Status": {"State": "unknown"}, "Spec": {}, "Description": {}}
    results = audit("swarm", m1={"docker node inspect": lines(*NODES, new)})
    assert bad(results) == [("node-down", "cluster", "finding")] and "id-w9 is unknown" in results[0].message
    del new["Description"]
    assert bad(audit("swarm", m1={"docker node inspect": lines(*NODES, new)})) == bad(results)


NO = Answer(1, "", "")
DNF = {
    "os-release": "ID=fedora\n", "command -v apt-config": NO, "command -v dpkg-query": NO,
    "readlink": "/usr/bin/dnf-3\n", "apply_updates": "apply_updates = yes\n",
    "list-unit-files": "dnf-automatic.timer enabled disabled\n",
    "rpm -q": lambda script: "" if "docker-ce" in script else NO,
}  # fmt: skip
DNF5 = {**DNF, "readlink": "/usr/bin/dnf5\n", "list-unit-files": "dnf5-automatic.timer enabled disabled\n"}
PLUGIN = "dnf -y install python3-dnf-plugin-versionlock && "


@pytest.mark.parametrize(
    ("answers", "listed", "fix"),
    [
        (DNF, "docker-ce-3:28.5.2-1.el9.*\ndocker-ce-cli-1:28.5.2-1.el9.*\n", None),
        (DNF, "docker-ce-cli-1:28.5.2-1.el9.*\n", f"on m1: {PLUGIN}dnf -y versionlock add docker-ce"),
        (DNF, NO, f"on m1: {PLUGIN}dnf -y versionlock add docker-ce docker-ce-cli"),
        (DNF5, "Package name: docker-ce\nevr = 3:28.5.2-1\nPackage name: docker-ce-cli\n", None),
        (DNF5, "Package name: docker-ce-cli\n", "on m1: dnf -y versionlock add docker-ce"),
        ({**DNF, "apply_updates": "apply_updates = no\n"}, "", None),
        ({**DNF, "list-unit-files": "\n"}, "", None),
        ({**DNF, "apply_updates": "", "list-unit-files": "dnf-automatic-install.timer\n"},
         "docker-ce-3:28-1.*\n", f"on m1: {PLUGIN}dnf -y versionlock add docker-ce-cli"),
    ],
)  # fmt: skip
def test_packages_that_dnf_may_upgrade_are_those_without_a_lock(audit, answers, listed, fix):
    results = audit("hosts", m1={**answers, "versionlock list": listed})
    assert [one.fix for one in results if one.status == "finding"] == ([fix] if fix else [])
    assert [one.id for one in results if one.status == "not seen"] == []


WEB, DB, OLD, KEPT = (f"r.example.com/{name}@sha256:{name[0] * 64}" for name in ("web", "db", "old", "kept"))


def kept(name, container):
    """A revision of a stack, as a manager lists its config."""
    services = {name: {"Name": name, "TaskTemplate": {"ContainerSpec": container}}}
    labels = {REVISION: "1", REVISION_OF: "web"}
    return {"ID": "r", "Spec": {"Name": "skep.web.1", "Labels": labels, "Data": pack({"services": services})}}


def test_images_that_services_and_rollbacks_need_are_not_dangling(audit):
    rolled = {
        "docker service inspect --format '{{json .}}'": lines(service({"Image": DB}, {"Image": OLD})),
        "docker config ls": lines(kept("web_web", {"Image": KEPT})),
    }
    there = lines(image("a", DB), image("b", OLD), image("c", KEPT), image("d", WEB))
    results = audit("hosts", m1={**rolled, "docker image ls": there})
    assert bad(results) == [("images-dangling", "m1", "finding")]
    assert results[0].message == "1 on m1: r.example.com/web"


def test_what_a_rollback_needs_is_not_known_where_no_manager_answers(audit):
    silent = {"docker node ls": Answer(1, "", "no quorum"), "docker image ls": lines(image("d", WEB))}
    results = audit("hosts", m1=silent, m2=silent, m3=silent)
    assert {one.status for one in results if one.id == "images-dangling"} <= {"not seen", "not applicable"}


def test_no_tag_is_said_to_stand_where_no_manager_gives_the_services(audit):
    silent = {"docker node ls": Answer(1, "", "no quorum")}
    (moved,) = [one for one in audit("swarm", m1=silent, m2=silent, m3=silent) if one.id == "image-moved"]
    assert moved.status == "not seen" and "no quorum" in moved.message


def test_volumes_that_a_rollback_would_use_are_not_offered_for_removal(audit):
    mounts = {"Mounts": [{"Source": "before"}]}, {"Mounts": [{"Source": "kept"}]}
    there = {
        "docker volume ls": lines(volume("before"), volume("kept"), volume("stray")),
        "docker service inspect --format '{{json .}}'": lines(service({"Image": DB}, mounts[0])),
        "docker config ls": lines(kept("web_web", mounts[1])),
    }
    results = audit("hosts", m1=there)
    assert bad(results) == [("volumes-dangling", "m1", "finding")]
    assert results[0].fix.endswith("docker volume rm stray")


def test_volumes_of_stacks_and_of_services_without_tasks_are_not_offered_for_removal(audit):
    listed = lines(volume("web_db", "a=b,com.docker.stack.namespace=web"), volume("data-12"))
    assert bad(audit("hosts", m1={"docker volume ls": listed})) == []


def test_a_subnet_is_nearly_full_where_four_fifths_of_it_are_given_out(audit):
    tasks = lines([{"Addresses": ["10.9.0.5/29"]}], [{"Addresses": ["10.9.0.4/29"]}])
    crowded = {"docker network ls": lines(network("10.9.0.0/29"))}
    assert bad(audit("swarm", m1=crowded)) == []
    (first, *_) = audit("swarm", m1={**crowded, "type task": tasks})
    assert (first.id, first.status) == ("subnet-nearly-full", "finding")
    assert "about 6 of 6 addresses of 10.9.0.0/29" in first.message


@pytest.mark.parametrize(("clock", "words"), [((1.5, 2.0), "2 s ahead of"), ((-9.0, -4.0), "4 s behind")])
def test_a_clock_that_is_off_for_certain(audit, clock, words):
    results = audit("hosts", clock=clock)
    assert bad(results) == [("clock-skew", "m1", "finding")]
    assert words in results[0].message


def test_a_look_that_took_long_says_nothing_about_the_clock(audit):
    assert bad(audit("hosts", clock=(-30.0, 30.0))) == []


def test_a_tag_that_has_moved_is_reported_by_the_plan(audit):
    moved = Finding("note", "service web_web runs a, and b is c now", role="stacks", kind=MOVED, stack="web")
    other = Finding("note", "x", role="stacks", kind=MOVED, stack="other")
    (first, *rest) = audit("swarm", findings=(moved, other))
    assert (first.id, first.where, first.status, first.fix) == (
        "image-moved", "web", "finding", "invoke stack.refresh web"
    )  # fmt: skip
    assert bad(rest) == []


def test_jobs_that_are_done_run_no_tasks(audit):
    jobs = lines({"Name": "job", "Mode": "replicated job", "Replicas": "0/1 (1/1 completed)"})
    assert bad(audit("swarm", m1={"docker service ls --format": jobs})) == []


@pytest.mark.parametrize(
    ("answers", "identity"),
    [
        ({"docker volume ls": Answer(1, "", "Cannot connect")}, "volumes-dangling"),
        ({"apt-mark": Answer(100, "", "E: locked")}, "upgrades-unattended"),
    ],
)
def test_what_cannot_be_looked_at_is_no_finding(audit, answers, identity):
    results = audit("hosts", "swarm", m1=answers)
    assert bad(results) == [(identity, "m1", "not seen")]
    assert results[0].message


def test_an_engine_that_does_not_run_is_not_woken_and_reported_once_a_check(audit):
    results = audit("hosts", m1={"exit 69": Answer(69, "", "x")})
    assert {(one.where, one.status) for one in results if one.status != "passed"} >= {("m1", "not seen")}
    unseen = {one.id for one in results if one.status == "not seen"}
    assert unseen == {"mirror-silent", "unlock-key", "images-dangling", "volumes-dangling"}


def test_an_engine_that_cannot_answer_is_not_taken_for_a_right_one(audit):
    down = {INFO: lines(engine("", ServerErrors=["Cannot connect"]))}
    unseen = [one for one in audit("hosts", m1=down) if one.status == "not seen"]
    assert {(one.id, one.where) for one in unseen} == {("mirror-silent", "m1"), ("unlock-key", "m1")}
    assert all("Cannot connect" in one.message for one in unseen)
