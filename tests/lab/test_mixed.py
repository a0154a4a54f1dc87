"""One cluster of three engine versions."""

from __future__ import annotations

from rig.environment import Environment

VERSION = "docker version --format '{{.Server.Version}}'"


def test_managers_with_three_engine_versions_make_one_cluster(mixed: Environment) -> None:
    ran = mixed.up("--verify", "always")
    versions = {name: text.strip() for name, text in mixed.hosts.each(VERSION).items()}
    assert versions["m1"].startswith("20.10.") and versions["m2"].startswith("26.1."), f"{versions}\n{ran}"
    assert int(versions["m3"].split(".")[0]) >= 28, f"{versions}\n{ran}"
    mixed.hosts.must_be_one_swarm()
    mixed.must_be_as_described()
    second = mixed.up()
    assert not second.steps, f"{second}"
    mixed.page_must_answer()
