"""What real hosts answered, recorded with ``tests.roles.record``: three engines, bare, as manager and as worker."""

from pathlib import Path

import pytest

from roles import ROLES, daemon, engine, networks, stacks, swarm
from skep import preflight, questions
from skep.model import Host, Network, Swarm
from skep.observe import ENGINE, Observation, asked_by, split
from skep.plan import Plan
from skep.request import RequestedCluster
from skep.seen import Platform, member
from tests.roles.record import MARK

FOLDER = Path(__file__).parent / "recorded"
ASKED = asked_by(ROLES)
DAEMON = {"registry-mirrors": ["http://10.94.0.1:5000"], "insecure-registries": ["10.94.0.1:5000"]}
WEB = {"web": "yes"}
CLUSTER = RequestedCluster(
    "recorded",
    (
        Host("b1", "10.94.0.11", "manager", labels=WEB, daemon=DAEMON),
        Host("t1", "10.94.0.12", "manager", daemon=DAEMON),
        Host("f1", "10.94.0.13", "manager", daemon=DAEMON),
        Host("b2", "10.94.0.14", "worker", daemon=DAEMON),
        Host("t2", "10.94.0.15", "worker", labels=WEB, daemon=DAEMON),
        Host("f2", "10.94.0.16", "worker", labels=WEB, daemon=DAEMON),
    ),
    swarm=Swarm(address_pools=("10.91.0.0/16",), subnet_size=24),
    networks=(Network("front", attachable=True),),
)
FILES = {
    "b1": "manager-20.10", "t1": "manager-26.1", "f1": "manager-28.5",
    "b2": "worker-20.10", "t2": "worker-26.1", "f2": "worker-28.5",
}  # fmt: skip


def read(name):
    """Facts, the states of all roles, and the standing in the swarm out of one recording."""
    text = (FOLDER / f"{name}.txt").read_bytes().decode(errors="surrogateescape")
    sections = split(text, MARK)
    answers = questions.parse(sections[ENGINE], ASKED)
    states = {role.name: role.parse(sections.get(role.name, ""), answers) for role in ROLES}
    return preflight.parse(sections["preflight"], answers, 0.0, 0.0), states, member(answers)


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_bare(suite):
    facts, states, _ = read(f"bare-{suite}")
    assert states[engine.name] is None
    assert states[swarm.name] is None
    assert states[networks.name] is None
    assert states[daemon.name].keys == {}
    assert not states[daemon.name].running
    assert facts.platform.distribution == "debian"
    assert facts.platform.codename == suite
    assert facts.platform.init == "systemd"
    assert not facts.installed
    assert facts.machine_id
    assert facts.free > 1 << 30
    assert any("10.94.0" in address for found in facts.addresses.values() for address in found)


def test_ubuntu():
    """Bare, and as a manager of a cluster of its own: Ubuntu's package of the engine, too, is called docker.io."""
    facts, states, _ = read("bare-noble")
    assert facts.platform == Platform("ubuntu", "24.04", "noble", init="systemd")
    assert facts.machine_id and not facts.installed
    assert states[engine.name] is None and states[swarm.name] is None
    facts, states, _ = read("manager-24.0")
    assert facts.platform.distribution == "ubuntu" and facts.installed
    assert states[engine.name].version == "24.0.7" and states[engine.name].package == "docker.io"
    assert states[engine.name].running and states[engine.name].enabled
    assert states[daemon.name].applied == DAEMON
    assert [node.leader for node in states[swarm.name].nodes].count(True) == 1
    assert states[networks.name].networks["front"].users == ("web_web",)
    assert set(states[stacks.name].swarm.of("web").services) == {"web_web"}


@pytest.mark.parametrize("version", ["20.10", "26.1", "28.5"])
def test_manager(version):
    facts, states, _ = read(f"manager-{version}")
    assert states[engine.name].version.startswith(f"{version}.")
    assert states[engine.name].running
    assert states[engine.name].enabled
    assert states[daemon.name].live["registry-mirrors"] == ["http://10.94.0.1:5000"]
    assert states[daemon.name].live["insecure-registries"] == ["10.94.0.1:5000"]
    assert states[daemon.name].applied == DAEMON
    assert states[swarm.name].node_state == "active"
    assert states[swarm.name].manager
    assert len(states[swarm.name].nodes) == 6
    assert {node.reachability for node in states[swarm.name].nodes} == {"reachable", None}
    assert states[networks.name].networks["front"].users == ("web_web",)
    lists = states[stacks.name].swarm
    assert set(lists.of("web").services) == {"web_web"}
    assert {network["Name"] for network in lists.networks} >= {"front", "ingress"}
    assert lists.names[lists.of("web").services["web_web"]["Spec"]["TaskTemplate"]["Networks"][0]["Target"]] == "front"
    assert lists.of("web").revisions == ()
    assert len(lists.nodes) == 6
    assert facts.in_swarm


@pytest.mark.parametrize("version", ["20.10", "26.1", "28.5"])
def test_worker(version):
    _, states, _ = read(f"worker-{version}")
    assert states[engine.name].version.startswith(f"{version}.")
    assert states[swarm.name].node_state == "active"
    assert not states[swarm.name].manager
    assert states[swarm.name].nodes is None
    assert states[networks.name] is None
    assert states[stacks.name].swarm is None


def test_exactly_one_recorded_manager_leads():
    members = {host: read(name)[2] for host, name in FILES.items()}
    assert [one.leader for one in members.values()].count(True) == 1
    assert members[Observation({}, {}, {}, members).manager].leader


def test_the_recorded_cluster_is_as_described():
    looks = {host: read(name) for host, name in FILES.items()}
    observation = Observation(
        states={role.name: {host: states[role.name] for host, (_, states, _) in looks.items()} for role in ROLES},
        facts={host: facts for host, (facts, _, _) in looks.items()},
        failures={},
        members={host: standing for host, (_, _, standing) in looks.items()},
    )
    plan = Plan([item for role in ROLES for item in role.plan(CLUSTER, observation.of(role))], ROLES, FILES)
    assert str(plan) == ""


def test_an_answer_cut_anywhere_never_reads_as_a_host_outside_a_swarm():
    text = (FOLDER / "manager-26.1.txt").read_bytes().decode(errors="surrogateescape")
    section = split(text, MARK)[ENGINE]
    for cut in range(200, len(section) - 300, 997):
        try:
            answers = questions.parse(section[:cut], ASKED)
        except TimeoutError:
            continue
        state = swarm.parse("", answers)
        assert state.manager
        assert state.nodes is None
