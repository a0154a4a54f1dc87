"""Who is asked, how often, and what a sleeping engine means."""

import pytest

from skep.errors import SkepError
from skep.model import Cluster, Host
from skep.ssh import Result
from skep.verify.witness import IN_QUORUM, Witness

LEADERLESS = Result(1, "", "Error response from daemon: rpc error: code = Unknown desc = The swarm has no leader.\n")


@pytest.fixture
def managers():
    return Cluster("test", tuple(Host(name, f"10.0.0.{n}", "manager") for n, name in enumerate(("m1", "m2", "m3"), 1)))


def test_a_question_is_asked_once(pair, pool):
    hosts = pool(m1={"docker": '{"a": 1}\n{"a": 2}\n'}, w1={})
    witness = Witness(pair, hosts)
    for _ in range(3):
        assert witness.ask(witness.host("m1"), "docker x %s", "front") == [{"a": 1}, {"a": 2}]
    assert len(hosts["m1"].asked) == 1
    assert hosts["m1"].asked[0].endswith("docker x front")
    witness.ask(witness.host("m1"), "docker x %s", "front", again=True)
    assert len(hosts["m1"].asked) == 2


def test_the_first_manager_in_quorum_answers(managers, pool, unreachable):
    hosts = pool(m1={IN_QUORUM: unreachable}, m2={IN_QUORUM: LEADERLESS}, m3={IN_QUORUM: "id\n"})
    witness = Witness(managers, hosts)
    assert witness.manager() is witness.host("m3")
    assert witness.manager() is witness.host("m3")
    assert [len(session.asked) for session in hosts.sessions.values()] == [1, 1, 1]


def test_without_a_quorum_each_manager_says_why(managers, pool, unreachable):
    hosts = pool(m1={IN_QUORUM: unreachable}, m2={IN_QUORUM: LEADERLESS}, m3={IN_QUORUM: Result(69, "", "asleep\n")})
    witness = Witness(managers, hosts)
    for _ in range(2):
        with pytest.raises(SkepError) as caught:
            witness.manager()
    assert caught.value.message == (
        "no manager can answer for the cluster (m1: cannot be reached: 10.0.0.2 port 22: no answer in time;"
        " m2: The swarm has no leader.;"
        " m3: asleep)"
    )


def test_a_stopped_engine_is_not_woken_and_makes_an_error(pair, pool):
    hosts = pool(m1={"MainPID": Result(69, "", "the docker service is not running\n")}, w1={})
    witness = Witness(pair, hosts)
    with pytest.raises(SkepError, match="cannot tell, for the docker service is not running on m1"):
        witness.ask(witness.host("m1"), "docker info")
    script = hosts["m1"].asked[0]
    assert script.index("systemctl show -p MainPID") < script.index("exit 69") < script.index("docker info")


def test_docker_refusing_is_a_finding_in_its_words(pair, pool):
    hosts = pool(m1={"docker": Result(1, "\n", "Error: No such network: front\n")}, w1={})
    witness = Witness(pair, hosts)
    with pytest.raises(AssertionError, match="docker on m1: No such network: front"):
        witness.ask(witness.host("m1"), "docker network inspect front")
