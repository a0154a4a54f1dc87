"""A network cannot be changed in place: drift is refused by name, replacing must be asked for and must be possible."""

from __future__ import annotations

import json

from tests.lab.rig.environment import Document, Environment


def test_drift_of_a_network_in_use_is_refused_with_its_users(cluster: Environment) -> None:
    def change(document: Document) -> None:
        document["networks"]["front"]["attachable"] = False

    before = _network(cluster, "front")
    tool = cluster.with_inventory("front-changed", change)
    for options in ((), ("--replace-network", "front")):
        ran = tool("cluster.up", *options).must(4)
        errors = [finding["text"] for finding in ran.findings if finding["level"] == "error"]
        assert len(errors) == 1 and "front" in errors[0], f"{ran}"
        assert "web_web" in errors[0] and "attachable" in errors[0], f"neither user nor difference is named\n{ran}"
        assert not ran.named("step"), f"something was done\n{ran}"
    assert _network(cluster, "front") == before
    cluster.must_be_as_described()


def test_drift_of_an_unused_network_is_fixed_when_its_replacement_is_allowed(cluster: Environment) -> None:
    def change(document: Document) -> None:
        document["networks"]["back"]["internal"] = True

    before = _network(cluster, "back")
    tool = cluster.with_inventory("back-changed", change)
    ran = tool("cluster.plan").must(4)
    assert "--replace-network back" in ran.text, f"the way out is not named\n{ran}"
    tool("cluster.up").must(4)
    assert _network(cluster, "back") == before

    tool("cluster.up", "--replace-network", "back").must()
    after = _network(cluster, "back")
    assert after["Internal"] and after["Id"] != before["Id"], f"{after}"
    assert not tool("cluster.plan", "--exit-code").must(0).steps
    cluster.up("--replace-network", "back", "--verify", "never")
    assert not _network(cluster, "back")["Internal"]


def test_a_network_nobody_knows_cannot_be_replaced(cluster: Environment) -> None:
    ran = cluster.tool("cluster.up", "--replace-network", "bakc").must(2)
    assert "bakc" in ran.error["message"], f"{ran}"


def _network(cluster: Environment, name: str) -> dict[str, object]:
    return dict(json.loads(cluster.hosts.run("m1", f"docker network inspect {name}"))[0])
