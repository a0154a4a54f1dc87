"""A key is found by what people type of it."""

from __future__ import annotations

import pytest

from skep.manual import entries, find, nearest
from skep.manual.lookup import inside


@pytest.mark.parametrize(
    ("typed", "exact"),
    [
        ("engine.version", ["engine.version"]),
        ("hosts.m1.role", ["hosts.<name>.role"]),
        ("hosts.role", ["hosts.<name>.role"]),
        ("hosts.<name>.role", ["hosts.<name>.role"]),
        ("hosts.m1", ["hosts"]),
        ("hosts.m1.ssh.user", ["ssh.user"]),
        ("groups.engine.version", ["engine.version"]),
        ("registries.registry.example.com:5000.password", ["registries.<name>.password"]),
        ("daemon.mtu", ["daemon.mtu"]),
        ("services.web", ["services.<name>"]),
        ("services.web.deploy.update_config", ["services.<name>.deploy.update_config"]),
        ("services.deploy", ["services.<name>.deploy"]),
        ("networks", ["networks", "networks"]),
        (".ssh.", ["ssh"]),
        ("update_config", []),
        ("", []),
        ("(", []),
    ],
)
def test_what_is_meant(typed: str, exact: list[str]) -> None:
    assert [one.key for one in find(typed).exact] == exact


def test_keys_that_end_so_are_found_too() -> None:
    assert [one.key for one in find("update_config").other] == ["services.<name>.deploy.update_config"]
    assert [one.key for one in find("role").other] == ["groups.<name>.role", "hosts.<name>.role"]


def test_every_key_is_found_by_itself() -> None:
    lost = [one.key for one in entries() if one not in find(one.key).exact and not one.key.endswith("<name>")]
    assert lost == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("engine.verson", "engine.version"),
        ("hosts.adress", "hosts.<name>.address"),
        ("updateconfig", "services.<name>.deploy.update_config"),
        ("cluster.pu", "cluster.up"),
        ("replcias", "services.<name>.deploy.replicas"),
        ("lock-hold", "lock-held"),
        ("clock-skew", None),
        ("nothing of that kind", None),
    ],
)
def test_the_nearest(typed: str, meant: str | None) -> None:
    assert nearest(typed, ["cluster.up", "cluster.plan", "lock-held"]) == meant


def test_what_is_inside() -> None:
    (hosts,) = find("hosts").exact
    assert {"role", "address", "ssh"} <= {one.path[-1] for one in inside(hosts)}
    for key in ("ssh", "hosts.m1.ssh", "groups.ssh"):
        (ssh,) = find(key).exact
        assert "sudo-password" in {one.path[-1] for one in inside(ssh)}
