"""cluster.down takes the swarm away and leaves the engines; cluster.up makes a new one. No token shows anywhere."""

from __future__ import annotations

from tests.lab.rig.environment import Environment
from tests.lab.rig.tool import Ran
from tests.lab.rig.witness import watching

ENGINE = "systemctl show --property=MainPID --value docker.service"
LISTENS = "cat /proc/net/tcp /proc/net/tcp6 | grep -E ':1F0A [0-9A-F]+:0000 0A' || true"
"""To what nodes of a swarm gossip by, 7946/tcp."""
UNHEARD = """
engine=$(systemctl show --property=MainPID --value docker.service)
timeout 120 docker swarm leave --force & leaving=$!
while kill -0 $leaving 2>/dev/null; do sleep 0.1; kill -STOP $engine; sleep 0.9; kill -CONT $engine; done
"""
"""An engine leaves by fits and starts: in a second, it sends its farewell to nobody. It keeps the socket then."""
WRITTEN = r"""
cat /var/lib/skep/* /etc/docker/* 2>/dev/null
find /tmp /run /root /home -xdev -type f ! -path '/run/log/*' ! -path '/run/docker*' -exec cat {} + 2>/dev/null
journalctl --quiet --no-pager --output=cat
"""
"""What the tool keeps on a host, what lies where it works, and all that the host has logged."""


def test_down_wants_to_be_agreed_to(cluster: Environment) -> None:
    ran = cluster.tool("cluster.down").must(2)
    assert "--yes" in ran.text, f"it does not say how to agree\n{ran}"
    cluster.must_be_as_described()


def test_down_is_refused_while_something_that_stays_uses_a_network(cluster: Environment) -> None:
    hosts, words = cluster.hosts, "--detach --network front busybox:1.36 sleep 1d"
    hosts.run("m1", f"docker service create --quiet --name guest {words}")
    hosts.run("w1", f"docker run --name visitor {words}")
    ran = cluster.tool("cluster.down", "--yes").must(4)
    errors = {(one["host"], one["text"]) for one in ran.findings if one["level"] == "error"}
    users = {host for host, text in errors if "network front" in text and ("guest" in text or "visitor" in text)}
    assert users == {None, "w1"}, f"not all users of the network are named\n{ran}"
    assert not ran.named("step"), f"something was done\n{ran}"
    hosts.run("m1", "docker service rm guest")
    hosts.run("w1", "docker rm --force visitor")
    cluster.must_be_as_described()


def test_down_then_up_is_a_new_cluster_and_shows_no_token(cluster: Environment) -> None:
    hosts = cluster.hosts
    old = hosts.swarm("m1")["Cluster"]["ID"]
    engines = hosts.each(ENGINE)
    tokens = _tokens(cluster)
    runs: list[Ran] = []
    with watching() as arguments:
        runs += [cluster.tool("cluster.down", "--yes").must()]
        states = {name: swarm["LocalNodeState"] for name, swarm in hosts.swarms().items()}
        assert set(states.values()) == {"inactive"}, f"still in a swarm: {states}\n{runs[-1]}"
        running = hosts.each("docker ps --quiet")
        assert not any(running.values()), f"containers still run: {running}"
        networks = hosts.each("docker network ls --format '{{.Name}}'")
        left = {name: {"front", "back", "ingress"} & set(text.split()) for name, text in networks.items()}
        assert not any(left.values()), f"networks are left: {left}"
        listening = {name: text for name, text in hosts.each(LISTENS).items() if text.strip()}
        assert not listening, f"engines still listen to the swarm that they have left: {listening}\n{runs[-1]}"
        engines = _restarted(cluster, engines, runs[-1])
        again = cluster.tool("cluster.down", "--yes").must()
        assert not again.steps, f"a second cluster.down has something to do\n{again}"
        _leave_unheard(cluster, "w1", "w2")
        runs += [again, cluster.tool("cluster.up", "--verbose"), cluster.tool("cluster.up", "--verbose", json=False)]
        runs[2].must(), runs[3].must()
        assert "swarm/release@w1" in runs[2].done, f"w1 joined though it listened to another swarm\n{runs[2]}"
        engines = _restarted(cluster, engines, runs[2])
        runs += [cluster.tool("cluster.history", "--last", "400", json=False).must()]
    assert hosts.swarm("m1")["Cluster"]["ID"] != old
    cluster.must_be_as_described()

    written = hosts.each(WRITTEN)
    for token in tokens | _tokens(cluster):
        secret = token.rpartition("-")[2]
        leaking = [ran for ran in runs if secret in ran.text]
        assert not leaking, f"a join token is in the output of {' '.join(leaking[0].argv)}"
        assert not arguments.holding(secret), f"a join token is in arguments: {arguments.holding(secret)}"
        where = [name for name, text in written.items() if secret in text]
        assert not where, f"a join token is written down or logged on {where}"
    asking = ("docker system dial-stdio", "/var/run/docker.sock")
    seen = [words for words in arguments.seen if any(one in words for one in asking)]
    assert seen, "the watcher of arguments saw nothing of the tool on the hosts"


def _restarted(cluster: Environment, before: dict[str, str], ran: Ran) -> dict[str, str]:
    """The processes of the engines now: others than before only where the run has a step for it."""
    now = cluster.hosts.each(ENGINE)
    steps = {step.partition("@")[2] for step in ran.done if step.startswith("swarm/release@")}
    restarted = {name for name, process in now.items() if process != before[name]}
    assert restarted <= steps, f"restarted: {restarted}, as steps: {steps}\n{ran}"
    return now


def _leave_unheard(cluster: Environment, name: str, other: str) -> None:
    """Two hosts make a swarm and leave it, the first so that its engine goes on listening to it."""
    hosts = cluster.hosts
    for _ in range(3):
        hosts.run(name, f"docker swarm init --advertise-addr {hosts.address(name)}")
        token = hosts.run(name, "docker swarm join-token --quiet worker").strip()
        hosts.run(other, f"docker swarm join --token {token} {hosts.address(name)}:2377")
        hosts.run(name, UNHEARD)
        hosts.run(other, "docker swarm leave")
        if hosts.run(name, LISTENS).strip():
            return
    raise AssertionError(f"the engine of {name} was heard in spite of all: is it 28.3 or newer?")


def _tokens(cluster: Environment) -> set[str]:
    words = ("docker swarm join-token --quiet manager", "docker swarm join-token --quiet worker")
    return {cluster.hosts.run("m1", word).strip() for word in words}
