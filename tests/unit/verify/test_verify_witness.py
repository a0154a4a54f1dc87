"""Who is asked, how often, and what a sleeping engine means."""

import pytest

from skep.errors import SkepError
from skep.model import Cluster, Host
from skep.observe import Observation
from skep.preflight import Facts
from skep.ssh import Result
from skep.verify.parallel import TestsAhead
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


def test_a_manager_that_hangs_is_asked_again_beside_the_others_and_one_that_is_lost_is_not(managers, pool, unreachable):
    silent = Result(124, "", "")
    hosts = pool(m1={IN_QUORUM: silent}, m2={"true": unreachable}, m3={IN_QUORUM: silent})
    witness = Witness(managers, hosts)
    assert list(witness.reach(["m1", "m2", "m3"])) == ["m2"]
    for _ in range(2):
        with pytest.raises(
            SkepError, match=r"m1: no answer within \d+ s; m2: cannot be reached.*; m3: no answer within"
        ):
            witness.manager()
    assert [len(session.asked) for session in hosts.sessions.values()] == [3, 1, 2]


def test_what_many_ask_in_vain_does_not_grow(managers, pool):
    witness = Witness(
        managers, pool(m1={IN_QUORUM: LEADERLESS}, m2={IN_QUORUM: LEADERLESS}, m3={IN_QUORUM: LEADERLESS})
    )
    tests = TestsAhead([(number, witness.manager) for number in range(20)], width=1)
    lengths = set()
    for number in range(1, 20):
        with pytest.raises(SkepError) as caught:
            tests.result(number)
        lengths.add(len(caught.traceback))
    tests.stop()
    assert len(lengths) == 1


def test_facts_are_asked_of_hosts_that_answer(managers, pool, unreachable, monkeypatch):
    seen = []
    found = Observation({}, {"m1": Facts(hostname="one")}, {})
    monkeypatch.setattr("skep.observe.observe", lambda cluster, pool, roles, hosts: seen.append(hosts) or found)
    witness = Witness(managers, pool(m1={}, m2={"true": unreachable}, m3={}))
    witness.reach(["m1", "m2", "m3"])
    assert witness.facts("m1").hostname == "one" and seen == [["m1", "m3"]]


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
