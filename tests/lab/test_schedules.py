"""Schedules on a host of the cluster: real timers of systemd there run skep, from a copy, with a key of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Tool

NAME, AT, UNIT = "night", "m2", "skep-night-look"
FOLDER = f"/var/lib/skep/there/{NAME}"
PACKAGES = "dpkg-query -f '${Package}\\n' -W | sort"
PYTHON = f"{PACKAGES} >/run/packages; apt-get -qq -y --no-install-recommends install python3 >/dev/null"
NO_PYTHON = f"{PACKAGES} | comm -13 /run/packages - | xargs -r apt-get -qq -y purge >/dev/null; rm /run/packages"
STRAY = """docker run --name over busybox:1.36 true
tar -C /etc -c hostname | docker import - stray:1 >/dev/null
tar -C /etc -c hosts | docker import - >/dev/null
"""
LEFT = "docker ps --all --quiet --filter name=over; docker image ls --quiet stray; docker image ls -q -f dangling=true"


NOTICES = "/run/skep-notices"


def schedules(when: str) -> Document:
    return {
        "look": {"run": "drift", "when": when, "at": AT},
        "roll": {"run": "stack.deploy", "when": when, "at": AT, "stacks": ["web"]},
        "fresh": {"run": "stack.refresh", "when": "yearly", "at": AT},
        "tidy": {"run": "prune", "when": "yearly", "at": AT},
    }


def applied(cluster: Environment, when: str) -> Tool:
    def change(document: Document) -> None:
        document["schedules"] = schedules(when)
        keeps = f'echo "$HOME" >/run/skep-home; cat >>{NOTICES}; echo >>{NOTICES}'
        document["notices"] = {"home": {"command": ["/bin/sh", "-c", keeps]}}

    tool = cluster.with_inventory(NAME, change)
    tool("schedule.apply").must()
    return tool


def row(tool: Tool, name: str = "look") -> dict[str, Any]:
    (table,) = tool("schedule.ls").must().named("schedules")
    return dict(next(one for one in table["rows"] if one["name"] == name))


def logins(cluster: Environment) -> str:
    return "".join(cluster.hosts.each("grep skep-schedules: ~admin/.ssh/authorized_keys || :").values())


@contextmanager
def another_label(cluster: Environment) -> Iterator[None]:
    """The stack ``web`` with a label more on its service, which restarts none of its tasks."""
    file = cluster.folder / "stacks/web/compose.yml"
    before = file.read_text()
    document = yaml.safe_load(before)
    document["services"]["web"]["deploy"]["labels"] = {"by": "night"}
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        yield
    finally:
        file.write_text(before)


def heard(cluster: Environment, schedule: str) -> list[str]:
    """Events of the notices about a schedule."""
    notices = [json.loads(line) for line in cluster.hosts.run(AT, f"cat {NOTICES} 2>/dev/null || :").splitlines()]
    return [one["event"] for one in notices if one["schedule"] == schedule]


@pytest.fixture
def python(cluster: Environment) -> Iterator[None]:
    """Python on the host, and nothing of a schedule left on any, nor here, whatever becomes of the test."""
    cluster.hosts.run(AT, PYTHON)
    packed = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "skep/programs")
    before = set(packed.glob("*"))
    yield
    cluster.with_inventory(NAME)("schedule.rm", "--yes")
    cluster.hosts.run(AT, f"{NO_PYTHON}; rm -f /run/skep-home {NOTICES}")
    for one in set(packed.glob("*")) - before:
        one.unlink()
    if not before and packed.is_dir():
        packed.rmdir()


@pytest.mark.usefixtures("python")
def test_timers_on_a_host_deploy_and_look_by_themselves_until_they_are_removed(cluster: Environment) -> None:
    hosts = cluster.hosts
    with another_label(cluster):
        tool = applied(cluster, "*:*:0/10")
        assert not tool("schedule.apply", "--plan").must().ids
        labels = "docker service inspect -f '{{json .Spec.Labels}}' web_web"
        until("a timer has deployed the stack", lambda: '"by":"night"' in hosts.run(AT, labels))
        until("a timer has looked, and all is as described", lambda: row(tool)["last"] == "ok")
    (history,) = tool("cluster.history", "--last", "200").must().named("history")
    who = {one["what"]: one["who"] for one in history["rows"]}
    assert who["schedule.run roll: stack.deploy web"] == f"root@{AT}"
    assert "restrict,from=" in logins(cluster)

    stamp = f"/var/lib/systemd/timers/stamp-{UNIT}.timer"
    hosts.run(AT, f"systemctl stop {UNIT}.timer; touch -d '3 days ago' {stamp}")
    until("no run is under way", lambda: row(tool)["next"] != "running")
    begun = f"systemctl show -P ExecMainStartTimestampMonotonic {UNIT}.service"
    before = hosts.run(AT, begun)
    applied(cluster, "daily")
    assert hosts.run(AT, begun) == before, "a changed time makes up for nothing"
    hosts.run(
        AT, f"rm {FOLDER}/site/*/stacks/web/index.html; touch -d '3 days ago' {stamp}; systemctl restart {UNIT}.timer"
    )
    until("what was missed is made up for", lambda: row(tool)["last"] != "ok")
    assert hosts.run(AT, "cat /run/skep-home").strip() == "/root"
    assert row(tool)["units"] == "differ"
    assert tool("schedule.run", "roll").exit and '"by":"night"' in hosts.run(AT, labels), (
        "a file of the stack is missing"
    )
    applied(cluster, "daily")
    tool("schedule.run", "roll").must()
    assert '"by":"night"' not in hosts.run(AT, labels) and heard(cluster, "roll") == ["failure", "recovery"]
    for name in ("fresh", "look"):
        assert tool("schedule.run", name).must().exit == 0
    assert len(hosts.run(AT, f"ls -d {FOLDER}/program* {FOLDER}/program/* {FOLDER}/site* {FOLDER}/site/*").split()) == 4

    hosts.run(AT, STRAY)
    tool("schedule.run", "tidy").must()
    assert len(hosts.run(AT, LEFT).split()) == 2, "what has a name, and what is no task's, stays"
    prune = ("cluster.prune", "--older-than", "0s", "--limit", AT)
    assert tool(*prune, "--plan").must().ids == {f"prune/containers@{AT}", f"prune/images@{AT}"}
    tool(*prune, "--yes").must()
    assert not hosts.run(AT, LEFT).split()

    tool("schedule.rm", "--yes").must()
    assert not logins(cluster)
    assert not hosts.run(AT, f"ls -d {FOLDER} /etc/systemd/system/skep-{NAME}-* {stamp} 2>/dev/null || :")
    cluster.must_be_as_described()
